"""The list of licences is that of what is shipped."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
ROWS = dict(
    re.findall(
        r"^\| ([a-z][a-z0-9-]+) \| ([^|]+) \|$", PAGE.read_text().partition("| --- |")[2], re.MULTILINE
    )
)
FREE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-CMU", "PSF-2.0", "Zlib"}
SHARED_BY_FILE = {"orjson"}  # MPL-2.0 asks for changes to its own files, and there are none


def test_the_page_is_current():
    code = "import runpy; print(runpy.run_path('scripts/licences')['page'](), end='')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == PAGE.read_text()


def test_every_package_of_the_image_has_a_licence():
    locked = (ROOT / "deploy" / "requirements.txt").read_text()
    assert set(ROWS) == set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))


def test_every_licence_lets_one_do_with_it_what_ours_does():
    for package, licence in ROWS.items():
        if package not in SHARED_BY_FILE:
            assert set(re.findall(r"[\w.-]+", licence)) - {"AND", "OR"} <= FREE
