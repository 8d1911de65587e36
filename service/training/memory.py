"""Keep the memory that a step frees for the next step."""

import ctypes

__all__ = ["keep_freed"]

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt, as malloc.h numbers them
MOST_KEPT = 2**30  # bytes
LARGEST = 2**25  # bytes of one array, the most that glibc allows


def keep_freed() -> None:
    """Tell glibc not to give freed arrays back to the system; elsewhere do nothing.

    A wide network's arrays are a few MiB, and every step makes new ones: to be given the same memory anew,
    page by page, took a quarter of the step.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, MOST_KEPT)
