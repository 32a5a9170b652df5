"""imagewire show: describe a picture's file, without a server."""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagewire.cli import preview, shared_options
from imagewire.cli.exits import failures_reported, invalid
from imagewire.cli.output import printable, put, shortened

if TYPE_CHECKING:
    from io import BufferedReader

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

    try:
        if file.exists() and not file.is_file():
            raise invalid(f"{file}: is no file; name a picture's file")
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            return {"file": str(file), **_described(opened), "size_bytes": size, "sha256": _sha256(opened)}
    except OSError as error:
        raise invalid(f"{shortened(str(file))}: {error.strerror}; name a picture's file") from None
    except (ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        raise invalid(f"{file}: is no picture, or a damaged one") from None


def _sha256(opened: "BufferedReader") -> str:
    opened.seek(0)
    return hashlib.file_digest(opened, "sha256").hexdigest()


def _described(opened: "BufferedReader") -> dict[str, Any]:
    """What Pillow reads. Raises ValueError, SyntaxError or DecompressionBombError for what is no picture."""
    import PIL.Image

    try:
        with PIL.Image.open(opened) as picture:
            picture.load()
            return {
                "format": picture.format,
                "mime_type": picture.get_format_mimetype(),
                "width": picture.width,
                "height": picture.height,
                "text": _text(picture),
                "exif": _exif(picture),
                "c2pa": _signed(picture),
            }
    except OSError as error:  # Pillow's errors about the content
        raise ValueError from error


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
