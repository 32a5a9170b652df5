"""The command imagewire-emulator; `imagewire-server emulate` is the same command."""

import errno
import os
import socket
from pathlib import Path
from typing import NoReturn

import click

from imagewire_emulator.app import Answerer
from imagewire_emulator.command import STDOUT
from imagewire_emulator.server import run
from imagewire_emulator.transcripts import GOOGLE, Recorder, RecordError, Replayer, ReplayError

_FOLDER = click.Path(path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="imagewire-server", message="%(prog)s %(version)s", help="Print the version.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="The port; 0 picks a free one."
)
@click.option("--record", type=_FOLDER, metavar="DIR", help="Pass calls on to --upstream, and write them to DIR.")
@click.option("--upstream", metavar="URL", help=f"The API to record.  [default: {GOOGLE}]")
@click.option("--record-inputs", is_flag=True, help="Write input pictures too. They are redacted otherwise.")
@click.option("--replay", type=_FOLDER, metavar="DIR", help="Answer only from the calls recorded in DIR.")
def emulate(
    *, host: str, port: int, record: Path | None, upstream: str | None, record_inputs: bool, replay: Path | None
) -> None:
    """Serve an emulator of Google's API until SIGTERM or Ctrl-C. Needs no key.

    It prints its address. With --record, it passes calls on to a real API and needs that API's key.
    """
    if record is None and (upstream is not None or record_inputs):
        name = "--upstream" if upstream is not None else "--record-inputs"
        raise click.UsageError(f"{name} is of use only with --record")
    if record is not None and replay is not None:
        raise click.UsageError("give --record or --replay, not both")
    try:
        run(host, port, answerer=_answerer(record, upstream or GOOGLE, replay, record_inputs=record_inputs))
    except OSError as error:
        if error.filename == STDOUT:
            raise
        remedy = "choose another with --host"
        if error.errno == errno.EADDRINUSE:
            remedy = "stop the program that uses it, or choose another with --port"
        words = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        _stop(f"cannot serve on {host}:{port}: {words}; {remedy}")


def _answerer(record: Path | None, upstream: str, replay: Path | None, *, record_inputs: bool) -> Answerer | None:
    try:
        if record is not None:
            return Recorder(record, upstream, keep_inputs=record_inputs)
        return Replayer(replay) if replay is not None else None
    except (RecordError, ReplayError) as error:
        _stop(str(error))


def _stop(words: str) -> NoReturn:
    click.echo(f"{click.get_current_context().command_path.partition(' ')[0]}: {words}", err=True)
    raise click.exceptions.Exit(2)
