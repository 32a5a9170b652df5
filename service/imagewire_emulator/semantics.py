"""Checks what a well-formed request may ask of a model, as the API does after checking the format."""

import base64
import hashlib
import hmac
import io
from collections.abc import Iterator
from typing import Any

from PIL import Image, UnidentifiedImageError

from imagewire_emulator import native_parts
from imagewire_emulator.errors import invalid, unknown_name
from imagewire_emulator.models import Model

Json = dict[str, Any]

_SECRET = b"imagewire emulator"
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
_VERTEX_OPTIONS = ("personGeneration", "prominentPeople", "imageOutputOptions")
_GEMINI_PARTS = ("toolCall", "toolResponse", "partMetadata")
# Google's documented placeholder for the signature of a part that it did not sign. Clients send it plain or in base64.
_UNSIGNED = b"skip_thought_signature_validator"
_UNSIGNED_FORMS = (_UNSIGNED, base64.urlsafe_b64decode(_UNSIGNED))


def signature(kind: str, content: bytes = b"") -> bytes:
    """The thought signature of a part.

    It is calculated from the bytes of a picture, the name of a call, the kind of native data, and nothing for text.
    """
    return hmac.digest(_SECRET, kind.encode() + b"\0" + hashlib.sha256(content).digest(), "sha256")


CONTINUATION = base64.b64encode(signature("continuation")).decode()


def check(request: Json, model: Model, *, vertex: bool) -> None:
    """Raise ApiError for anything that this model refuses on this API."""
    contents = request.get("contents") or []
    if not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified", "contents")
    for i, content in enumerate(contents):
        if not content.get("parts"):
            path = f"contents[{i}].parts"
            raise invalid(f"* GenerateContentRequest.{path}: contents.parts must not be empty.", path)
    if "systemInstruction" in request and not model.system_instruction and not vertex:
        raise invalid(f"Developer instruction is not enabled for models/{model.id}")
    _check_place(request, vertex=vertex)
    _check_config(request.get("generationConfig", {}), model, vertex=vertex)
    if request.get("continuationToken") not in (None, base64.b64decode(CONTINUATION)):
        raise invalid("The continuation token is not valid.", "continuation_token")
    pictures = 0
    for path, role, part in _parts(contents):
        pictures += _check_part(part, path, vertex=vertex)
        if model.series == 3 and role == "model":
            _check_signature(part, path)
    if pictures > model.max_images:
        raise invalid(f"Too many images in the request: {pictures}, the limit is {model.max_images}", "contents")


def _check_place(request: Json, *, vertex: bool) -> None:
    """Check fields that only one of the two APIs has."""
    for name in ("labels", "outputConfig"):
        if name in request and not vertex:
            raise unknown_name(name)
    prefix = request.get("outputConfig", {}).get("outputUriPrefix", "gs://")
    if not prefix.startswith("gs://"):
        raise invalid("The output URI prefix must be a Cloud Storage URI: gs://...", "output_config.output_uri_prefix")
    for i, setting in enumerate(request.get("safetySettings", ())):
        if "method" in setting and not vertex:
            raise unknown_name("method", f"safety_settings[{i}]")
    for i, tool in enumerate(request.get("tools", ())):
        search = tool.get("googleSearch", {})
        for name in ("timeRangeFilter",) if vertex else ("excludeDomains", "blockingConfidence"):
            if name in search:
                raise unknown_name(name, f"tools[{i}].google_search")


def _parts(contents: list[Json]) -> Iterator[tuple[str, str, Json]]:
    for i, content in enumerate(contents):
        for j, part in enumerate(content["parts"]):
            yield f"contents[{i}].parts[{j}]", content.get("role", "user"), part


def _check_part(part: Json, path: str, *, vertex: bool) -> int:
    """Check a part, and return its number of pictures."""
    kinds = [kind for kind in _DATA if kind in part]
    if len(kinds) != 1:
        raise invalid(
            f"* GenerateContentRequest.{path}.data: required oneof field 'data' must have one initialized field", path
        )
    for name in _GEMINI_PARTS if vertex else ():
        if name in part:
            raise unknown_name(name, path)
    pictures = _check_picture(part)
    for i, inner in enumerate(part.get("functionResponse", {}).get("parts", ())):
        if ("inlineData" in inner) == ("fileData" in inner):
            inside = f"{path}.function_response.parts[{i}].data"
            raise invalid(
                f"* GenerateContentRequest.{inside}: required oneof field 'data' must have one initialized field", path
            )
        pictures += _check_picture(inner)
    return pictures


def _check_picture(part: Json) -> int:
    """1 for a picture, 0 for anything else."""
    blob = part.get("inlineData")
    if blob is None:
        return int("fileData" in part)
    given = blob.get("mimeType", "")
    if given.startswith(("audio/", "video/", "text/", "application/")):
        return 0
    try:
        with Image.open(io.BytesIO(blob.get("data", b""))) as picture:
            picture.verify()
            actual = picture.get_format_mimetype()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise invalid("Unable to process input image. Please retry or report in troubleshooting") from None
    if actual != given:
        raise invalid(f"Unable to process input image: it is {actual}, not {given or None}")
    return 1


def _check_signature(part: Json, path: str) -> None:
    given = part.get("thoughtSignature")
    kind = native_parts.kind(part)
    blob = part.get("inlineData", {})
    if blob.get("mimeType", "").startswith("image/") and not part.get("thought"):
        wanted, word = signature("image", blob["data"]), "Image part"
    elif kind == "functionCall":
        wanted, word = signature("call", part["functionCall"]["name"].encode()), "Function call"
    else:
        wanted, word = signature(*native_parts.signed_by(kind)), ""
    if given is None and word:
        raise invalid(f"{word} is missing a thought_signature in {path}. This is required for this model.", path)
    if given not in (None, wanted, *_UNSIGNED_FORMS):
        raise invalid(f"Thought signature is not valid in {path}.", path)


def _check_config(config: Json, model: Model, *, vertex: bool) -> None:
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
            raise unknown_name(option, "generation_config.image_config")
