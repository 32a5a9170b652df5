"""imagewire chat: a session in a terminal, or one turn for each line of a pipe."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import ask, preview, shared_options
from imagewire.cli.exits import Exit, Failure, failure_of, failures_reported, invalid, report_failure
from imagewire.cli.output import note
from imagewire.cli.output_path import is_folder, writable
from imagewire.cli.signals import Terminated

if TYPE_CHECKING:
    from imagewire.cli.session import Session
    from imagewire.options import Options


def chat(
    context: typer.Context,
    earlier: Annotated[
        str | None,
        typer.Argument(metavar="[CHAT]", help="With --resume: a chat's name or file.", show_default="the last one"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an earlier chat.")] = False,
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
        if earlier is not None and not resume:
            raise invalid("CHAT goes with --resume; what to draw is typed into the chat")
        if not is_folder(output):
            raise invalid(f"-o {output}: there is no such folder; make it, or name another")
        writable(output)
        from imagewire.cli.saved_chat import SavedChat, load
        from imagewire.cli.session import Session

        given = {name: value for name, value in options.items() if value}
        going_on = contextlib.closing(load(earlier)) if resume else contextlib.nullcontext()
        with going_on as earlier_chat, shared_options.client(target, tls_ca, tls_cert, tls_key) as client:
            if earlier_chat is not None:
                source = context.get_parameter_source("model")
                if source is None or source.name != "COMMANDLINE":
                    model = earlier_chat.model
                elif model != earlier_chat.model:
                    what = f"-m {model}: the chat that --resume goes on with is with {earlier_chat.model}"
                    note(f"{what}; another model may not know its signatures, and refuse it")
                given = {**earlier_chat.options, **given}
            try:
                made = client.chat.create(model, **given)  # type: ignore[arg-type]  # checked by the chat
            except (TypeError, ValueError) as error:
                raise invalid(f"--resume: {error}") from None
            with contextlib.closing(earlier_chat or SavedChat(made.model, given)) as saved:
                interactive = sys.stdin.isatty() and sys.stderr.isatty() and (as_json or sys.stdout.isatty())
                # Query the terminal before the user types: its answer comes through stdin.
                screen = preview.screen(wanted=not (no_preview or as_json))
                agree = ask.agreed if interactive else None
                session = Session(made, saved, output, screen, timeout=timeout, as_json=as_json, agree=agree)
                if interactive:
                    turns = f", after {len(saved.turns)} turn(s)" if saved.turns else ""
                    note(f"a chat with {made.model}{turns}; /help tells what there is, /exit leaves", name="")
                    _converse(session, as_json=as_json)
                    if saved.path is not None:
                        note(f"to go on with this chat: imagewire chat --resume {saved.path.stem}", name="")
                else:
                    _follow(session)
                    if session.elsewhere:
                        failure = Failure(Exit.FAILED, "; ".join(session.elsewhere))
                        if as_json:
                            report_failure(failure, as_json=True)
                        raise typer.Exit(failure.code)


def _follow(session: "Session") -> None:
    while line := shared_options.words_of_stdin("stdin", line=True):
        if line.strip() and not session.take(line.strip()):
            return


def _converse(session: "Session", *, as_json: bool) -> None:
    from imagewire.cli.prompt_line import LinePrompt

    prompt = LinePrompt(on_stderr=as_json)
    while (typed := prompt.read()) is not None:
        if not typed.strip():
            continue
        try:
            if not session.take(typed.strip()):
                return
        except Terminated:
            raise
        except KeyboardInterrupt:
            note("interrupted: this turn is cancelled, and the chat is as it was before")
        except (imagewire.ImagewireError, OSError) as error:
            report_failure(failure_of(error), as_json=as_json)
