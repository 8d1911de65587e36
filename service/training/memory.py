"""Keep the memory that a step frees for the next step."""

from service.malloc import MMAP_THRESHOLD, TRIM_THRESHOLD, set_options

__all__ = ["keep_freed"]

MOST_KEPT = 2**30  # bytes
LARGEST = 2**25  # bytes of one array, the most that glibc allows


def keep_freed() -> None:
    """Tell glibc not to give freed arrays back to the system; elsewhere do nothing.

    A wide network's arrays are a few MiB, and every step makes new ones: to be given the same memory anew,
    page by page, took a quarter of the step.
    """
    set_options((MMAP_THRESHOLD, LARGEST), (TRIM_THRESHOLD, MOST_KEPT))
