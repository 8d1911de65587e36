"""Sets the clock of a Python process forward or back, by the seconds that a file holds at that moment."""

import os
import time
from pathlib import Path

_real = time.time
_offset = Path(os.environ["CLOCK_OFFSET"])

time.time = lambda: _real() + float(_offset.read_text())
