"""When freed memory goes back to the system: glibc's malloc can be told, other C libraries are left alone."""

import ctypes

__all__ = ["ARENA_MAX", "MMAP_THRESHOLD", "TRIM_THRESHOLD", "give_back", "set_options"]

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # as malloc.h numbers them; mallopt(3)


def set_options(*options: tuple[int, int]) -> None:
    """Set options of malloc, each by its number, in this order."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for number, value in options:
            libc.mallopt(number, value)


def give_back() -> None:
    """Give back at once what is free."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
