"""Request ids: the client's own where it is fit to be logged, else 26 characters that sort by time."""

import random
import re
import time

__all__ = ["accept_id", "new_id"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, in which no letter looks like a digit
PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)  # ten bits each
SHIFTS = range(120, -1, -10)  # of 13 pairs: 130 bits, of which an id fills 128
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")


def new_id() -> str:
    """Make an id as ULIDs are made: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32."""
    # an id is no secret, and the generator is seeded anew in every process that is forked
    number = time.time_ns() // 1_000_000 << 80 | random.getrandbits(80)
    return "".join([PAIRS[number >> shift & 1023] for shift in SHIFTS])


def accept_id(sent: str | None) -> str:
    """Return the client's id where it matches [A-Za-z0-9._-]{1,128}, else a new one."""
    return sent if sent is not None and ACCEPTABLE.fullmatch(sent) else new_id()
