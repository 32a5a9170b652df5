"""Signals that ask the process to end."""

import logging
import signal
from types import FrameType


class Terminated(KeyboardInterrupt):
    """The process was asked to end. Like Ctrl-C, but it ends a chat as well."""


def end_with_signals() -> None:
    """Make SIGTERM and SIGHUP work as Ctrl-C does: calls are cancelled, and no unfinished file stays.

    Ctrl-C itself was suspended while the command was loaded.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # A signal may end any task of the prompt's, and asyncio would print a traceback of each beside the answer.
    logging.getLogger("asyncio").addFilter(_is_no_signal)

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _is_no_signal(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt))
