"""The command imagewire: pictures from the terminal. stdout carries the result, stderr all that is said about it."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import imagewire
from imagewire import _files
from imagewire._draw import Drawing, picture
from imagewire._errors import (
    DeadlineExceeded,
    ImagewireError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unavailable,
)
from imagewire.v1.spec_pb2 import Spec

DEFAULT_MODEL = "gemini/gemini-2.5-flash-image"


class Exit(IntEnum):
    """The exit codes; README and --help name them."""

    OK = 0
    FAILED = 1
    INVALID = 2
    NO_PICTURE = 3
    UNAVAILABLE = 4
    RATE_LIMITED = 5
    DEADLINE = 6
    INTERRUPTED = 130


_EXIT_OF: tuple[tuple[type[ImagewireError], Exit], ...] = (
    (InvalidRequest, Exit.INVALID),
    (NotFound, Exit.INVALID),
    (Unavailable, Exit.UNAVAILABLE),
    (RateLimited, Exit.RATE_LIMITED),
    (DeadlineExceeded, Exit.DEADLINE),
)

app = typer.Typer(
    help="Chat that draws: pictures from an imagewire server.", no_args_is_help=True, pretty_exceptions_enable=False
)
_EPILOG = (
    "Exit codes: 0 drawn, 1 failed, 2 wrong option or request, 3 no picture (blocked or withheld), 4 no server,"
    " 5 rate limited, 6 out of time, 130 interrupted."
)


def main() -> None:
    """The entry point."""
    app()


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"imagewire {imagewire.__version__}")
        raise typer.Exit


@app.command(epilog=_EPILOG)
def draw(
    prompt: Annotated[str, typer.Argument(help="What to draw; - reads it from stdin.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file; - for stdout. Default: a free name from the prompt.")
    ] = None,
    model: Annotated[str, typer.Option("--model", "-m", envvar="IMAGEWIRE_MODEL", help="The model.")] = DEFAULT_MODEL,
    target: Annotated[
        str | None, typer.Option(envvar="IMAGEWIRE_TARGET", help="The server.", show_default="127.0.0.1:50051")
    ] = None,
    aspect_ratio: Annotated[str, typer.Option(help='Width to height, for example "16:9".')] = "",
    size: Annotated[str, typer.Option(help='"512", "1K", "2K" or "4K".')] = "",
    image: Annotated[list[str] | None, typer.Option(help="A picture to edit: a file or a URI. Repeatable.")] = None,
    seed: Annotated[int | None, typer.Option(help="For the same picture again.")] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds for the whole call.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Draw PROMPT, or edit pictures by it."""
    words = sys.stdin.read().strip() if prompt == "-" else prompt
    folder = Path(output).parent if output and output != "-" else Path()
    if not folder.is_dir():
        _fail(Exit.INVALID, f"there is no folder {folder}: make it, or name another with -o", as_json=as_json)
    drawing = Drawing(folder)
    try:
        spec = _spec(model, words, image or (), aspect_ratio, size, seed)
        with imagewire.Client(target) as client, _progress() as tell:
            picture(client.stream_completion(spec, timeout=timeout), drawing, tell)
        _deliver(drawing, output, words, as_json=as_json)
    except ImagewireError as error:
        code = next((code for kind, code in _EXIT_OF if isinstance(error, kind)), Exit.FAILED)
        hint = f"; try again in {error.retry_after:g} s" if error.retry_after else ""
        _fail(code, error.message + hint, error, as_json=as_json)
    except KeyboardInterrupt:
        _fail(Exit.INTERRUPTED, "interrupted: the call was cancelled and nothing was saved", as_json=as_json)
    except OSError as error:
        _fail(Exit.FAILED, f"{error.filename or folder}: {error.strerror}; nothing was saved", as_json=as_json)
    finally:
        drawing.drop()


def _spec(model: str, prompt: str, images: Sequence[str], aspect_ratio: str, size: str, seed: int | None) -> Spec:
    try:
        return imagewire.build_spec(model, prompt, images=images, aspect_ratio=aspect_ratio, image_size=size, seed=seed)
    except OSError as error:
        words = f"--image {error.filename}: {error.strerror}; name a file that is there"
        raise InvalidRequest(words, code="INVALID_ARGUMENT") from error


def _deliver(drawing: Drawing, output: str | None, prompt: str, *, as_json: bool) -> None:
    """Save or print the picture and say what it is."""
    final = drawing.final()
    if final is None:
        if as_json:
            typer.echo(json.dumps(drawing.summary([])))
        _fail(Exit.NO_PICTURE, drawing.why_nothing(), as_json=False)
    file, image = final
    if output == "-":
        sys.stdout.buffer.write(file.read())
        sys.stdout.buffer.flush()
        return
    saved = drawing.save(lambda mime: Path(output) if output else _files.named_after(prompt, mime, drawing.folder))
    if not _files.fits(saved[0], image.mime_type):
        typer.echo(f"imagewire: note: {saved[0]} holds {image.mime_type}", err=True)
    if as_json:
        typer.echo(json.dumps(drawing.summary(saved)))
        return
    if drawing.text:
        typer.echo("".join(drawing.text))
    for path in saved[1:]:
        typer.echo(f"{path}  (a further picture of the same answer)")
    pixels = f"{image.width}x{image.height}  " if image.width else ""
    typer.echo(f"{saved[0]}  {pixels}{_size(image.size_bytes)}  sha256 {image.sha256.hex()}")
    if drawing.drafts:
        typer.echo(f"imagewire: {drawing.drafts} draft(s) not saved", err=True)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _fail(code: Exit, words: str, error: ImagewireError | None = None, *, as_json: bool) -> NoReturn:
    """Say on stderr what went wrong and what to do, and end with the code."""
    violations = error.violations if error else ()
    if as_json:
        told = {
            "code": error.code if error else code.name,
            "reason": error.reason if error else "",
            "message": words,
            "violations": [{"field": v.field, "description": v.description} for v in violations],
            "request_id": error.request_id if error else "",
        }
        typer.echo(json.dumps({"error": told}), err=True)
    else:
        typer.echo(f"imagewire: {words}", err=True)
        for violation in violations[1:] if len(violations) > 1 else ():
            typer.echo(f"imagewire: {violation.field}: {violation.description}", err=True)
        if error and error.request_id:
            typer.echo(f"imagewire: request id {error.request_id}", err=True)
    raise typer.Exit(code)


@contextmanager
def _progress() -> Iterator[Callable[[Drawing], None]]:
    """A progress line on a terminal: time while the model thinks, then bytes as they arrive."""
    # Imported here: it takes as long as all the rest.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("waiting for the model", total=None)

        def tell(drawing: Drawing) -> None:
            if drawing.frames:
                progress.update(task, description=f"receiving, {drawing.frames} frames", completed=drawing.bytes)

        yield tell
