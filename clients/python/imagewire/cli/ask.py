"""Questions before money is spent. Only a terminal can answer; elsewhere the command says which option answers."""

import contextlib
import sys

import typer

from imagewire.cli.exits import Exit, invalid
from imagewire.cli.output import note, printable


def interactive() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str) -> bool:
    """Ask on a terminal; only y and yes agree. Keys that were pressed before the question are no answer."""
    with contextlib.suppress(ImportError, OSError):
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    typer.echo(f"{printable(question)} [y/N] ", err=True, nl=False)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        note("", name="")
    return answer.strip().lower() in {"y", "yes"}


def require(what: str) -> None:
    """Ask whether to do something. Exits if the user declines. Raises InvalidRequest where nobody can answer."""
    if not interactive():
        raise invalid(f"{what}: add --yes to do it without a question")
    if not agreed(f"{what}. Go on?"):
        note("nothing was drawn")
        raise typer.Exit(Exit.INTERRUPTED)
