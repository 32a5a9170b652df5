"""What the command prints: results to stdout, all else to stderr."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

# The file name of a failure that is stdout's.
STDOUT = "stdout"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


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
