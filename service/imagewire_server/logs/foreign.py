"""Turns messages of libraries and the interpreter into our log lines, with their place in the code but not their text.

The text may contain what must not be logged: the text of an exception, the repr of a task, a URL with a key. The place
in the code shows which message it was.
"""

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import TextIO

import structlog

from imagewire_server.core.fault_log import describe

_log = structlog.get_logger("imagewire.foreign")


def redirect_libraries() -> None:
    """Log everything that would otherwise go to stderr, for the whole process."""
    logging.raiseExceptions = False
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Records(logging.WARNING))
    root.setLevel(logging.WARNING)
    warnings.showwarning = _warn
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


class _Records(logging.Handler):
    """Handles records of Python's logging module: asyncio's, aiohttp's, uvicorn's, grpc's, google-auth's."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one."""
        error = record.exc_info[1] if record.exc_info else None
        _log.log(
            record.levelno,
            "library",
            logger=record.name,
            place=f"{record.pathname}:{record.lineno}",
            **(describe(error) if error else {}),
        )


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _log.warning("library", kind=category.__name__, place=f"{filename}:{lineno}")


def _uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    _log.critical("uncaught exception", **describe(error))


def _uncaught_in_thread(hooked: threading.ExceptHookArgs) -> None:
    if hooked.exc_value is not None:
        _log.error(
            "uncaught exception", thread=hooked.thread.name if hooked.thread else "", **describe(hooked.exc_value)
        )


def _unraisable(hooked: "sys.UnraisableHookArgs") -> None:
    if hooked.exc_value is not None:
        _log.error("uncaught exception", **describe(hooked.exc_value))
