"""What is sent: one digit in the ways that clients have, and many of them."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from benchmarks.serving.load import Post
from benchmarks.uploads import photo
from service.imaging import Limits, decode, normalize

__all__ = ["BATCH", "TENSOR", "digit", "every"]

BATCH, TENSOR = 64, 1000  # images
PNG = "image/png"
EXAMPLE = Path(__file__).parents[2] / "examples" / "three.png"


def digit() -> bytes:
    """Return a three as MNIST would hold it, as Pillow writes it."""
    framed = normalize(decode(EXAMPLE.read_bytes(), Limits())).pixels.reshape(28, 28)
    out = io.BytesIO()
    Image.fromarray(np.rint(255 * framed).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def every() -> Mapping[str, Post]:
    """Return all that is sent, by what it is called in the tables."""
    png = digit()
    uploads = {f"{side}×{side} RGB": Post(photo(side, side), PNG) for side in (140, 280, 560, 1120, 2240)}
    posts = {
        "raw": Post(png, PNG),
        "form": _form([png]),
        "JSON": Post(json.dumps({"image": base64.b64encode(png).decode()}).encode(), "application/json"),
        "batch, form": _form([png] * BATCH),
        "batch, zip": Post(_zip([png] * BATCH), "application/zip"),
        "V2, one PNG": Post(png, PNG, (("Inference-Header-Content-Length", "0"),)),
        "V2, binary tensor": Post(_tensor(), "", (("Inference-Header-Content-Length", "0"),)),
        "V2, BYTES": _bytes_tensor(png),
        "instances": Post(json.dumps({"inputs": _pixels(png).tolist()}).encode(), "application/json"),
    }
    return MappingProxyType(posts | uploads)


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)), np.float32).reshape(1, 784) / 255


def _tensor() -> bytes:
    """Return a thousand threes, each moved a little, as FP32."""
    three = _pixels(digit()).reshape(28, 28)
    moved = [np.roll(three, (i % 5 - 2, i % 7 - 3), (0, 1)) for i in range(TENSOR)]
    return np.stack(moved).astype("<f4").tobytes()


def _form(files: list[bytes]) -> Post:
    """Write a form as curl does."""
    boundary = "------------------------d74496d66958873e"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{i}.png"\r\n'
        f"Content-Type: image/png\r\n\r\n".encode()
        + file
        + b"\r\n"
        for i, file in enumerate(files)
    ]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return Post(body, f"multipart/form-data; boundary={boundary}")


def _zip(files: list[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i, file in enumerate(files):
            archive.writestr(f"{i}.png", file)
    return out.getvalue()


def _bytes_tensor(png: bytes) -> Post:
    data = {"name": "png", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(png).decode()]}
    return Post(json.dumps({"inputs": [data]}).encode(), "application/json")
