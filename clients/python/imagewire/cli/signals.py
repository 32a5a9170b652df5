"""Signals that ask the process to end."""

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

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
