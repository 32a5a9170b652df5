"""Signals that ask the process to end."""

import logging
import signal
import threading
from types import FrameType

# Where a lock is taken or given back, outside of any `with`. What is raised there leaves it taken for ever: gRPC has
# such locks, and closing its channel waits for them.
_LOCKING = frozenset({threading.Condition.__enter__.__code__, threading.Condition.__exit__.__code__})
_AGAIN = 0.001  # seconds


class Terminated(KeyboardInterrupt):
    """The process was asked to end. Like Ctrl-C, but it ends a chat as well."""


def end_with_signals() -> None:
    """Make SIGTERM and SIGHUP work as Ctrl-C does: calls are cancelled, and no unfinished file stays.

    Ctrl-C itself was suspended while the command was loaded.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, end)

    # A signal may end any task of the prompt's, and asyncio would print a traceback of each beside the answer.
    logging.getLogger("asyncio").addFilter(_is_no_signal)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def end(number: int, frame: FrameType | None) -> None:
    """The handler. Raises KeyboardInterrupt or Terminated, a moment later where a lock is taken just now."""
    if frame is not None and frame.f_code in _LOCKING and hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda _, there: end(number, there))
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        return
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _is_no_signal(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt))
