"""Structured logs on stderr: JSON for machines, readable lines on a terminal. No line contains a prompt or a key.

A separate thread writes them (`writer.py`). Messages of libraries become lines of the same kind, without their text
(`foreign.py`).
"""

import atexit
import json
import logging
import os
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
import structlog

from imagewire_server.logs.foreign import redirect_libraries
from imagewire_server.logs.writer import Writer

__all__ = ["configure", "embed", "redirect_libraries"]

_STDERR = 2
Event = MutableMapping[str, Any]


def configure(level: str) -> None:
    """Set up logging for the process. level: debug, info, warning or error."""
    render = _lines() if os.isatty(_STDERR) else _json
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)

    def dropped(lines: int) -> bytes:
        event: Event = {"lines": lines, "event": "log lines dropped", "level": "warning"}
        return render(None, "warning", stamp(None, "warning", event)) + b"\n"

    writer = Writer(_STDERR, dropped)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: _Lines(writer),
        cache_logger_on_first_use=True,
    )
    atexit.register(writer.close)


class _Lines:
    """Receives rendered lines from structlog."""

    def __init__(self, writer: Writer) -> None:
        self._put = writer.put

    def debug(self, line: bytes) -> None:
        """Queue a line."""
        self._put(line + b"\n")

    info = warning = error = critical = debug


def embed() -> None:
    """Pass warnings to the program's own logging, unless the program has configured structlog itself."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer(_text)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _lines() -> Callable[[Any, str, Event], bytes]:
    """Render a line for people, with structlog's colours."""
    console = structlog.dev.ConsoleRenderer()

    def render(logger: Any, name: str, event: Event) -> bytes:
        return console(logger, name, event).encode(errors="backslashreplace")

    return render


def _json(_: Any, __: str, event: Event) -> bytes:
    """Render a line for machines. It must not fail for any value, because a call would fail with it."""
    try:
        return msgspec.json.encode(event, enc_hook=str)
    except (ValueError, OverflowError):  # half a surrogate pair, an integer over 64 bits
        return json.dumps(event, default=str).encode()


def _text(event: dict[str, Any], **_: Any) -> str:
    return _json(None, "", event).decode()
