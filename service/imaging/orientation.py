"""Which way up a picture is held, as its EXIF says."""

import struct

__all__ = ["EXIF_NAME", "UPRIGHT", "orientation_of"]

EXIF_NAME = b"Exif\0\0"  # what a JPEG says before its EXIF, and some writers of WebP say too

UPRIGHT = 1
ORIENTATIONS = range(1, 9)
BYTE_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
ORIENTATION, SHORT = 0x0112, 3  # the tag, and the type of its value: 16 bits


def orientation_of(exif: bytes) -> int:
    """Return the orientation that EXIF names, 1 (upright) to 8; 1 where it names none.

    Cameras write odd EXIF, and the picture is seen without it: what cannot be read counts as upright.
    """
    order = BYTE_ORDERS.get(exif[:4])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (n_entries,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(n_entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry)
            if (tag, kind, count) == (ORIENTATION, SHORT, 1):
                return value if value in ORIENTATIONS else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT
