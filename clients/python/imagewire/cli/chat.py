"""imagewire chat: a session in a terminal, or one turn for each line of a pipe."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import history, preview, shared_options
from imagewire.cli.exits import failure_of, failures_reported, invalid, report_failure
from imagewire.cli.output import note
from imagewire.cli.output_path import writable
from imagewire.cli.signals import Terminated

if TYPE_CHECKING:
    from imagewire.cli.session import Session
    from imagewire.options import Options


def chat(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where pictures go.")] = Path(),
    model: shared_options.Model = "",
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    aspect_ratio: shared_options.AspectRatio = "",
    size: shared_options.Size = "",
    service_tier: shared_options.ServiceTier = "",
    output_uri: shared_options.OutputUri = "",
    timeout: shared_options.Timeout = 600.0,
    no_preview: shared_options.NoPreview = False,
    as_json: shared_options.AsJson = False,
) -> None:
    """Draw and edit, turn by turn. /help tells what else there is.

    On a pipe each line is a turn, and the first failure ends it.
    """
    with failures_reported(as_json=as_json):
        options: Options = {
            "aspect_ratio": aspect_ratio,
            "image_size": size,
            "service_tier": service_tier,
            "output_uri": output_uri,
        }
        shared_options.checked(model, (), options)
        if not output.is_dir():
            raise invalid(f"-o {output}: there is no such folder; make it, or name another")
        writable(output)
        with shared_options.client(target, tls_ca, tls_cert, tls_key) as client:
            from imagewire.cli.session import Session

            # Query the terminal before the user types: its answer comes through stdin.
            screen = preview.screen(wanted=not (no_preview or as_json))
            made = client.chat.create(model, **options)
            session = Session(made, output, screen, timeout=timeout, as_json=as_json)
            if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
                _follow(session)
            else:
                note(f"a chat with {made.model}; /help tells what there is, /quit leaves", name="")
                _converse(session)


def _follow(session: "Session") -> None:
    try:
        for line in sys.stdin:
            if line.strip() and not session.take(line.strip()):
                return
    except UnicodeError:
        raise invalid("stdin: is no UTF-8; convert it first") from None


def _converse(session: "Session") -> None:
    with history.kept() as keep:
        while True:
            try:
                line = input("> ").strip()
            except Terminated:
                raise
            except (EOFError, KeyboardInterrupt):
                note("", name="")
                return
            if not line:
                continue
            keep()
            try:
                if not session.take(line):
                    return
            except Terminated:
                raise
            except KeyboardInterrupt:
                note("interrupted: this turn is cancelled, and the chat is as it was before")
            except (imagewire.ImagewireError, OSError) as error:
                report_failure(failure_of(error), as_json=False)
