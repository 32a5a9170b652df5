"""Options that several commands share, and what is made of them."""

import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import imagewire
from imagewire.cli import completion
from imagewire.cli.exits import invalid
from imagewire.files import INPUTS, input_type
from imagewire.picture_source import refused_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagewire.options import Options

_LARGEST = 100_000_000
_LONGEST = 1_000_000  # characters of a prompt

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        envvar="IMAGEWIRE_MODEL",
        help="The model.",
        show_default="gemini/gemini-2.5-flash-image",
        autocompletion=completion.models,
    ),
]
Target = Annotated[
    str | None, typer.Option(envvar="IMAGEWIRE_TARGET", help="The server.", show_default="127.0.0.1:50051")
]
TlsCa = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="For TLS: the authorities to trust, in PEM.", show_default=False),
]
TlsCert = Annotated[
    Path | None, typer.Option(metavar="FILE", help="For mutual TLS: your own certificate, in PEM.", show_default=False)
]
TlsKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The private key of --tls-cert, in PEM.", show_default=False)
]
AspectRatio = Annotated[
    str,
    typer.Option(
        help='Width to height, for example "16:9".', show_default=False, autocompletion=completion.aspect_ratios
    ),
]
Size = Annotated[
    str,
    typer.Option(
        help='"512", "1K", "2K" or "4K", or WIDTHxHEIGHT.', show_default=False, autocompletion=completion.sizes
    ),
]
ServiceTier = Annotated[
    str,
    typer.Option(help='"flex", "standard" or "priority".', show_default=False, autocompletion=completion.service_tiers),
]
OutputUri = Annotated[
    str,
    typer.Option(
        metavar="URI",
        help='"gs://bucket/folder/": Vertex AI writes pictures there in place of sending them.',
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option(min=-(2**31), max=2**31 - 1, help="For the same picture again.")]
CacheTtl = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        min=0.0,
        help="Take your own answer to the same request again if it is no older, at no cost; 0 draws in any case.",
        show_default=False,
    ),
]
Timeout = Annotated[float, typer.Option(min=0.001, max=86_400, help="Seconds for each call.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")]
NoPreview = Annotated[bool, typer.Option("--no-preview", help="Show no pictures in the terminal.")]


def client(
    target: str | None, ca: Path | None, cert: Path | None, key: Path | None, *, timeout: float = 600.0
) -> "imagewire.Client":
    """A client. ca, cert, key: files for TLS. Raises InvalidRequest when the target or a file cannot be used."""
    tls = tls_files(ca, cert, key)
    try:
        return imagewire.Client(target, tls=tls or False, timeout=timeout)
    except imagewire.InvalidRequest:
        raise  # it names its argument
    except ValueError as error:
        raise invalid(f"--target: {error}") from None


def tls_files(ca: Path | None, cert: Path | None, key: Path | None) -> "imagewire.Tls | None":
    """The files, None for none. gRPC would report wrong ones as a server that does not answer: they are read here.

    Raises InvalidRequest.
    """
    if ca is None and cert is None and key is None:
        return None
    if (cert is None) != (key is None):
        missing = "--tls-key" if key is None else "--tls-cert"
        raise invalid(f"{missing}: is missing; --tls-cert and --tls-key go together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for option, file in ("--tls-ca", ca), ("--tls-cert", cert), ("--tls-key", key):
        if file is not None and (words := _unreadable(file)):
            raise invalid(f"{option} {file}: {words}")
    try:
        if ca is not None:
            context.load_verify_locations(ca)
    except (OSError, ValueError):
        raise invalid(f"--tls-ca {ca}: has no certificate in PEM") from None
    try:
        if cert is not None and key is not None:
            context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError):
        words = "is no certificate and key in PEM that belong together; the key must not be encrypted"
        raise invalid(f"--tls-cert {cert}, --tls-key {key}: {words}") from None
    return imagewire.Tls(ca=ca, cert=cert, key=key)


def tls_of(target: str | None, ca: Path | None, cert: Path | None, key: Path | None) -> "imagewire.Tls | None":
    """What a client with these options uses for TLS, None for no TLS."""
    files = tls_files(ca, cert, key)
    given = target or os.environ.get("IMAGEWIRE_TARGET") or ""
    return files or (imagewire.Tls() if given.startswith("https://") else None)


def _unreadable(file: Path) -> str:
    """Why a file cannot be read, "" if it can."""
    if file.exists() and not file.is_file():
        return "is no file"
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return str(error.strerror)


def picture(source: str, option: str) -> "imagewire.Image":
    """A picture to edit. Raises InvalidRequest when it cannot be read."""
    if "://" in source or source.startswith("data:"):
        require_text(source, option)
    if source[:5].lower() == "gs://":
        if not input_type(source):
            endings = ", ".join(INPUTS)
            raise invalid(f"{option} {source}: its name must tell its type, and end in one of {endings}")
        return imagewire.image(source)
    try:
        if "://" in source or source.startswith("data:"):
            return imagewire.image(source)
        with Path(source).open("rb") as file:
            # Not by its size: a pipe or a device has none.
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise _unread(source, option, error) from None
    if len(data) > _LARGEST:
        raise invalid(f"{option} {source}: is larger than 100 MB, and no model takes that")
    if refused := refused_type(data):
        raise invalid(f"{option} {source}: is of type {refused}, which no model takes; convert it to PNG, JPEG or WebP")
    try:
        return imagewire.image(data)
    except ValueError as error:
        raise _unread(source, option, error) from None


def _unread(source: str, option: str, error: Exception) -> imagewire.InvalidRequest:
    reason = error.strerror if isinstance(error, OSError) else error
    return invalid(f"{option} {source}: {reason}; name a picture's file that is there")


def require_text(value: str, what: str) -> None:
    """Raise InvalidRequest for an argument that cannot be sent: Python reads odd bytes as surrogates.

    what: its name, for the error.
    """
    try:
        value.encode()
    except UnicodeError:
        raise invalid(f"{what}: is no UTF-8; convert it first") from None


def words_of_stdin(what: str, *, line: bool = False) -> str:
    """All of stdin, or a line of it with its end; "" at the end. what: whose words they are, for errors.

    Raises InvalidRequest for more than a prompt can be.
    """
    try:
        words = sys.stdin.readline(_LONGEST + 1) if line else sys.stdin.read(_LONGEST + 1)
        words.encode()  # Python reads odd bytes as surrogates, where the locale says so
    except UnicodeError:
        raise invalid(f"{what}: is no UTF-8; convert it first") from None
    if len(words) > _LONGEST:
        raise invalid(f"{what}: has more than a million characters; shorten it")
    return words


def checked(model: str, words: "Sequence[str]", options: "Options") -> None:
    """Check options before anything is drawn. Raises InvalidRequest for what cannot be sent."""
    for prompt in words:
        require_text(prompt, "PROMPT")
    try:
        imagewire.build_spec(model, "", **options)
    except ValueError as error:
        raise invalid(f"an option's value cannot be sent: {error}") from None
