"""imagewire show: describe a picture's file, without a server."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagewire.cli import preview, shared_options
from imagewire.cli.exits import failures_reported, invalid
from imagewire.cli.output import printable, put

if TYPE_CHECKING:
    import PIL.Image

# Longer text is cut; --json has all of it.
_LONGEST = 200


def show(
    file: Annotated[Path, typer.Argument(help="A picture.")],
    no_preview: shared_options.NoPreview = False,
    as_json: shared_options.AsJson = False,
) -> None:
    """Tell what a picture's file says of itself.

    Its format, width, height, size and sha256; text, EXIF and the presence of C2PA, where it has them.
    """
    with failures_reported(as_json=as_json):
        facts = _facts(file)
        if as_json:
            put(json.dumps(facts))
            return
        if (screen := preview.screen(wanted=not no_preview)) is not None:
            screen.show(file)
        from imagewire.cli.report import weight

        pixels = f"{facts['width']}x{facts['height']}"
        size = weight(facts["size_bytes"])
        put(f"{printable(str(file))}  {facts['format']}  {pixels}  {size}  sha256 {facts['sha256']}")
        said = {**facts["text"], **facts["exif"]}
        for name, value in said.items():
            text = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
            put(f"{printable(name)}: {printable(text)}")
        if facts["c2pa"]:
            put("C2PA: holds a manifest of its origin")


def _facts(file: Path) -> dict[str, Any]:
    """Sizes in bytes and pixels. Raises InvalidRequest when the file is no picture."""
    import PIL.Image

    if file.exists() and not file.is_file():
        raise invalid(f"{file}: is no file; name a picture's file")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise invalid(f"{file}: {error.strerror}; name a picture's file") from None
    try:
        with PIL.Image.open(file) as picture:
            picture.load()
            return {
                "file": str(file),
                "format": picture.format,
                "mime_type": picture.get_format_mimetype(),
                "width": picture.width,
                "height": picture.height,
                "size_bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "text": _text(picture),
                "exif": _exif(picture),
                "c2pa": _signed(picture),
            }
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        raise invalid(f"{file}: is no picture, or a damaged one") from None


def _text(picture: "PIL.Image.Image") -> dict[str, str]:
    """A PNG's text chunks, a JPEG's comment."""
    said = dict(getattr(picture, "text", {}))
    if isinstance(comment := picture.info.get("comment"), bytes):
        said["comment"] = comment.decode(errors="replace")
    return {str(name): str(value) for name, value in said.items()}


def _exif(picture: "PIL.Image.Image") -> dict[str, str]:
    import PIL.ExifTags

    return {PIL.ExifTags.TAGS.get(tag, f"EXIF {tag:#x}"): str(value) for tag, value in picture.getexif().items()}


def _signed(picture: "PIL.Image.Image") -> bool:
    """Whether a C2PA manifest is inside: a PNG's caBX chunk, a JPEG's JUMBF in APP11."""
    chunks = getattr(picture, "private_chunks", ())
    segments = getattr(picture, "applist", ())
    return any(chunk[0] == b"caBX" for chunk in chunks) or any(
        name == "APP11" and b"c2pa" in body for name, body in segments
    )
