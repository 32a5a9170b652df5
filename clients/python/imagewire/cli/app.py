"""The command's arguments, and how it begins and ends."""

import io
import os
import sys
from typing import Annotated

import typer

import imagewire
from imagewire.cli import chat, doctor, draw, get, history, models, ping, show
from imagewire.cli.exits import EPILOG, Exit, failure_of, invalid, report_failure
from imagewire.cli.output import give_up_stdout
from imagewire.cli.signals import end_with_signals

app = typer.Typer(
    help="Chat that draws: pictures from an imagewire server.",
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (draw.draw, chat.chat, get.get, history.history, models.models, ping.ping, show.show, doctor.doctor):
    app.command(epilog=EPILOG)(command)


def run() -> None:
    """Run the command that the arguments name, and exit."""
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Text of the model that this terminal cannot show must not fail the command after the picture was drawn.
        sys.stdout.reconfigure(errors="replace")
    # The command reports in its own words what gRPC would log.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    end_with_signals()
    try:
        code = app(prog_name="imagewire", standalone_mode=False)
    except OSError as error:
        if error.filename is None:  # help and the version, which no command prints
            give_up_stdout(error)
        failure = failure_of(error)
        report_failure(failure, as_json="--json" in sys.argv)
        code = failure.code
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "imagewire"
        words = f"{error.format_message().rstrip('.')}; `{command} --help` tells what there is"
        failure = failure_of(invalid(words))
        report_failure(failure, as_json="--json" in sys.argv)
        code = failure.code
    sys.exit(code or Exit.OK)


def _open_what_is_closed() -> None:
    """Replace standard streams that the parent process closed. Writing a result to such a stdout fails."""
    for name, mode, flags in ("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"imagewire {imagewire.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
