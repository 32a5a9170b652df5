"""Signals that ask the process to end."""

import signal
from types import FrameType


class Terminated(KeyboardInterrupt):
    """The process was asked to end: as Ctrl-C, but for good."""


def end_with_signals() -> None:
    """Let the signals that ask to end do as Ctrl-C does: calls are cancelled, and no half file stays."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
