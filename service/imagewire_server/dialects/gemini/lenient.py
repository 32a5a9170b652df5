"""Answers that differ from the usual shape, read as far as they can be: nothing odd costs what stands beside it.

What proto3 JSON takes is taken: null for absent, names in snake_case, numbers as strings, one object where a list
stands, base64 of every spelling. What this server has no field for is kept as JSON text under Google's name; what is no
JSON, or not what its field holds, is left out, and its path is told.
"""

from collections.abc import Callable

import msgspec

from imagewire_server.contract.errors import Malformed
from imagewire_server.dialects.gemini import answer, json_texts
from imagewire_server.dialects.gemini.json_texts import Omit

_FINISH_NUMBERS = {0: "FINISH_REASON_UNSPECIFIED", 1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}

Fields = dict[str, str]


def part(text: bytes, omit: Omit) -> tuple[answer.Part, tuple[str, str] | None, Fields]:
    """A part; the kind and JSON text of content that this server does not know; the fields beside the content."""
    made, native, beside = answer.Part(), None, Fields()
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
                    made.inline_data = _blob(raw)
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
    return made, native, beside


# What may stand beside any content; alone it is content too.
_SIDE = frozenset({"videoMetadata", "partMetadata", "mediaResolution"})


def candidate(text: bytes, omit: Omit) -> tuple[answer.CandidateRest, Fields]:
    """What is beside a candidate's parts, and the fields that this server does not know."""
    made, beside = answer.CandidateRest(), Fields()
    for name, raw in json_texts.present(text, omit):
        try:
            match name:
                case "content":
                    pass
                case "index":
                    made.index = json_texts.count(raw)
                case "finishReason":
                    made.finish_reason = json_texts.enum(raw, _FINISH_NUMBERS)
                case "finishMessage":
                    made.finish_message = json_texts.string(raw)
                case "continuationToken":
                    made.continuation_token = json_texts.base64(raw)
                case "safetyRatings":
                    made.safety_ratings = _ratings(raw)
                case "groundingMetadata" | "citationMetadata" if isinstance(json_texts.value(raw), dict):
                    setattr(made, json_texts.snake(name), msgspec.Raw(json_texts.text_of(raw).encode()))
                case _:
                    beside[name] = json_texts.text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def rest(text: bytes, omit: Omit) -> tuple[answer.AnswerRest, Fields]:
    """What is beside an answer's candidates, and the fields that this server does not know."""
    made, beside = answer.AnswerRest(), Fields()
    for name, raw in json_texts.present(text, omit):
        try:
            match name:
                case "candidates":
                    pass
                case "promptFeedback":
                    made.prompt_feedback = _feedback(raw)
                case "usageMetadata":
                    made.usage_metadata = _usage(raw, omit)
                case "modelVersion":
                    made.model_version = json_texts.string(raw)
                case "responseId":
                    made.response_id = json_texts.string(raw)
                case "modelStatus":
                    made.model_status = _status(raw)
                case "error":
                    made.error = json_texts.value(raw)
                case _:
                    beside[name] = json_texts.text_of(raw)
        except ValueError:
            omit(name)
    return made, beside


def _blob(raw: bytes) -> answer.Blob:
    """A blob whose bytes were read while they came; what is no string in their place is a picture that is lost."""
    given = json_texts.fields(raw)
    if not given.get("data", b'""').startswith(b'"'):
        raise Malformed("the provider sent a picture that is no text; it may have been charged")
    mime_type = _or_empty(json_texts.string, given, "mimeType")
    return answer.Blob(mime_type, b"", _or_empty(json_texts.string, given, "displayName"))


def _file(raw: bytes) -> answer.File | None:
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
    return answer.File(uri, *others)


def _call(raw: bytes) -> answer.Call | None:
    """A function call, None when it is of another shape: then it is passed on as it is."""
    try:
        given = json_texts.fields(raw)
        if "name" not in given or given.keys() - {"name", "id", "args"}:
            return None
        name, args = json_texts.string(given["name"]), given.get("args", b"")
        if not name or (args and not isinstance(json_texts.value(args), dict)):
            return None
        made = answer.Call(name, json_texts.string(given["id"]) if "id" in given else "")
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
    for element in json_texts.listed(raw):
        try:
            given = json_texts.fields(element)
        except ValueError:
            continue
        made.append(
            answer.Rating(
                category=_or_empty(json_texts.string, given, "category"),
                probability=_or_empty(json_texts.string, given, "probability"),
                blocked=given.get("blocked") == b"true",
                probability_score=_or_none(json_texts.number, given, "probabilityScore"),
                severity=_or_empty(json_texts.string, given, "severity"),
                severity_score=_or_none(json_texts.number, given, "severityScore"),
            )
        )
    return made


def _feedback(raw: bytes) -> answer.Feedback:
    given = json_texts.fields(raw)
    return answer.Feedback(
        block_reason=_or_empty(lambda found: json_texts.enum(found, {}), given, "blockReason"),
        block_reason_message=_or_empty(json_texts.string, given, "blockReasonMessage"),
        safety_ratings=_ratings(given["safetyRatings"]) if "safetyRatings" in given else [],
    )


def _status(raw: bytes) -> answer.ModelStatus:
    given = json_texts.fields(raw)
    return answer.ModelStatus(
        model_stage=_or_empty(lambda found: json_texts.enum(found, {}), given, "modelStage"),
        retirement_time=_or_empty(json_texts.string, given, "retirementTime"),
        message=_or_empty(json_texts.string, given, "message"),
    )


def _usage(raw: bytes, omit: Omit) -> answer.UsageMetadata:
    """Counts that are none are left out."""
    made = answer.UsageMetadata()
    given = json_texts.fields(raw)
    for name in answer.UsageMetadata.__struct_fields__:
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


def _tokens(raw: bytes) -> list[answer.Tokens]:
    made = []
    for element in json_texts.listed(raw):
        given = json_texts.fields(element)
        modality = _or_empty(lambda found: json_texts.enum(found, {}), given, "modality")
        made.append(answer.Tokens(modality, json_texts.count(given["tokenCount"]) if "tokenCount" in given else 0))
    return made
