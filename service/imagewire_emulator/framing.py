"""Writes events as bytes, with their framing and the base64 of pictures. A body is a list of shared byte strings."""

import json
import re
from typing import Any

from imagewire_emulator.draw import Picture
from imagewire_emulator.plan import Plan

Json = dict[str, Any]

_MARK = "@@picture-{}@@"
_MARKS = re.compile(rb"@@picture-(\d+)@@")
# Google escapes these characters in strings; outside strings, JSON has none of them.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&='"})
_END = b"\r\n\r\n"
_ERROR = {"error": {"code": 503, "message": "The service is currently unavailable.", "status": "UNAVAILABLE"}}
# Fields that proto3 JSON may also send as null when they are absent.
_CANDIDATE_NULLS = ("citationMetadata", "groundingMetadata", "safetyRatings", "finishMessage", "tokenCount")
_ANSWER_NULLS = ("promptFeedback", "modelStatus", "createTime")


def mark(number: int) -> str:
    """The placeholder of a picture's base64 in the JSON."""
    return _MARK.format(number)


def unary(answer: Json, plan: Plan, pictures: list[Picture]) -> list[bytes]:
    """One answer, pretty-printed, as Google sends it."""
    return [*_written(answer, plan, pictures, indent=2), b"\n"]


def stream(events: list[Json], plan: Plan, pictures: list[Picture], *, sse: bool) -> list[bytes]:
    """Events, or one array if `sse` was not requested or the plan says so."""
    if plan.damage in {"error-event", "bare-error"}:
        before = [piece for event in events[:-1] for piece in _event(event, plan, pictures)]
        end = _event(_ERROR, plan, []) if plan.damage == "error-event" else [_dump(_ERROR, indent=2)]
        return [*before, *end]
    if plan.framing == "array-in-event":
        return _event(events, plan, pictures)
    if plan.framing == "array" or not sse:
        return _written(events, plan, pictures, indent=2)
    pieces = [piece for event in events for piece in _event(event, plan, pictures)]
    match plan.framing:
        case "done":
            pieces.append(b"data: [DONE]" + _END)
        case "bom":
            pieces.insert(0, b"\xef\xbb\xbf")
        case "no-last-line":
            pieces[-1] = b""
    return pieces


def _event(value: Any, plan: Plan, pictures: list[Picture]) -> list[bytes]:
    empty = [b"data:", _END, b"data: ", _END] if plan.framing == "empty-data" else []
    return [*empty, b"data: ", *_written(value, plan, pictures, indent=None), _END]


def _written(value: Any, plan: Plan, pictures: list[Picture], indent: int | None) -> list[bytes]:
    if plan.damage == "nulls":
        value = [_with_nulls(event) for event in value] if isinstance(value, list) else _with_nulls(value)
    if plan.damage == "snake-case":
        value = _snake(value)
    return _with_pictures(_dump(value, indent), plan, pictures)


def _dump(value: Any, indent: int | None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).translate(_ESCAPES).encode()


def _with_pictures(text: bytes, plan: Plan, pictures: list[Picture]) -> list[bytes]:
    pieces: list[bytes] = []
    for i, piece in enumerate(_MARKS.split(text)):
        if i % 2 == 0:
            pieces.append(piece)
            continue
        encoded = pictures[int(piece)].base64
        if plan.damage == "base64":
            encoded = encoded[: len(encoded) // 2] + b"!!!!" + encoded[len(encoded) // 2 :]
        if plan.damage == "base64-urlsafe":
            encoded = encoded.translate(bytes.maketrans(b"+/", b"-_"))
        body, padding = encoded.rstrip(b"="), encoded.count(b"=", len(encoded) - 2)
        if plan.damage == "base64-unpadded":
            padding, encoded = 0, body
        pieces += [encoded if not padding else body, b"\\u003d" * padding]
    return pieces


def _with_nulls(answer: Json) -> Json:
    """Set absent fields to null in the answer, its candidates, their parts and pictures."""
    made = dict.fromkeys(_ANSWER_NULLS) | answer
    made["candidates"] = [
        dict.fromkeys(_CANDIDATE_NULLS)
        | candidate
        | {"content": candidate["content"] | {"parts": [_null_part(part) for part in candidate["content"]["parts"]]}}
        for candidate in answer.get("candidates", ())
    ] or None
    return made


def _null_part(part: Json) -> Json:
    made = dict.fromkeys(("text", "inlineData", "functionCall", "thought", "thoughtSignature", "videoMetadata")) | part
    if "inlineData" in part:
        made["inlineData"] = {"displayName": None, **part["inlineData"]}
    return made


def _snake(value: Any) -> Any:
    """The same with the proto's field names (snake_case)."""
    if isinstance(value, dict):
        return {re.sub(r"[A-Z]", lambda m: f"_{m[0].lower()}", key): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value
