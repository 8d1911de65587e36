"""Bodies that JSON Schema cannot describe: pictures, archives of them, and whatever else may be sent so."""

import io
import zipfile
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

EXAMPLES = Path(__file__).parents[2] / "examples"
PNGS = [(EXAMPLES / f"{name}.png").read_bytes() for name in ("five", "three", "noise")]


def damaged(content):
    """Cut a file short, or turn one of its bytes into another."""
    return st.tuples(st.sampled_from(content), st.integers(0, 1500), st.binary(max_size=2)).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + len(drawn[2]) :]
    )


def archive(members):
    """Pack files into a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for number, (name, content) in enumerate(members):
            packed.writestr(f"{number}{name}", content)
    return buffer.getvalue()


pictures = st.one_of(st.sampled_from(PNGS), damaged(PNGS), st.binary(max_size=64))
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
archives = st.lists(st.tuples(names, pictures), max_size=4).map(archive)

for mimetype in ("image/png", "image/jpeg", "image/webp", "application/octet-stream"):
    schemathesis.openapi.media_type(mimetype, pictures)
for mimetype in ("application/zip", "application/x-zip-compressed"):
    schemathesis.openapi.media_type(mimetype, st.one_of(archives, damaged([archive([("a", PNGS[0])])])))
