"""What a well-formed request may ask of a model: the second half of the API's strictness."""

import hashlib
import hmac
import io
from collections.abc import Iterator
from typing import Any

from PIL import Image, UnidentifiedImageError

from imagewire_emulator.errors import invalid
from imagewire_emulator.models import Model

_SECRET = b"imagewire emulator"
_DATA = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_VERTEX_OPTIONS = ("personGeneration", "prominentPeople", "imageOutputOptions")


def signature(kind: str, content: bytes = b"") -> bytes:
    """The thought signature of a part: of a picture by its bytes, of a call by its name, of text by its kind alone."""
    return hmac.digest(_SECRET, kind.encode() + b"\0" + hashlib.sha256(content).digest(), "sha256")


def check(request: dict[str, Any], model: Model, *, vertex: bool) -> None:
    """Raise ApiError for what this model, on this API, refuses."""
    contents = request.get("contents") or []
    if not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified", "contents")
    for i, content in enumerate(contents):
        if not content.get("parts"):
            path = f"contents[{i}].parts"
            raise invalid(f"* GenerateContentRequest.{path}: contents.parts must not be empty.", path)
    if "systemInstruction" in request and not model.system_instruction and not vertex:
        raise invalid(f"Developer instruction is not enabled for models/{model.id}")
    if "labels" in request and not vertex:
        raise invalid('Invalid JSON payload received. Unknown name "labels": Cannot find field.')
    _check_config(request.get("generationConfig", {}), model, vertex=vertex)
    pictures = 0
    for path, role, part in _parts(contents):
        pictures += _check_part(part, path)
        if model.series == 3 and role == "model":
            _check_signature(part, path)
    if pictures > model.max_images:
        raise invalid(f"Too many images in the request: {pictures}, the limit is {model.max_images}", "contents")


def _parts(contents: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for i, content in enumerate(contents):
        for j, part in enumerate(content["parts"]):
            yield f"contents[{i}].parts[{j}]", content.get("role", "user"), part


def _check_part(part: dict[str, Any], path: str) -> int:
    kinds = [kind for kind in _DATA if kind in part]
    if len(kinds) != 1:
        raise invalid(
            f"* GenerateContentRequest.{path}.data: required oneof field 'data' must have one initialized field", path
        )
    if kinds == ["inlineData"]:
        blob = part["inlineData"]
        try:
            with Image.open(io.BytesIO(blob.get("data", b""))) as picture:
                picture.verify()
                actual = picture.get_format_mimetype()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
            raise invalid("Unable to process input image. Please retry or report in troubleshooting") from None
        if actual != blob.get("mimeType"):
            raise invalid(f"Unable to process input image: it is {actual}, not {blob.get('mimeType')}")
    return int(kinds[0] in {"inlineData", "fileData"})


def _check_signature(part: dict[str, Any], path: str) -> None:
    given = part.get("thoughtSignature")
    if "inlineData" in part and not part.get("thought"):
        wanted, word = signature("image", part["inlineData"]["data"]), "Image part"
    elif "functionCall" in part:
        wanted, word = signature("call", part["functionCall"]["name"].encode()), "Function call"
    else:
        wanted, word = signature("text"), ""
    if given is None and word:
        raise invalid(f"{word} is missing a thought_signature in {path}. This is required for this model.", path)
    if given is not None and given != wanted:
        raise invalid(f"Thought signature is not valid in {path}.", path)


def _check_config(config: dict[str, Any], model: Model, *, vertex: bool) -> None:
    if "AUDIO" in config.get("responseModalities", ()):
        raise invalid("The requested combination of response modalities (AUDIO) is not supported by the model.")
    if config.get("candidateCount", 1) != 1:
        raise invalid(f"Multiple candidates is not enabled for models/{model.id}")
    if "thinkingConfig" in config and model.series < 3:
        raise invalid("Thinking is not enabled for this model", "generation_config.thinking_config")
    for name, low, high in (("temperature", 0, 2), ("topP", 0, 1)):
        if not low <= config.get(name, low) <= high:
            raise invalid(f"* GenerateContentRequest.generation_config.{name}: must be in the range [{low}, {high}]")
    image = config.get("imageConfig", {})
    ratio, size = image.get("aspectRatio"), image.get("imageSize")
    if ratio is not None and ratio not in model.ratios:
        raise invalid(f"aspect_ratio must be one of {', '.join(model.ratios)}", "generation_config.image_config")
    if size is not None and (not model.takes_size or size not in model.tokens):
        raise invalid(f"image_size {size!r} is not supported by {model.id}", "generation_config.image_config")
    for option in _VERTEX_OPTIONS:
        if option in image and not vertex:
            raise invalid(f'Invalid JSON payload received. Unknown name "{option}": Cannot find field.')
