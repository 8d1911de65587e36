"""Make the PNGs of this folder, chunk by chunk and without a PNG library; run it to write them anew.

Nothing is compressed by zlib, whose output differs from build to build: image data is stored, and a bomb is
written bit by bit. So the files are the same wherever they are made.
"""

import struct
import zlib
from itertools import product
from pathlib import Path

FOLDER = Path(__file__).parent
SIGNATURE = b"\x89PNG\r\n\x1a\n"

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
NAMES = {GREY: "grey", RGB: "rgb", PALETTE: "palette", GREY_ALPHA: "grey-alpha", RGB_ALPHA: "rgb-alpha"}
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
LEGAL = [(GREY, depth) for depth in (1, 2, 4, 8, 16)]
LEGAL += [(PALETTE, depth) for depth in (1, 2, 4, 8)]
LEGAL += list(product((RGB, GREY_ALPHA, RGB_ALPHA), (8, 16)))
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
WIDTH, HEIGHT = 13, 11  # neither a multiple of eight, nor square


def chunk(name, content=b"", checksum=None):
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def header(width, height, depth, colour, compression=0, filtering=0, interlacing=0):
    fields = (width, height, depth, colour, compression, filtering, interlacing)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


def stored(rows):
    """Put rows into a zlib stream as stored blocks."""
    blocks = [rows[start : start + 65_535] for start in range(0, len(rows), 65_535)] or [b""]
    parts = [b"\x78\x01"]
    for block in blocks:
        parts += [struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF), block]
    return b"".join(parts) + struct.pack(">I", zlib.adler32(rows))


def bomb(n_bytes):
    """Write a zlib stream of that many zeros, 13 bits for each 258 of them (RFC 1951, section 3.2.6)."""
    literal, longest, nearest = "00110000", "11000101", "00000"
    n_runs, rest = divmod(n_bytes - 1, 258)
    bits = "110" + literal + (longest + nearest) * n_runs + literal * rest + "0000000"  # last, fixed; end
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[start : start + 8][::-1], 2) for start in range(0, len(bits), 8))
    return b"\x78\x01" + packed + struct.pack(">I", zlib.adler32(bytes(n_bytes)))


def sample(x, y, channel, depth):
    """Invent a sample that differs from its neighbours; opacity falls from left to right."""
    largest = 2**depth - 1
    if channel == "opacity":
        return largest * max(WIDTH - 1 - x, 0) // (WIDTH - 1)
    return (x * 40_503 + y * 30_011 + channel * 20_021 + x * y * 7_919) % 65_521 * largest // 65_520


def pixel(x, y, depth, colour):
    channels = list(range(CHANNELS[colour]))
    if colour in {GREY_ALPHA, RGB_ALPHA}:
        channels[-1] = "opacity"
    return [sample(x, y, channel, depth) for channel in channels]


def pack(samples, depth):
    """Write samples of a row, the leftmost in the highest bits, the last byte filled up with zeros."""
    bits = "".join(f"{value:0{depth}b}" for value in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits), 8))


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda neighbour: abs(guess - neighbour))


PREDICTIONS = [
    lambda _left, _above, _corner: 0,
    lambda left, _above, _corner: left,
    lambda _left, above, _corner: above,
    lambda left, above, _corner: (left + above) // 2,
    paeth,
]


def filtered(lines, n_bytes, always=None):
    """Put a filter byte before each line, all in turn or one always; n_bytes hold one pixel, or 1."""
    before, parts = bytes(len(lines[0])), []
    for number, line in enumerate(lines):
        kind = (number + 4) % 5 if always is None else always  # Paeth first, where there is no line above
        left, corner = bytes(n_bytes) + line, bytes(n_bytes) + before
        places = zip(line, left, before, corner, strict=False)
        changed = bytes((value - PREDICTIONS[kind](*others)) % 256 for value, *others in places)
        parts += [bytes([kind]), changed]
        before = line
    return b"".join(parts)


def lines_of(width, height, depth, colour, of=pixel, *, interlaced=False):
    """Yield each pass's lines of packed samples; without interlacing there is one pass."""
    for left, top, across, down in PASSES if interlaced else [(0, 0, 1, 1)]:
        columns, rows = range(left, width, across), range(top, height, down)
        if columns and rows:
            yield [pack([s for x in columns for s in of(x, y, depth, colour)], depth) for y in rows]


def rows_of(width, height, depth, colour, of=pixel, *, interlaced=False):
    n_bytes = max(depth * CHANNELS[colour] // 8, 1)
    passes = lines_of(width, height, depth, colour, of, interlaced=interlaced)
    return b"".join(filtered(lines, n_bytes) for lines in passes)


def palette_of(depth):
    entries = range(2**depth)
    return chunk(b"PLTE", b"".join(bytes((n * 37 % 256, n * 91 % 256, 255 - n)) for n in entries))


def picture(depth=8, colour=GREY, size=(WIDTH, HEIGHT), *, interlaced=False, **parts):
    """Write a whole PNG: its parts may be replaced, and more put in before, between and after."""
    made = {
        "header": header(*size, depth, colour, interlacing=int(interlaced)),
        "palette": palette_of(depth) if colour == PALETTE else b"",
        "before": b"",
        "data": chunk(b"IDAT", stored(rows_of(*size, depth, colour, interlaced=interlaced))),
        "after": b"",
        "end": chunk(b"IEND"),
    }
    return SIGNATURE + b"".join((made | parts).values())


def pieces(data, *lengths):
    """Cut image data into IDAT chunks of those lengths, and one of the rest."""
    chunks = []
    for length in lengths:
        chunks.append(chunk(b"IDAT", data[:length]))
        data = data[length:]
    return b"".join(chunks) + chunk(b"IDAT", data)


def exif(orientation, order="<"):
    """Write an eXIf chunk of two tags: a width that nobody reads, and the orientation."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    width, turn = ((tag, 3, 1, value, 0) for tag, value in ((0x0100, WIDTH), (0x0112, orientation)))
    tags = struct.pack(f"{order}HHIHH", *width) + struct.pack(f"{order}HHIHH", *turn)
    return chunk(b"eXIf", mark + struct.pack(f"{order}IH", 8, 2) + tags + bytes(4))


def transparent(depth, colour):
    """Write the tRNS chunk that makes the middle pixel's colour transparent, or entries of a palette."""
    if colour == PALETTE:
        return chunk(b"tRNS", bytes(entry * 255 // 2**depth for entry in range(2**depth)))
    return chunk(
        b"tRNS", struct.pack(f">{CHANNELS[colour]}H", *pixel(WIDTH // 2, HEIGHT // 2, depth, colour))
    )


DATA = stored(rows_of(WIDTH, HEIGHT, 8, GREY))
ROWS = rows_of(WIDTH, HEIGHT, 8, GREY)
TEXT = chunk(b"tEXt", b"Comment\0made by hand")
FRAME = struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
ANCILLARY = {
    "gamma": chunk(b"gAMA", struct.pack(">I", 45_455)),
    "text": TEXT,
    "text-compressed": chunk(b"zTXt", b"Comment\0\0" + stored(b"made by hand")),
    "text-bomb": chunk(b"zTXt", b"Comment\0\0" + bomb(1_000_000)),
    "text-international-bomb": chunk(b"iTXt", b"Comment\0\1\0en\0\0" + bomb(1_000_000)),
    "text-checksum-wrong": chunk(b"tEXt", b"Comment\0made by hand", checksum=1),
    "texts-by-the-thousand": chunk(b"tEXt", b"a\0b") * 3000,
    "profile": chunk(b"iCCP", b"profile\0\0" + stored(b"no profile that anybody reads")),
    "profile-bomb": chunk(b"iCCP", b"profile\0\0" + bomb(1_000_000)),
    "chromaticities": chunk(b"cHRM", struct.pack(">8I", *range(30_000, 38_000, 1000))),
    "standard-colours": chunk(b"sRGB", b"\0"),
    "significant-bits": chunk(b"sBIT", b"\7"),
    "background": chunk(b"bKGD", b"\0\x80"),
    "suggested-palette": chunk(b"sPLT", b"few\0\x08" + bytes(6)),
    "resolution": chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "time-cut-short": chunk(b"tIME", b"\7\xea"),
    "unknown": chunk(b"abCd", b"anything"),
    "exif-nonsense": chunk(b"eXIf", b"no TIFF header"),
    "exif-cut-off": chunk(b"eXIf", b"II*\0" + struct.pack("<IH", 8, 9)),
    "exif-orientation-9": exif(9),
    "animation": chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", FRAME),
    "animation-that-claims-billions": chunk(b"acTL", b"\xff" * 8) + chunk(b"fcTL", b"\xff" * 26),
}


def accepted():
    """Yield the name and the content of each PNG that is read."""
    for colour, depth in LEGAL:
        name = f"{NAMES[colour]}-{depth}"
        yield name, picture(depth, colour)
        yield f"{name}-interlaced", picture(depth, colour, interlaced=True)
        if colour in {GREY, RGB, PALETTE}:
            yield f"{name}-transparent", picture(depth, colour, before=transparent(depth, colour))
        for kind in range(5):
            lines = next(lines_of(WIDTH, HEIGHT, depth, colour))
            rows = filtered(lines, max(depth * CHANNELS[colour] // 8, 1), kind)
            yield f"{name}-filter-{kind}", picture(depth, colour, data=chunk(b"IDAT", stored(rows)))
    for size in (1, 1), (1, 9), (9, 1), (2, 3), (5, 5), (8, 8):
        yield f"size-{size[0]}x{size[1]}-interlaced", picture(size=size, interlaced=True)
    for orientation in range(1, 9):
        yield f"orientation-{orientation}", picture(before=exif(orientation, order="<>"[orientation % 2]))
    for name, chunks in ANCILLARY.items():
        yield f"ancillary-{name}", picture(before=chunks)
    yield "palette-suggested", picture(colour=RGB, palette=palette_of(8))
    yield "palette-short", picture(4, PALETTE, palette=palette_of(4) + chunk(b"tRNS", b"\0\x80"))
    yield "data-in-pieces", picture(data=pieces(DATA, 1, 0, 1, 2, 3, 0, 40))
    yield "data-then-text", picture(after=TEXT)
    yield "data-then-frame", picture(after=chunk(b"fdAT", b"\0\0\0\1" + DATA))
    yield "data-after-the-end", picture() + b"whatever a camera left here"
    yield "picture-after-the-end", picture() + picture(depth=1)
    yield "end-with-content", picture(end=chunk(b"IEND", b"more"))


def damaged(content, place):
    """Flip a bit."""
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


OTHER_FORMATS = {
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0",
    "base64": b"iVBORw0KGgoAAAANSUhEUgAAABwAAAAc",
    "bmp": b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0",
    "data-url": b"data:image/png;base64,iVBORw0KGgo=",
    "empty": b"",
    "gif": b"GIF89a\x01\0\x01\0\x80\0\0",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "html": b"<!DOCTYPE html>\n<title>404</title>",
    "ico": b"\0\0\x01\0\x01\0\x10\x10",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01",
    "jpeg-xl": b"\xff\x0a\xfa\x1f",
    "json": b'{"image": "three"}',
    "mng": b"\x8aMNG\r\n\x1a\n",
    "newlines-translated": picture().replace(b"\r\n", b"\n"),
    "noise": bytes(n * n * 167 % 251 for n in range(1, 200)),
    "pdf": b"%PDF-1.7\n",
    "svg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "text": b"a three, drawn with a pen\n",
    "tiff": b"II*\0\x08\0\0\0",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "zeros": bytes(64),
    "zip": b"PK\x03\x04\x14\0",
}

TOO_LARGE = {
    "side-4097": (4097, 1),
    "height-4097": (1, 4097),
    "height-2-to-31": (1, 2**31),
    "height-2-to-31-less-1": (1, 2**31 - 1),
    "9000x9000": (9000, 9000),
    "tower-of-178-million": (1, 178_000_000),
    "side-2-to-31": (2**31, 1),
    "side-largest": (2**32 - 1, 2**32 - 1),
}

HEADERS = {
    "colour-type-1": header(WIDTH, HEIGHT, 8, 1),
    "colour-type-7": header(WIDTH, HEIGHT, 8, 7),
    "depth-0": header(WIDTH, HEIGHT, 0, GREY),
    "depth-3": header(WIDTH, HEIGHT, 3, GREY),
    "depth-4-of-rgb": header(WIDTH, HEIGHT, 4, RGB),
    "depth-16-of-palette": header(WIDTH, HEIGHT, 16, PALETTE),
    "depth-32": header(WIDTH, HEIGHT, 32, GREY),
    "width-0": header(0, HEIGHT, 8, GREY),
    "height-0": header(WIDTH, 0, 8, GREY),
    "compression-1": header(WIDTH, HEIGHT, 8, GREY, compression=1),
    "filter-method-64": header(WIDTH, HEIGHT, 8, GREY, filtering=64),
    "interlacing-2": header(WIDTH, HEIGHT, 8, GREY, interlacing=2),
    "too-short": chunk(b"IHDR", bytes(12)),
    "too-long": chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0) + b"\0"),
    "missing": b"",
    "after-a-text": TEXT + header(WIDTH, HEIGHT, 8, GREY),
    "checksum-wrong": chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0), checksum=1),
}

IMAGE_DATA = {
    "missing": b"",
    "empty": chunk(b"IDAT"),
    "checksum-wrong": chunk(b"IDAT", DATA, checksum=1),
    "row-missing": chunk(b"IDAT", stored(ROWS[: -WIDTH - 1])),
    "byte-missing": chunk(b"IDAT", stored(ROWS[:-1])),
    "byte-surplus": chunk(b"IDAT", stored(ROWS + b"\0")),
    "row-surplus": chunk(b"IDAT", stored(ROWS + bytes(WIDTH + 1))),
    "bomb": chunk(b"IDAT", bomb(1_000_000)),
    "stream-cut-off": chunk(b"IDAT", DATA[:-30]),
    "stream-without-checksum": chunk(b"IDAT", DATA[:-4]),
    "stream-checksum-wrong": chunk(b"IDAT", damaged(DATA, len(DATA) - 1)),
    "stream-header-wrong": chunk(b"IDAT", b"\0\0" + DATA[2:]),
    "stream-block-type-3": chunk(b"IDAT", b"\x78\x01\x07" + DATA[3:]),
    "stream-with-dictionary": chunk(b"IDAT", b"\x78\xbb" + DATA[2:]),
    "more-than-the-picture-could-need": chunk(b"IDAT", b"\x78\x01" + b"\0\0\0\xff\xff" * 13_200),
    "stream-then-more": chunk(b"IDAT", DATA + b"more"),
    "stream-then-a-chunk-of-more": chunk(b"IDAT", DATA) + chunk(b"IDAT", b"more"),
    "interrupted": chunk(b"IDAT", DATA[:20]) + TEXT + chunk(b"IDAT", DATA[20:]),
    "filter-5": chunk(b"IDAT", stored(b"\5" + ROWS[1:])),
}

PALETTES = {
    "missing": b"",
    "empty": chunk(b"PLTE"),
    "of-four-bytes": chunk(b"PLTE", b"abcd"),
    "of-257-entries": chunk(b"PLTE", bytes(3 * 257)),
    "twice": palette_of(8) + palette_of(8),
    "checksum-wrong": chunk(b"PLTE", bytes(3 * 256), checksum=1),
    "smaller-than-its-pixels": chunk(b"PLTE", bytes(3 * 200)),
    "after-its-transparency": chunk(b"tRNS", b"\0") + palette_of(8),
    "transparency-too-long": chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", bytes(3)),
    "transparency-empty": palette_of(8) + chunk(b"tRNS"),
    "transparency-twice": palette_of(8) + chunk(b"tRNS", b"\0") + chunk(b"tRNS", b"\0"),
    "transparency-checksum-wrong": palette_of(8) + chunk(b"tRNS", b"\0", checksum=1),
}

OTHER_FAULTS = {
    "palette-of-grey": picture(before=palette_of(8)),
    "palette-of-grey-alpha": picture(colour=GREY_ALPHA, before=palette_of(8)),
    "palette-of-17-entries-at-4-bits": picture(4, PALETTE, palette=chunk(b"PLTE", bytes(3 * 17))),
    "palette-after-data": picture(colour=PALETTE, palette=b"", after=palette_of(8)),
    "transparency-after-data": picture(after=transparent(8, GREY)),
    "transparency-of-one-byte": picture(before=chunk(b"tRNS", b"\0")),
    "transparency-of-rgb-as-grey": picture(colour=RGB, before=chunk(b"tRNS", b"\0\0")),
    "transparency-beside-alpha": picture(colour=RGB_ALPHA, before=chunk(b"tRNS", bytes(6))),
    "header-twice": picture(before=header(WIDTH, HEIGHT, 8, GREY)),
    "exif-longer-than-is-read": picture(before=chunk(b"eXIf", bytes(65_537))),
    "exif-checksum-wrong": picture(before=chunk(b"eXIf", b"II*\0", checksum=1)),
    "end-missing": picture(end=b""),
    "end-checksum-wrong": picture(end=chunk(b"IEND", checksum=1)),
    "end-before-data": picture(before=chunk(b"IEND")),
    "chunk-unknown-and-critical": picture(before=chunk(b"ABCD")),
    "chunk-name-with-digits": picture(before=chunk(b"tE1t")),
    "chunk-longer-than-the-file": picture(before=b"\x7f\xff\xff\xfftEXt"),
    "chunk-of-the-largest-length": picture(before=b"\xff\xff\xff\xfftEXt"),
    "chunk-longer-by-one": picture(before=b"\0\0\0\x15" + TEXT[4:]),
    "chunk-shorter-by-one": picture(before=b"\0\0\0\x13" + TEXT[4:]),
    "chunks-by-the-ten-thousand": picture(before=chunk(b"tEXt") * 17_000),
    "signature-alone": SIGNATURE,
    "signature-twice": SIGNATURE + picture(),
    "animation-without-still-picture": picture(data=chunk(b"fdAT", b"\0\0\0\1" + DATA)),
    "interlaced-row-missing": picture(
        interlaced=True, data=chunk(b"IDAT", stored(rows_of(WIDTH, HEIGHT, 8, GREY, interlaced=True)[:-14]))
    ),
    "interlaced-but-not-its-rows": picture(interlaced=True, data=chunk(b"IDAT", DATA)),
}


def refused():
    """Yield the error, the name and the content of each file that is refused."""
    for name, content in OTHER_FORMATS.items():
        yield "NotAPngError", name, content
    for name, size in TOO_LARGE.items():
        yield "ImageTooLargeError", name, picture(header=header(*size, 8, GREY))
    for name, replaced in HEADERS.items():
        yield "BadImageError", f"header-{name}", picture(header=replaced)
    for name, replaced in IMAGE_DATA.items():
        yield "BadImageError", f"data-{name}", picture(data=replaced)
    for name, replaced in PALETTES.items():
        yield "BadImageError", f"palette-{name}", picture(colour=PALETTE, palette=replaced)
    for name, content in OTHER_FAULTS.items():
        yield "BadImageError", name, content
    whole = picture()
    for length in (1, 7, 8, 20, 32, 33, 40, 60, len(whole) - 13, len(whole) - 12, len(whole) - 1):
        yield "BadImageError", f"cut-off-after-{length}", whole[:length]


def files():
    """Return the content of every file by its path in this folder."""
    made = {f"accepted/{name}.png": content for name, content in accepted()}
    return made | {f"refused/{error}/{name}.png": content for error, name, content in refused()}


if __name__ == "__main__":
    for path, content in files().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
