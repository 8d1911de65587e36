"""Let `python -m service` be `digits`."""

from service.cli import main

main()
