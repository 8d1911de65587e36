"""The log: one JSON line an event, through structlog and orjson."""

import logging
from collections.abc import Callable
from traceback import format_exception
from urllib.parse import quote

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from service.web.lines import LineWriter

__all__ = ["StandardLogging", "end_of_traceback", "make_log", "printable"]

TRACEBACK_CHARACTERS = 1500  # the end, where the error is named; a line must fit into a pipe's buffer


def make_log(level: str, fd: int, dropped: Callable[[], None]) -> FilteringBoundLogger:
    """Write events of at least this level to a file descriptor, dropping lines rather than waiting."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        LineWriter(fd, dropped),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    return log.bind()


def printable(text: str, limit: int) -> str:
    """Shorten what a client sent, and percent-encode it where it is more than visible ASCII."""
    return text[:limit] if text.isascii() and text.isprintable() else quote(text[:limit])[:limit]


def end_of_traceback(error: BaseException) -> str:
    """Return the last lines of a traceback, for the log alone."""
    end = "".join(format_exception(error))[-TRACEBACK_CHARACTERS:]
    return _in_ascii(end)[-TRACEBACK_CHARACTERS:]


def _in_ascii(text: str) -> str:
    """Escape all that is not ASCII, lone surrogates and changes of direction included."""
    return text.encode("ascii", "backslashreplace").decode().replace("\x7f", "\\x7f")


class StandardLogging(logging.Handler):
    """Passes on what libraries log the standard way, gunicorn above all."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line of our own."""
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        fields: dict[str, object] = {"logger": record.name, "process": record.process}
        if record.exc_info and record.exc_info[1]:
            fields["traceback"] = end_of_traceback(record.exc_info[1])
        self._log.log(
            level, _in_ascii(record.getMessage()[:TRACEBACK_CHARACTERS])[:TRACEBACK_CHARACTERS], **fields
        )
