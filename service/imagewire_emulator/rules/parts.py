"""The rules of parts and of their pictures."""

import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from imagewire_emulator.errors import broken, invalid
from imagewire_emulator.models import Model

Json = dict[str, Any]

_DATA = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
)
DRAWABLE = ("image/png", "image/jpeg", "image/webp")  # of these, an edit shows the picture
_HEIF = ("image/heic", "image/heif")
_OTHER_FAMILIES = ("audio/", "video/", "text/")
_DOCUMENTS = ("application/pdf", "application/json", "application/xml", "application/rtf", "application/x-javascript")
BAD_PICTURE = (
    "Unable to process input image. Please retry or report in"
    " https://developers.generativeai.google/guide/troubleshooting"
)


def check(contents: list[Json], model: Model, *, vertex: bool) -> None:
    """Raise ApiError for a part without data or with several kinds of it, and for pictures that are not taken."""
    pictures = letters = 0
    for i, content in enumerate(contents):
        for j, part in enumerate(content["parts"]):
            pictures += _check_part(part, f"contents[{i}].parts[{j}]", vertex=vertex)
            letters += len(part.get("text", ""))
    if pictures > model.max_images:
        raise invalid(f"Too many images in the request: {pictures}, the limit is {model.max_images}")
    if letters // 4 > model.input_tokens:
        raise invalid(
            f"The input token count ({letters // 4}) exceeds the maximum number of tokens allowed"
            f" ({model.input_tokens})."
        )


def _check_part(part: Json, path: str, *, vertex: bool) -> int:
    """Check a part, and return its number of pictures."""
    kinds = [kind for kind in _DATA if kind in part]
    if len(kinds) != 1:
        raise broken(f"{path}.data", "required oneof field 'data' must have one initialized field")
    if vertex and part.get("text") == "":
        raise invalid(
            "Unable to submit request because it has an empty text parameter."
            " Add a value to the parameter and try again."
        )
    for kind, name in (("functionCall", "function_call"), ("functionResponse", "function_response")):
        if kind in part and not part[kind].get("name"):
            raise broken(f"{path}.{name}.name", "Name cannot be empty.")
    pictures = _check_file(part, path, vertex=vertex)
    for i, inner in enumerate(part.get("functionResponse", {}).get("parts", ())):
        if ("inlineData" in inner) == ("fileData" in inner):
            where = f"{path}.function_response.parts[{i}].data"
            raise broken(where, "required oneof field 'data' must have one initialized field")
        pictures += _check_file(inner, f"{path}.function_response.parts[{i}]", vertex=vertex)
    return pictures


def _check_file(part: Json, path: str, *, vertex: bool) -> int:
    """1 for a picture, 0 for anything else."""
    if "fileData" in part:
        return _check_uri(part["fileData"], path, vertex=vertex)
    if "inlineData" not in part:
        return 0
    return check_bytes(part["inlineData"].get("mimeType", ""), part["inlineData"].get("data", b""), vertex=vertex)


def check_bytes(given: str, data: bytes | bytearray, *, vertex: bool) -> int:
    """1 for a picture, 0 for anything else. Raises ApiError for bytes that are not what their media type says."""
    if not _is_picture(given, vertex=vertex):
        return 0
    actual = (given if data[4:8] == b"ftyp" else "") if given in _HEIF else _type_of(data)
    if not actual:
        raise invalid(BAD_PICTURE)
    if actual != given:
        raise invalid(f"Unable to process input image: it is {actual}, not {given}")
    return 1


def _check_uri(file: Json, path: str, *, vertex: bool) -> int:
    """1 for a picture, or a file of an unknown type, 0 for anything else."""
    for name, needed in (("fileUri", True), ("mimeType", vertex)):
        if needed and not file.get(name):
            if vertex:
                words = f"it has an empty {name} parameter in fileData. Add a value to the parameter and try again."
                raise invalid(f"Unable to submit request because {words}")
            raise broken(f"{path}.file_data.file_uri", "file_uri must not be empty.")
    return int(not file.get("mimeType") or _is_picture(file["mimeType"], vertex=vertex))


def _is_picture(given: str, *, vertex: bool) -> bool:
    """Whether a media type is a picture's. Raises ApiError for one that is not taken."""
    if given in DRAWABLE or given in _HEIF:
        return True
    if given.startswith(_OTHER_FAMILIES) or given in _DOCUMENTS:
        return False
    if vertex:
        words = f"it has a mimeType parameter with value {given}, which is not supported. Update the mimeType"
        raise invalid(f"Unable to submit request because {words} and try again.")
    raise invalid(f"Unsupported MIME type: {given}")


def _type_of(data: bytes | bytearray) -> str:
    """The media type of a picture, "" for anything else."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.verify()
            return picture.get_format_mimetype() or ""
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return ""
