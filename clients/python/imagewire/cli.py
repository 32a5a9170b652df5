"""The command imagewire: pictures from the terminal. stdout carries the result, stderr all that is said about it."""

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import imagewire
from imagewire import _files
from imagewire._draw import Drawing
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A model's word that this terminal cannot show is no reason to fail after the drawing.
        sys.stdout.reconfigure(errors="replace")
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
    seed: Annotated[int | None, typer.Option(min=-(2**31), max=2**31 - 1, help="For the same picture again.")] = None,
    timeout: Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds for the whole call.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Draw PROMPT, or edit pictures by it."""
    with _told(as_json=as_json):
        # All that can be wrong here is found before anything is drawn, and paid for.
        if as_json and output == "-":
            raise _invalid("--json and -o - both want stdout: leave one out")
        folder = _folder(output)
        words = _words(prompt)
        spec = _spec(model, words, image or (), aspect_ratio, size, seed)
        with Drawing(folder) as drawing:
            with _client(target) as client, _progress() as tell:
                for event in client.stream_completion(spec=spec, timeout=timeout):
                    drawing.take(event)
                    tell(drawing)
            _deliver(drawing, output, words, as_json=as_json)


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="INVALID_ARGUMENT")


def _folder(output: str | None) -> Path:
    """Where files are made."""
    if output == "-":
        return Path(tempfile.gettempdir())
    path = Path(output or "picture")
    if not path.parent.is_dir():
        raise _invalid(f"-o {path}: there is no folder {path.parent}; make it, or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _invalid(f"the folder {path.parent} is not yours to write into: name a file elsewhere with -o")
    if output and path.exists() and not path.is_file():
        raise _invalid(f"-o {path}: is no file; name one, or use -o - and redirect stdout")
    return path.parent


def _words(prompt: str) -> str:
    try:
        words = sys.stdin.read().strip() if prompt == "-" else prompt
        words.encode()
    except UnicodeError:
        raise _invalid("PROMPT: is no UTF-8; convert it first") from None
    return words


def _spec(model: str, prompt: str, images: Sequence[str], aspect_ratio: str, size: str, seed: int | None) -> Spec:
    try:
        return imagewire.build_spec(model, prompt, images=images, aspect_ratio=aspect_ratio, image_size=size, seed=seed)
    except OSError as error:
        raise _invalid(f"--image {error.filename}: {error.strerror}; name a file that is there") from None
    except ValueError as error:
        raise _invalid(f"an option's value cannot be sent: {error}") from None


def _client(target: str | None) -> imagewire.Client:
    try:
        return imagewire.Client(target)
    except ValueError as error:
        raise _invalid(f"--target: {error}") from None


def _deliver(drawing: Drawing, output: str | None, prompt: str, *, as_json: bool) -> None:
    """Save or print the picture and say what it is."""
    final = drawing.final()
    if final is None:
        if as_json:
            typer.echo(json.dumps(drawing.summary([])))
        nothing = ImagewireError(drawing.why_nothing(), code=Exit.NO_PICTURE.name, reason=drawing.native_reason)
        _fail(Exit.NO_PICTURE, nothing.message, nothing, as_json=as_json)
    file, image = final
    if output == "-":
        file.copy(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        if drawing.further:
            typer.echo(f"imagewire: {drawing.further} further picture(s) not saved: -o - takes one", err=True)
    else:
        saved = drawing.save(lambda mime: Path(output) if output else _files.named_after(prompt, mime, drawing.folder))
        if not _files.fits(saved[0], image.mime_type):
            typer.echo(f"imagewire: note: {saved[0]} holds {image.mime_type}", err=True)
        if as_json:
            typer.echo(json.dumps(drawing.summary(saved)))
        else:
            _describe(saved, image.width, image.height, image.size_bytes, image.sha256.hex(), drawing.text)
    if drawing.drafts and not as_json:
        typer.echo(f"imagewire: {drawing.drafts} draft(s) not saved", err=True)


def _describe(saved: Sequence[Path], width: int, height: int, size: int, sha256: str, text: str) -> None:
    if text:
        typer.echo(text)
    for path in saved[1:]:
        typer.echo(f"{path}  (a further picture of the same answer)")
    pixels = f"{width}x{height}  " if width else ""
    weight = f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
    typer.echo(f"{saved[0]}  {pixels}{weight}  sha256 {sha256}")


@contextmanager
def _told(*, as_json: bool) -> Iterator[None]:
    """Every failure as its words and its exit code."""
    try:
        yield
    except ImagewireError as error:
        code = next((code for kind, code in _EXIT_OF if isinstance(error, kind)), Exit.FAILED)
        hint = f"; try again in {error.retry_after:g} s" if error.retry_after else ""
        _fail(code, error.message + hint, error, as_json=as_json)
    except KeyboardInterrupt:
        _fail(Exit.INTERRUPTED, "interrupted: the call was cancelled and nothing was saved", as_json=as_json)
    except BrokenPipeError:
        # Python flushes stdout once more at its end; it must not fail again there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(Exit.FAILED, "stdout was closed before all was printed", as_json=as_json)
    except OSError as error:
        words = f"{error.filename or 'the picture'}: {error.strerror}; make room, or name a file elsewhere with -o"
        _fail(Exit.FAILED, words, as_json=as_json)


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
        for violation in violations:
            if violation.description not in words:
                typer.echo(f"imagewire: {violation.field}: {violation.description}", err=True)
        if error and error.request_id:
            typer.echo(f"imagewire: request id {error.request_id}", err=True)
    raise typer.Exit(code)


@contextmanager
def _progress() -> Iterator[Callable[[Drawing], None]]:
    """A progress line on a terminal: time while the model thinks, then bytes as they arrive. On a pipe, nothing."""
    # Asked here and not of rich, which takes FORCE_COLOR in a pipe for a terminal.
    if not sys.stderr.isatty():
        yield lambda drawing: None
        return
    # Imported here: it takes as long as all the rest.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("waiting for the model", total=None)

        def tell(drawing: Drawing) -> None:
            if drawing.frames:
                progress.update(task, description=f"receiving, {drawing.frames} frames", completed=drawing.bytes)

        yield tell
