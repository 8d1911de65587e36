"""Bodies that nobody in their right mind would send."""

import io
import json
import random
import struct
import zlib

import numpy as np
from PIL import Image

__all__ = ["hostile_bodies"]

FORMATS = ["GIF", "BMP", "JPEG", "TIFF", "WEBP", "PPM", "ICO", "TGA"]


def pictures(rng):
    """A few honest PNGs of several sizes and kinds."""
    for mode, side in (("L", 28), ("RGB", 60), ("RGBA", 40), ("P", 33), ("1", 50), ("I;16", 30), ("LA", 20)):
        grey = rng.integers(0, 256, (side, side), np.uint8)
        image = Image.fromarray(grey.astype(np.uint16) * 257 if mode == "I;16" else grey)
        buffer = io.BytesIO()
        (image if mode == "I;16" else image.convert(mode)).save(buffer, "PNG")
        yield buffer.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, colour, raw, interlace=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def truncated(rng, honest):
    return honest[: rng.randrange(len(honest))]


def flipped(rng, honest):
    body = bytearray(honest)
    for _ in range(rng.randrange(1, 20)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return bytes(body)


def repaired(rng, honest):
    """Change the content of a chunk, and make its checksum right again."""
    at, parts = 8, [honest[:8]]
    while at < len(honest):
        (length,) = struct.unpack_from(">I", honest, at)
        content = honest[at + 8 : at + 8 + length]
        parts.append(chunk(honest[at + 4 : at + 8], flipped(rng, content) if content else b""))
        at += 12 + length
    return b"".join(parts)


def bomb(rng, _):
    side = rng.choice([4096, 5000, 100_000, 2**31 - 1])
    header, n_bytes, interlace = rng.choice(
        [
            ((side, side, 8, 6), 1000, 0),
            ((1, side, 1, 0), 1000, 0),
            ((28, 28, 8, 0), 5_000_000, 0),
            ((16, 16, 16, 6), 5_000_000, 1),
        ]
    )
    return png(*header, bytes(n_bytes), interlace)


def other_format(rng, _):
    buffer = io.BytesIO()
    Image.new("RGB", (rng.randrange(1, 60), 30)).save(buffer, rng.choice(FORMATS))
    return buffer.getvalue()


def noise(rng, _):
    return rng.choice([b"", b"\x89PNG\r\n\x1a\n"]) + rng.randbytes(rng.randrange(3000))


def many_chunks(rng, honest):
    return honest[:33] + chunk(b"tEXt", b"a\0" + rng.randbytes(3)) * rng.randrange(1, 2000) + honest[33:]


KINDS = [truncated, flipped, repaired, bomb, other_format, noise, many_chunks]


def as_raw(rng, body):
    return body, rng.choice(
        ["image/png", "application/octet-stream", "image/jpeg", "application/x-www-form-urlencoded"]
    )


def as_form(rng, body):
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="three.png"\r\n\r\n'
    form = (
        head * rng.choice([0, 1, 1, 1, 2, 200]) + body + rng.choice([b"", b"\r\n--x--\r\n", b"\r\n--x\r\n"])
    )
    return form, rng.choice(["multipart/form-data; boundary=x", "multipart/form-data"])


def as_json(rng, body):
    text = json.dumps(
        {rng.choice(["image", "pixels"]): rng.choice([body.decode("latin-1"), list(body), [[]]])}
    )
    return rng.choice([text.encode(), text.encode()[:-9], b"[" * 5000, b'{"a":' * 5000]), "application/json"


def hostile_bodies(number, seed):
    """Make the same bodies in every run, each with a content type."""
    rng = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    honest = list(pictures(np.random.default_rng(seed)))
    for i in range(number):
        make, wrap = KINDS[i % len(KINDS)], rng.choice([as_raw, as_raw, as_form, as_json])
        yield wrap(rng, make(rng, rng.choice(honest)))
