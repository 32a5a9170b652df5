"""imagewire get: saves the files of an answer, or a picture, that the server keeps."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import drawings, shared_options
from imagewire.cli.exits import failures_reported, invalid
from imagewire.cli.output_path import output_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagewire.cli.drawing import Drawing
    from imagewire.cli.progress import Update

_PICTURE = "img-"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def get(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Of an answer or a picture, as `history` has it.")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="A file, a folder, or - for stdout. Default: here, named from the prompt."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the file that -o names.")] = False,
    target: shared_options.Target = None,
    tls_ca: shared_options.TlsCa = None,
    tls_cert: shared_options.TlsCert = None,
    tls_key: shared_options.TlsKey = None,
    timeout: shared_options.Timeout = 600.0,
    no_preview: shared_options.NoPreview = False,
    as_json: shared_options.AsJson = False,
) -> None:
    """Save what the server keeps: the files of an answer, or one picture. Nothing is drawn or charged."""
    from imagewire.cli import running, saving

    with failures_reported(as_json=as_json):
        for ident in ids:
            if not ident:
                raise invalid("ID: is empty; name an answer or a picture, as `imagewire history` lists them")
            shared_options.require_text(ident, "ID")
        several = len(ids) > 1
        with (
            output_path(output, several=several, overwrite=force, as_json=as_json) as goal,
            shared_options.client(target, tls_ca, tls_cert, tls_key, timeout=timeout) as client,
        ):

            def one(ident: str, about: None, progress: "Update") -> "Drawing":
                name = drawings.prompt_of(ident) or ident
                return saving.saved(_growing(client, ident), name, goal, progress)

            asked = [(ident, None) for ident in ids]
            failure = running.run(client, asked, one, goal, previewed=not no_preview, as_json=as_json)
    if failure is not None:
        raise typer.Exit(failure.code)


def _growing(client: "imagewire.Client", ident: str) -> "Iterator[tuple[imagewire.Answer, imagewire.Chunk]]":
    """What the id names, as it arrives. A picture alone is an answer with nothing else in it."""
    if _UUID.fullmatch(ident):
        yield from client.resume(request_id=ident)
    elif not ident.startswith(_PICTURE):
        yield from client.resume(completion_id=ident)
    else:
        image = client.download(ident)
        answer = imagewire.Answer(parts=[imagewire.Part(image=image)])
        yield answer, imagewire.Chunk(data=image.data)
        yield answer, imagewire.Chunk(image=image)
