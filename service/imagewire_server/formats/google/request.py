"""What is read of a request in Google's format: what the core must know to route it and to tell what it may cost.

The request itself goes on as it is. So nothing here refuses a field: whatever has another shape than expected is left
to Google, which says what is wrong with it. But a field in two spellings is refused, because nobody could tell which
one Google takes.
"""

from typing import Any

import msgspec

from imagewire_server.contract import json_scan, pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import MOST_LEVELS
from imagewire_server.contract.native_rules import camel

Json = dict[str, Any]

_MODALITIES = {"TEXT": pb.Modality.MODALITY_TEXT, "IMAGE": pb.Modality.MODALITY_IMAGE}
_PLAIN = frozenset({"text", "thought", "thoughtSignature", "partMetadata", "mediaResolution"})
_MEDIA = pb.Media(uri="media")
_IMAGE = pb.Image(mime_type="image/png")
_READ = frozenset({"contents", "systemInstruction", "serviceTier", "cachedContent"})
_UNKNOWN = "unknown"
_LONGEST_NAME = 64  # that an error quotes
_BAD_JSON = "Invalid JSON payload received."


def spec_of(body: bytes | bytearray, model: str) -> pb.Spec:
    """The spec that stands for a request: it has no pictures' bytes, and texts only for their length.

    Raises InvalidRequest for what is no JSON object, for one of more values or levels than the server reads, and for a
    field that is given in two spellings.
    """
    json_scan.check(body)
    json_scan.check_levels(body, MOST_LEVELS)
    try:
        given = msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _invalid(f"{_BAD_JSON} Expected a value.") from None
    if not isinstance(given, dict):
        raise _invalid(f"{_BAD_JSON} Expected an object.")
    given = _by_name(given)
    spec = pb.Spec(model=model, service_tier=_known(given.get("serviceTier")).lower())
    spec.cached_content = _known(given.get("cachedContent"))
    _read_config(spec, _by_name(given.get("generationConfig")))
    message = spec.messages.add(role=pb.Role.ROLE_USER)
    for content in (*_list(given.get("systemInstruction")), *_list(given.get("contents"))):
        for part in _list(content.get("parts") if isinstance(content, dict) else content):
            _add(message, part)
    # Tools, schemas, and what is not known here are part of the prompt, or smaller than what is.
    others = {name: value for name, value in given.items() if name not in _READ and value is not None}
    if others:
        message.parts.add(text=_json(others))
    return spec


def _invalid(words: str) -> InvalidRequest:
    return InvalidRequest([Violation("", words)])


def _read_config(spec: pb.Spec, config: Json) -> None:
    image = _by_name(config.get("imageConfig"))
    spec.image_config.image_size = _known(image.get("imageSize"))
    spec.image_config.aspect_ratio = _text(image.get("aspectRatio"))
    for modality in _list(config.get("responseModalities")):
        known = _MODALITIES.get(_text(modality).upper(), pb.Modality.MODALITY_IMAGE)
        if known not in spec.response_modalities:
            spec.response_modalities.append(known)
    most = _natural(config.get("maxOutputTokens"))
    if most:
        spec.generation_config.max_output_tokens = most
    if not _is_one(config.get("candidateCount", 1)):
        # Nobody knows what several cost: a caller with a budget cannot ask for them, in whatever form of a number.
        spec.messages.add(role=pb.Role.ROLE_USER).parts.add(media=_MEDIA)


def _add(message: pb.ChatMessage, given: object) -> None:
    """Add what stands for a part: a text of its length, a picture, or media of which nobody knows what they cost."""
    if isinstance(given, str):
        message.parts.add(text=given)
        return
    part = _by_name(given)
    if "inlineData" in part:
        blob = _by_name(part["inlineData"])
        if _text(blob.get("mimeType")).lower().startswith("image/"):
            message.parts.add(image=_IMAGE)
        else:
            message.parts.add(media=_MEDIA)
    if text := _text(part.get("text")):
        message.parts.add(text=text)
    if "fileData" in part:
        message.parts.add(media=_MEDIA)
    for name, value in part.items():
        if name not in _PLAIN and name not in {"inlineData", "fileData"}:
            if isinstance(value, dict) and "parts" in value:
                message.parts.add(media=_MEDIA)
            else:
                message.parts.add(text=_json(value))


def _by_name(given: object) -> Json:
    """An object by its names in camelCase, which Google also takes in snake_case; empty for anything else.

    Raises InvalidRequest where there are two.
    """
    named: Json = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        if (own := camel(name)) in named:
            words = "is given in two spellings, with and without underscores; leave out one of them"
            raise InvalidRequest([Violation(name[:_LONGEST_NAME], words)])
        named[own] = value
    return named


def _list(given: object) -> list[Any]:
    """A list; Google takes a single value in its place."""
    return given if isinstance(given, list) else [] if given is None else [given]


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _known(given: object) -> str:
    """A text that decides the price. In its place Google may take a number: nobody can tell the price then."""
    return "" if given is None else given if isinstance(given, str) else _UNKNOWN


def _natural(given: object) -> int | None:
    """A number from 0 to 2**31 - 1, which may be written as a string; None for anything else."""
    if isinstance(given, str) and given.isdecimal() and len(given) <= 10:
        given = int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**31 else None


def _is_one(given: object) -> bool:
    """Whether a number of candidates is surely 1, as which null counts too."""
    return given is None or given == "1" or (given == 1 and not isinstance(given, bool))


def _json(given: object) -> str:
    return msgspec.json.encode(given).decode()
