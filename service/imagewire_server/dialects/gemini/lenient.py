"""Answers that differ from the usual shape, read as far as they can be: nothing odd costs what stands beside it.

What proto3 JSON takes is taken: null for absent, names in snake_case, numbers as strings, one object where a list
stands, base64 of every spelling. What this server has no field for is kept as JSON text under Google's name; what is no
JSON, or not what its field holds, is left out, and its path is told.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from imagewire_server.contract.errors import Malformed
from imagewire_server.dialects.gemini import answer
from imagewire_server.dialects.gemini.base64_stream import decoded
from imagewire_server.dialects.gemini.members import elements, members

_SNAKE = re.compile(r"_([a-z0-9])")
_FINISH_NUMBERS = {0: "FINISH_REASON_UNSPECIFIED", 1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}

Omit = Callable[[str], None]
Fields = dict[str, str]


class _Odd(ValueError):
    """A value is not what its field holds."""


def value(raw: bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what is none, for endless numbers, and for endless nesting."""
    try:
        return json.loads(raw.decode("utf-8", "replace"), parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise _Odd from error


def text_of(raw: bytes | msgspec.Raw) -> str:
    """A JSON text as it came. Raises ValueError when it is none."""
    text = bytes(raw).decode("utf-8", "replace")
    value(text.encode())
    return text


def part(text: bytes, omit: Omit) -> tuple[answer.Part, tuple[str, str] | None, Fields]:
    """A part; the kind and JSON text of content that this server does not know; the fields beside the content."""
    made, native, beside = answer.Part(), None, Fields()
    for name, raw in _present(text, omit):
        try:
            match name:
                case "thought":
                    made.thought = _boolean(raw)
                case "thoughtSignature":
                    made.thought_signature = _bytes(raw)
                case "text":
                    made.text = _string(raw)
                case "inlineData":
                    made.inline_data = _blob(raw)
                case "fileData" if (file := _file(raw)) is not None:
                    made.file_data = file
                case "functionCall" if (call := _call(raw)) is not None:
                    made.function_call = call
                case _:
                    beside[name] = text_of(raw)
        except ValueError:
            omit(name)
    if made.inline_data is None and made.file_data is None and made.function_call is None and not made.text:
        kind = next((name for name in beside if name not in _SIDE), next(iter(beside), None))
        if kind is not None:
            native = kind, beside.pop(kind)
    return made, native, beside


# What may stand beside any content; alone it is content too.
_SIDE = frozenset({"videoMetadata", "partMetadata", "mediaResolution"})


def candidate(text: bytes, omit: Omit) -> tuple[answer.CandidateRest, Fields]:
    """What is beside a candidate's parts, and the fields that this server does not know."""
    made, beside = answer.CandidateRest(), Fields()
    for name, raw in _present(text, omit):
        try:
            match name:
                case "content":
                    pass
                case "index":
                    made.index = _count(raw)
                case "finishReason":
                    made.finish_reason = _enum(raw, _FINISH_NUMBERS)
                case "finishMessage":
                    made.finish_message = _string(raw)
                case "safetyRatings":
                    made.safety_ratings = _ratings(raw)
                case "groundingMetadata" | "citationMetadata" if isinstance(value(raw), dict):
                    setattr(made, _snake(name), msgspec.Raw(text_of(raw).encode()))
                case _:
                    beside[name] = text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def rest(text: bytes, omit: Omit) -> tuple[answer.AnswerRest, Fields]:
    """What is beside an answer's candidates, and the fields that this server does not know."""
    made, beside = answer.AnswerRest(), Fields()
    for name, raw in _present(text, omit):
        try:
            match name:
                case "candidates":
                    pass
                case "promptFeedback":
                    made.prompt_feedback = _feedback(raw)
                case "usageMetadata":
                    made.usage_metadata = _usage(raw, omit)
                case "modelVersion":
                    made.model_version = _string(raw)
                case "responseId":
                    made.response_id = _string(raw)
                case "continuationToken":
                    made.continuation_token = _bytes(raw)
                case "modelStatus":
                    made.model_status = _status(raw)
                case "error":
                    made.error = value(raw)
                case _:
                    beside[name] = text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def _refuse(name: str) -> None:
    raise _Odd(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise _Odd
    return number


def _present(text: bytes, omit: Omit) -> list[tuple[str, bytes]]:
    """The members that are not null, by their names in camelCase; of one that stands twice the last."""
    found: dict[str, bytes] = {}
    for key, raw in members(text):
        try:
            found[camel(_string(key))] = raw
        except ValueError:
            omit("*")
    return [(name, raw) for name, raw in found.items() if raw != b"null"]


def camel(name: str) -> str:
    """A name in snake_case as Google's JSON spells it."""
    return _SNAKE.sub(lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _clean(text: str) -> str:
    """A text that protobuf can hold: halves of surrogate pairs are joined, or replaced when they are alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _string(raw: bytes) -> str:
    found = value(raw)
    if not isinstance(found, str):
        raise _Odd
    return _clean(found)


def _boolean(raw: bytes) -> bool:
    found = value(raw)
    if isinstance(found, str):
        found = {"true": True, "false": False}.get(found.lower())
    if not isinstance(found, bool):
        raise _Odd
    return found


def _bytes(raw: bytes) -> bytes:
    found = decoded(_string(raw))
    if found is None:
        raise _Odd
    return found


def _number(raw: bytes) -> float:
    found = value(raw)
    if isinstance(found, str):
        found = value(found.encode("utf-8", "replace"))
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _Odd
    return found


def _count(raw: bytes) -> int:
    found = _number(raw)
    if found != int(found) or not 0 <= found <= answer.MAX_COUNT:
        raise _Odd
    return int(found)


def _enum(raw: bytes, numbers: dict[int, str]) -> str:
    found = value(raw)
    if isinstance(found, int) and not isinstance(found, bool):
        return numbers.get(found, str(found))
    return _string(raw).upper()


def _list(raw: bytes) -> list[bytes]:
    return elements(raw) if raw.lstrip()[:1] == b"[" else [raw]


def _fields(raw: bytes) -> dict[str, bytes]:
    if raw.lstrip()[:1] != b"{":
        raise _Odd
    return dict(_present(raw, lambda _: None))


def _blob(raw: bytes) -> answer.Blob:
    """A blob whose bytes were read while they came; what is no string in their place is a picture that is lost."""
    given = _fields(raw)
    if not given.get("data", b'""').startswith(b'"'):
        raise Malformed("the provider sent a picture that is no text; it may have been charged")
    return answer.Blob(_or_empty(_string, given, "mimeType"), b"", _or_empty(_string, given, "displayName"))


def _file(raw: bytes) -> answer.File | None:
    """A file, None when it is of another shape: then it is passed on as it is."""
    try:
        given = _fields(raw)
        if "fileUri" not in given or given.keys() - {"fileUri", "mimeType", "displayName"}:
            return None
        uri, *others = (
            _string(given[name]) if name in given else "" for name in ("fileUri", "mimeType", "displayName")
        )
    except ValueError:
        return None
    return answer.File(uri, *others)


def _call(raw: bytes) -> answer.Call | None:
    """A function call, None when it is of another shape: then it is passed on as it is."""
    try:
        given = _fields(raw)
        if "name" not in given or given.keys() - {"name", "id", "args"}:
            return None
        args = given.get("args", b"")
        if args and not isinstance(value(args), dict):
            return None
        made = answer.Call(_string(given["name"]), _string(given["id"]) if "id" in given else "")
        made.args = msgspec.Raw(args.decode("utf-8", "replace").encode())
    except ValueError:
        return None
    return made


def _or_empty(read: Callable[[bytes], str], given: dict[str, bytes], name: str) -> str:
    try:
        return read(given[name]) if name in given else ""
    except ValueError:
        return ""


def _or_none(read: Callable[[bytes], float], given: dict[str, bytes], name: str) -> float | None:
    try:
        return read(given[name]) if name in given else None
    except ValueError:
        return None


def _ratings(raw: bytes) -> list[answer.Rating]:
    made = []
    for element in _list(raw):
        try:
            given = _fields(element)
        except ValueError:
            continue
        made.append(
            answer.Rating(
                category=_or_empty(_string, given, "category"),
                probability=_or_empty(_string, given, "probability"),
                blocked=given.get("blocked") == b"true",
                probability_score=_or_none(_number, given, "probabilityScore"),
                severity=_or_empty(_string, given, "severity"),
                severity_score=_or_none(_number, given, "severityScore"),
            )
        )
    return made


def _feedback(raw: bytes) -> answer.Feedback:
    given = _fields(raw)
    return answer.Feedback(
        block_reason=_or_empty(lambda found: _enum(found, {}), given, "blockReason"),
        block_reason_message=_or_empty(_string, given, "blockReasonMessage"),
        safety_ratings=_ratings(given["safetyRatings"]) if "safetyRatings" in given else [],
    )


def _status(raw: bytes) -> answer.ModelStatus:
    given = _fields(raw)
    return answer.ModelStatus(
        model_stage=_or_empty(lambda found: _enum(found, {}), given, "modelStage"),
        retirement_time=_or_empty(_string, given, "retirementTime"),
        message=_or_empty(_string, given, "message"),
    )


def _usage(raw: bytes, omit: Omit) -> answer.UsageMetadata:
    """Counts that are none are left out."""
    made = answer.UsageMetadata()
    given = _fields(raw)
    for name in answer.UsageMetadata.__struct_fields__:
        key = camel(name)
        if key not in given:
            continue
        try:
            if name.endswith("_details"):
                setattr(made, name, _tokens(given[key]))
            else:
                setattr(made, name, (_count if name.endswith("_count") else _string)(given[key]))
        except ValueError:
            omit(f"usageMetadata.{key}")
    return made


def _tokens(raw: bytes) -> list[answer.Tokens]:
    made = []
    for element in _list(raw):
        given = _fields(element)
        modality = _or_empty(lambda found: _enum(found, {}), given, "modality")
        made.append(answer.Tokens(modality, _count(given["tokenCount"]) if "tokenCount" in given else 0))
    return made
