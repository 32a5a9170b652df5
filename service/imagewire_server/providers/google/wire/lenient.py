"""Answers that differ from the usual shape, read as far as they can be: nothing odd makes its neighbours unreadable.

What proto3 JSON takes is taken: null for absent, names in snake_case, numbers as strings, one object where a list
stands, base64 of every spelling. What this server has no field for is kept as JSON text under Google's name; what is no
JSON, or not what its field holds, is left out, and its path is reported.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from imagewire_server.contract.errors import Malformed
from imagewire_server.providers.google.wire import json_texts, response_types
from imagewire_server.providers.google.wire.json_texts import Omit

_URI = re.compile("(gs|https)://")
_LONGEST_URI, _LONGEST_NAME = 2048, 256
# As many as the contract lets a request say.
_MOST_BESIDE = 32
_FINISH_NUMBERS = {0: "FINISH_REASON_UNSPECIFIED", 1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}

Fields = dict[str, str]


def part(text: bytes, omit: Omit) -> tuple[response_types.Part, tuple[str, str] | None, Fields]:
    """A part; the kind and JSON text of content that this server does not know; the other fields."""
    made, native, beside = response_types.Part(), None, Fields()
    for name, raw in json_texts.present(text, omit):
        try:
            match name:
                case "thought":
                    made.thought = json_texts.boolean(raw)
                case "thoughtSignature":
                    made.thought_signature = json_texts.base64(raw)
                case "text":
                    made.text = json_texts.string(raw)
                case "inlineData":
                    made.inline_data = _blob(raw, omit)
                case "fileData" if (file := _file(raw)) is not None:
                    made.file_data = file
                case "functionCall" if (call := _call(raw)) is not None:
                    made.function_call = call
                case _:
                    beside[name] = json_texts.text_of(raw)
        except ValueError:
            omit(name)
    if made.inline_data is None and made.file_data is None and made.function_call is None and not made.text:
        kind = next((name for name in beside if name not in _SIDE), next(iter(beside), None))
        if kind is not None:
            native = kind, beside.pop(kind)
    for name in list(beside)[_MOST_BESIDE:]:
        del beside[name]
        omit(name)
    return made, native, beside


# Fields that may accompany any content; alone they are content too.
_SIDE = frozenset({"videoMetadata", "partMetadata", "mediaResolution"})


def candidate(text: bytes, omit: Omit) -> tuple[response_types.CandidateRemainder, Fields]:
    """A candidate without its parts, and the fields that this server does not know."""
    made, beside = response_types.CandidateRemainder(), Fields()
    for name, raw in json_texts.present(text, omit):
        try:
            match name:
                case "content":
                    _content(raw, omit)
                case "index":
                    made.index = json_texts.count(raw, 2**31 - 1)
                case "finishReason":
                    made.finish_reason = json_texts.enum(raw, _FINISH_NUMBERS)
                case "finishMessage":
                    made.finish_message = json_texts.string(raw)
                case "continuationToken":
                    made.continuation_token = json_texts.base64(raw)
                case "safetyRatings":
                    made.safety_ratings = _ratings(raw, omit)
                case "groundingMetadata" | "citationMetadata" if isinstance(json_texts.value(raw), dict):
                    setattr(made, json_texts.snake(name), msgspec.Raw(json_texts.text_of(raw).encode()))
                case _:
                    beside[name] = json_texts.text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def answer_remainder(text: bytes, omit: Omit) -> tuple[response_types.AnswerRemainder, Fields]:
    """An answer without its candidates, and the fields that this server does not know."""
    made, beside = response_types.AnswerRemainder(), Fields()
    for name, raw in json_texts.present(text, omit):
        try:
            match name:
                case "candidates":
                    _check_emitted(raw)
                case "promptFeedback":
                    made.prompt_feedback = _feedback(raw, omit)
                case "usageMetadata":
                    made.usage_metadata = _usage(raw, omit)
                case "modelVersion":
                    made.model_version = json_texts.string(raw)
                case "responseId":
                    made.response_id = json_texts.string(raw)
                case "modelStatus":
                    made.model_status = _status(raw, omit)
                case "error":
                    made.error = json_texts.value(raw)
                case _:
                    beside[name] = json_texts.text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def _check_emitted(raw: bytes) -> None:
    """Check that a list, nested to any depth, has only what was emitted before. Raises ValueError otherwise."""
    for element in json_texts.listed(raw):
        if element[:1] == b"[":
            _check_emitted(element)
        elif element != b"0":
            raise ValueError("not emitted before")


def _content(raw: bytes, omit: Omit) -> None:
    """Content whose parts were emitted before: anything else in it is left out."""
    for element in json_texts.listed(raw):
        if element[:1] == b"[":
            _content(element, omit)
            continue
        for name, inside in json_texts.fields(element).items():
            try:
                if name == "parts":
                    _check_emitted(inside)
                elif name != "role":
                    omit(f"content.{name}")
            except ValueError:
                omit("content.parts")


def _blob(raw: bytes, omit: Omit) -> response_types.Blob:
    """A blob whose bytes were read while they came; what is no string in their place is a picture that is lost."""
    given = json_texts.fields(raw)
    mime_type = _or_empty(json_texts.string, given, "mimeType")
    if not given.get("data", b'""').startswith(b'"'):
        if not mime_type.lower().startswith("image/"):
            raise ValueError("no picture")
        raise Malformed("the provider sent a picture that is not a base64 string; it may have been charged")
    display_name = _or_empty(json_texts.string, given, "displayName")
    if len(display_name) > _LONGEST_NAME:
        display_name = ""
        omit("inlineData.displayName")
    for name in given.keys() - {"mimeType", "data", "displayName"}:
        omit(f"inlineData.{name}")
    return response_types.Blob(mime_type, b"", display_name)


def _file(raw: bytes) -> response_types.File | None:
    """A file, None when it is of another shape: then it is passed on as it is."""
    try:
        given = json_texts.fields(raw)
        if "fileUri" not in given or given.keys() - {"fileUri", "mimeType", "displayName"}:
            return None
        uri, *others = (
            json_texts.string(given[name]) if name in given else "" for name in ("fileUri", "mimeType", "displayName")
        )
    except ValueError:
        return None
    if not _URI.match(uri) or len(uri) > _LONGEST_URI or len(others[1]) > _LONGEST_NAME:
        return None
    return response_types.File(uri, *others)


def _call(raw: bytes) -> response_types.Call | None:
    """A function call, None when it is of another shape: then it is passed on as it is."""
    try:
        given = json_texts.fields(raw)
        if "name" not in given or given.keys() - {"name", "id", "args"}:
            return None
        name, args = json_texts.string(given["name"]), given.get("args", b"")
        number = json_texts.string(given["id"]) if "id" in given else ""
        if not 1 <= len(name) <= 128 or len(number) > _LONGEST_NAME:
            return None
        if args and not isinstance(json_texts.value(args), dict):
            return None
        made = response_types.Call(name, number)
        made.args = msgspec.Raw(args.decode("utf-8", "replace").encode())
    except ValueError:
        return None
    return made


def _or_empty(read: Callable[[bytes], str], given: dict[str, bytes], name: str) -> str:
    try:
        return read(given[name]) if name in given else ""
    except ValueError:
        return ""


def _ratings(raw: bytes, omit: Omit) -> list[response_types.Rating]:
    made = []
    for element in json_texts.listed(raw):
        rating = response_types.Rating()
        try:
            given = json_texts.fields(element)
        except ValueError:
            omit("safetyRatings[*]")
            continue
        _fill(rating, given, _RATING, lambda name: omit(f"safetyRatings[*].{name}"))
        made.append(rating)
    return made


def _feedback(raw: bytes, omit: Omit) -> response_types.Feedback:
    made, given = response_types.Feedback(), json_texts.fields(raw)
    if "safetyRatings" in given:
        made.safety_ratings = _ratings(given.pop("safetyRatings"), lambda name: omit(f"promptFeedback.{name}"))
    _fill(made, given, _FEEDBACK, lambda name: omit(f"promptFeedback.{name}"))
    return made


def _status(raw: bytes, omit: Omit) -> response_types.ModelStatus:
    made = response_types.ModelStatus()
    _fill(made, json_texts.fields(raw), _STATUS, lambda name: omit(f"modelStatus.{name}"))
    return made


def _word(raw: bytes) -> str:
    return json_texts.enum(raw, {})


_RATING: dict[str, Callable[[bytes], Any]] = {
    "category": json_texts.string,
    "probability": json_texts.string,
    "blocked": json_texts.boolean,
    "probabilityScore": json_texts.number,
    "severity": json_texts.string,
    "severityScore": json_texts.number,
}
_FEEDBACK: dict[str, Callable[[bytes], Any]] = {"blockReason": _word, "blockReasonMessage": json_texts.string}
_STATUS: dict[str, Callable[[bytes], Any]] = {
    "modelStage": _word,
    "retirementTime": json_texts.string,
    "message": json_texts.string,
}


def _fill(into: Any, given: dict[str, bytes], readers: dict[str, Callable[[bytes], Any]], omit: Omit) -> None:
    """Set the fields that can be read; the others are left out."""
    for name, raw in given.items():
        try:
            setattr(into, json_texts.snake(name), readers[name](raw))
        except (KeyError, ValueError):
            omit(name)


def _usage(raw: bytes, omit: Omit) -> response_types.UsageMetadata:
    """Counts that are none are left out."""
    made = response_types.UsageMetadata()
    given = json_texts.fields(raw)
    for name in response_types.UsageMetadata.__struct_fields__:
        key = json_texts.camel(name)
        if key not in given:
            continue
        try:
            if name.endswith("_details"):
                setattr(made, name, _tokens(given[key]))
            else:
                setattr(made, name, (json_texts.count if name.endswith("_count") else json_texts.string)(given[key]))
        except ValueError:
            omit(f"usageMetadata.{key}")
    return made


def _tokens(raw: bytes) -> list[response_types.Tokens]:
    made = []
    for element in json_texts.listed(raw):
        given = json_texts.fields(element)
        modality = _or_empty(lambda found: json_texts.enum(found, {}), given, "modality")
        made.append(
            response_types.Tokens(modality, json_texts.count(given["tokenCount"]) if "tokenCount" in given else 0)
        )
    return made
