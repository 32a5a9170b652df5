"""Options that several commands share, and what is made of them."""

from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli.exits import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagewire.options import Options

Model = Annotated[
    str,
    typer.Option(
        "--model", "-m", envvar="IMAGEWIRE_MODEL", help="The model.", show_default="gemini/gemini-2.5-flash-image"
    ),
]
Target = Annotated[
    str | None, typer.Option(envvar="IMAGEWIRE_TARGET", help="The server.", show_default="127.0.0.1:50051")
]
AspectRatio = Annotated[str, typer.Option(help='Width to height, for example "16:9".', show_default=False)]
Size = Annotated[str, typer.Option(help='"512", "1K", "2K" or "4K".', show_default=False)]
ServiceTier = Annotated[str, typer.Option(help='"flex", "standard" or "priority".', show_default=False)]
OutputUri = Annotated[
    str,
    typer.Option(
        metavar="URI",
        help='"gs://bucket/folder/": Vertex AI writes pictures there in place of sending them.',
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option(min=-(2**31), max=2**31 - 1, help="For the same picture again.")]
Timeout = Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds for each call.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")]
NoPreview = Annotated[bool, typer.Option("--no-preview", help="Show no pictures in the terminal.")]


def client(target: str | None) -> "imagewire.Client":
    """A client. Raises InvalidRequest when the target is not an address."""
    try:
        return imagewire.Client(target)
    except ValueError as error:
        raise invalid(f"--target: {error}") from None


def picture(source: str, option: str) -> "imagewire.Image":
    """A picture to edit. Raises InvalidRequest when it cannot be read."""
    try:
        return imagewire.image(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise invalid(f"{option} {source}: {reason}; name a picture's file that is there") from None


def checked(model: str, words: "Sequence[str]", options: "Options") -> None:
    """Check options before anything is drawn. Raises InvalidRequest for what cannot be sent."""
    for prompt in words:
        try:
            prompt.encode()
        except UnicodeError:
            raise invalid("PROMPT: is no UTF-8; convert it first") from None
    try:
        imagewire.build_spec(model, "", **options)
    except ValueError as error:
        raise invalid(f"an option's value cannot be sent: {error}") from None
