"""What the command prints: results to stdout, all else to stderr."""

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

# The file name of an OSError that happened on stdout.
STDOUT = "stdout"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@contextmanager
def onto_stdout() -> Iterator[None]:
    """Print a result inside. An OSError inside is marked as stdout's."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        give_up_stdout(error)
        raise


@contextmanager
def files_told(saved: Iterable[object], *, already: bool = False) -> Iterator[None]:
    """Say on stderr what is saved, when stdout does not take the result. already: it failed before."""
    for path in saved if already else ():
        note(f"saved before that: {path}")
    try:
        yield
    except OSError as error:
        for path in saved:
            error.add_note(f"saved before that: {path}")
        raise


def give_up_stdout(error: OSError) -> None:
    """Mark an error as stdout's, and discard all further output."""
    error.filename = STDOUT
    # Python flushes stdout once more at exit, which must not fail again.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def put(line: str) -> None:
    """Print a line of the result."""
    with onto_stdout():
        typer.echo(line)


def note(line: str, name: str = "imagewire: ") -> None:
    """Print a line to stderr. A closed stderr is no failure."""
    with contextlib.suppress(OSError):
        typer.echo(name + printable(line), err=True)


def printable(text: str) -> str:
    """Text without control characters, so that text of others cannot move the cursor or set the title."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(prompt: str) -> str:
    """A prompt, quoted and cut to 40 characters."""
    line = " ".join(prompt.split())
    return f'"{line}"' if len(line) <= 40 else f'"{line[:39]}…"'
