"""How a command fails: one line that says what to do, and a documented exit code. Never a traceback."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

import typer

import imagewire
from imagewire.cli.flags import with_flags
from imagewire.cli.output import STDOUT, note, shortened


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
  1    failed: the answer broke off, a file could not be written where it was wanted, or another error
  2    a wrong option or request, or no such model
  3    no picture: blocked, withheld, or none in the answer
  4    no server, a connection that broke off, or a provider in trouble
  5    rate limited
  6    out of time
  7    a wrong key, or one that may not do this
  130  interrupted, or a question was answered with no
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong. words: the message, which says what to do. notes: what was saved nevertheless."""

    code: Exit
    words: str
    error: "imagewire.ImagewireError | None" = None
    notes: tuple[str, ...] = ()


def invalid(message: str) -> "imagewire.InvalidRequest":
    """An error for what the user must correct."""
    return imagewire.InvalidRequest(message, code="INVALID_ARGUMENT")


def failure_of(error: BaseException) -> Failure:
    """The failure for an exception. Raises the exception when it is a bug, which users cannot do anything about."""
    notes = tuple(getattr(error, "__notes__", ()))
    match error:
        case imagewire.ImagewireError():
            hint = f"; try again in {error.retry_after:g} s" if error.retry_after else ""
            return Failure(_code(error), error.message + hint, error, notes)
        case KeyboardInterrupt():
            return Failure(Exit.INTERRUPTED, "interrupted: no half file is left", notes=notes)
        case BrokenPipeError():
            return Failure(Exit.FAILED, "stdout was closed before all was printed", notes=notes)
        case OSError() if error.filename == STDOUT:
            return Failure(Exit.FAILED, f"stdout: {error.strerror}; make room, or send it elsewhere", notes=notes)
        case OSError():
            what = error.filename or "the picture"
            words = f"{what}: {error.strerror}; make room, or name another place with -o"
            return Failure(Exit.FAILED, words, notes=notes)
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


def report_failure(failure: Failure, *, as_json: bool, about: str = "") -> None:
    """Print on stderr what went wrong. about: the prompt, where there are several."""
    error = failure.error
    violations = error.violations if error else ()
    if as_json:
        report = {
            "code": error.code if error else failure.code.name,
            "reason": error.reason if error else "",
            "message": with_flags(failure.words),
            "violations": [{"field": v.field, "description": v.description} for v in violations],
            "request_id": error.request_id if error else "",
            "notes": list(failure.notes),
        }
        note(json.dumps({"error": {"prompt": about, **report} if about else report}), name="")
        return
    for line in failure.notes:
        note(line)
    words = with_flags(failure.words)
    note(f"{shortened(about)}: {words}" if about else words)
    for violation in violations:
        if violation.description not in failure.words:
            note(f"{with_flags(violation.field)}: {violation.description}")
    if error and error.request_id:
        note(f"request id {error.request_id}")


@contextmanager
def failures_reported(*, as_json: bool) -> Iterator[None]:
    """Report a failure, and exit with its code."""
    try:
        yield
    except (imagewire.ImagewireError, KeyboardInterrupt, OSError) as error:
        failure = failure_of(error)
        report_failure(failure, as_json=as_json)
        raise typer.Exit(failure.code) from None
