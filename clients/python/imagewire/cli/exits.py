"""How a command ends: every failure as one line that says what to do, and a documented exit code. No traceback."""

import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from types import FrameType

import typer

import imagewire


class Exit(IntEnum):
    """The exit codes; README and --help name them."""

    OK = 0
    FAILED = 1
    INVALID = 2
    NO_PICTURE = 3
    UNAVAILABLE = 4
    RATE_LIMITED = 5
    DEADLINE = 6
    UNAUTHORIZED = 7
    INTERRUPTED = 130


EPILOG = """\b
Exit codes:
  0    done
  1    failed: the answer broke off, a file could not be written, or another error
  2    a wrong option or request, or no such model
  3    no picture: blocked, withheld, or none in the answer
  4    no server, a connection that broke off, or a provider in trouble
  5    rate limited
  6    out of time
  7    a wrong key, or one that may not do this
  130  interrupted
"""


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Terminated(KeyboardInterrupt):
    """The process was asked to end: as Ctrl-C, but for good."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for people: `words` say what to do."""

    code: Exit
    words: str
    error: "imagewire.ImagewireError | None" = None


def invalid(message: str) -> "imagewire.InvalidRequest":
    """What the user is to correct, for raising."""
    return imagewire.InvalidRequest(message, code="INVALID_ARGUMENT")


def failure_of(error: BaseException) -> Failure:
    """What an exception means. Raises it when it is none that a user could do something about."""
    match error:
        case imagewire.ImagewireError():
            hint = f"; try again in {error.retry_after:g} s" if error.retry_after else ""
            return Failure(_code(error), error.message + hint, error)
        case KeyboardInterrupt():
            return Failure(Exit.INTERRUPTED, "interrupted: what was running is cancelled, and no half file is left")
        case BrokenPipeError():
            return Failure(Exit.FAILED, "stdout was closed before all was printed")
        case OSError() if error.filename == STDOUT:
            return Failure(Exit.FAILED, f"stdout: {error.strerror}; make room, or send it elsewhere")
        case OSError():
            what = error.filename or "the picture"
            return Failure(Exit.FAILED, f"{what}: {error.strerror}; make room, or name another place with -o")
    raise error


def _code(error: "imagewire.ImagewireError") -> Exit:
    codes: dict[type[imagewire.ImagewireError], Exit] = {
        imagewire.InvalidRequest: Exit.INVALID,
        imagewire.NotFound: Exit.INVALID,
        imagewire.NoPicture: Exit.NO_PICTURE,
        imagewire.Unavailable: Exit.UNAVAILABLE,
        imagewire.RateLimited: Exit.RATE_LIMITED,
        imagewire.DeadlineExceeded: Exit.DEADLINE,
        imagewire.Unauthenticated: Exit.UNAUTHORIZED,
        imagewire.PermissionDenied: Exit.UNAUTHORIZED,
    }
    return next((code for kind, code in codes.items() if isinstance(error, kind)), Exit.FAILED)


def tell(failure: Failure, *, as_json: bool, about: str = "") -> None:
    """Say on stderr what went wrong. about: which of several it was."""
    error = failure.error
    violations = error.violations if error else ()
    if as_json:
        told = {
            "code": error.code if error else failure.code.name,
            "reason": error.reason if error else "",
            "message": failure.words,
            "violations": [{"field": v.field, "description": v.description} for v in violations],
            "request_id": error.request_id if error else "",
        }
        note(json.dumps({"error": {"prompt": about, **told} if about else told}), name="")
        return
    note(f"{shortened(about)}: {failure.words}" if about else failure.words)
    for violation in violations:
        if violation.description not in failure.words:
            note(f"{violation.field}: {violation.description}")
    if error and error.request_id:
        note(f"request id {error.request_id}")


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Every failure as its words and its exit code."""
    try:
        yield
    except (imagewire.ImagewireError, KeyboardInterrupt, OSError) as error:
        failure = failure_of(error)
        tell(failure, as_json=as_json)
        raise typer.Exit(failure.code) from None


STDOUT = "stdout"


@contextmanager
def onto_stdout() -> Iterator[None]:
    """Printing of a result: what fails in it is stdout's failure."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        give_up_stdout(error)
        raise


def give_up_stdout(error: OSError) -> None:
    """Make a failure stdout's, into which nothing more is written."""
    error.filename = STDOUT
    # Python flushes it once more at its end; it must not fail again there.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def put(line: str) -> None:
    """Print a line of the result."""
    with onto_stdout():
        typer.echo(line)


def note(line: str, name: str = "imagewire: ") -> None:
    """Say something beside the result. Nobody may listen: that is no failure."""
    with contextlib.suppress(OSError):
        typer.echo(name + printable(line), err=True)


def printable(text: str) -> str:
    """Text for a terminal: what a stranger wrote moves no cursor and sets no title."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(prompt: str) -> str:
    """A prompt, short enough to name it in a line."""
    line = " ".join(prompt.split())
    return f'"{line}"' if len(line) <= 40 else f'"{line[:39]}…"'


def end_with_signals() -> None:
    """Let the signals that ask to end do as Ctrl-C does: calls are cancelled, and no half file stays."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
