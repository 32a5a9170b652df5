"""Runs a command of click's: what it cannot print, and an interruption, end it with one line or none, no traceback."""

import contextlib
import os
import sys
from typing import NoReturn

import click

# The file name of an OSError that happened on stdout.
STDOUT = "stdout"
_INTERRUPTED = 130  # as a shell tells SIGINT


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command with the arguments of the process, and exit with its code.

    name: how the command is called. It exits with 1 if stdout takes nothing, with 130 if it is interrupted.
    """
    code = 0
    try:
        code = command.main(prog_name=name, standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = _INTERRUPTED
    except OSError as error:
        if error.filename not in {None, STDOUT}:  # a file's, which is a mistake of the program
            raise
        _discard_stdout()
        click.echo(f"{name}: stdout: {error.strerror}; make room, or send it elsewhere", err=True)
        code = 1
    sys.exit(code)


def _discard_stdout() -> None:
    """Send all further output nowhere: Python flushes stdout once more at exit, which must not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
