"""The answer's JSON, the pictures' base64 left beside it: a body is a list of byte strings, shared and never copied."""

import base64
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from imagewire_emulator.draw import Picture
from imagewire_emulator.models import Model
from imagewire_emulator.scenarios import Plan
from imagewire_emulator.semantics import signature

_MARK = "@@picture-{}@@"
_MARKS = re.compile(rb"@@picture-(\d+)@@")
# Google escapes these in strings; outside strings JSON has none of them.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&='"})
_TEXTS = (
    "Here's the image you requested:",
    "And a second view of it:",
    "Tell me what to change <next> & I'll edit it.",
)
_UNICODE = 'Line\u2028separator, \u2029paragraph, emoji \U0001f34c, quotes "data":" and a \\ backslash'


@dataclass(frozen=True, slots=True)
class Scene:
    """What an answer is made of. pictures: drafts and finals in the order of the plan's layout."""

    model: Model
    plan: Plan
    request: dict[str, Any]
    pictures: list[Picture]
    vertex: bool


def prompt_of(request: dict[str, Any]) -> str:
    """The text of the last user turn."""
    users = [content for content in request["contents"] if content.get("role", "user") == "user"]
    return " ".join(part["text"] for part in users[-1]["parts"] if "text" in part) if users else ""


def called_function(request: dict[str, Any]) -> str:
    """The declared function that the prompt names as "call:NAME", "" for none."""
    declared = [f["name"] for tool in request.get("tools", ()) for f in tool.get("functionDeclarations", ())]
    match = re.search(r"call:(\w+)", prompt_of(request))
    return match[1] if match and match[1] in declared else ""


def unary(scene: Scene) -> list[bytes]:
    """The body of generateContent: pretty-printed, as Google sends it."""
    candidate = {"content": {"parts": _parts(scene), "role": "model"}, **_end(scene)}
    return [*_with_pictures(_dump(_whole(scene, candidate), indent=2), scene), b"\n"]


def stream(scene: Scene, *, sse: bool) -> list[bytes]:
    """The body of streamGenerateContent: events, or one array without alt=sse."""
    events: list[dict[str, Any]] = []
    if scene.vertex:
        events.append({"usageMetadata": {"trafficType": "ON_DEMAND"}})
    events += [
        {"candidates": [{"content": {"parts": [piece], "role": "model"}, "index": 0}], **_ids(scene)}
        for part in _parts(scene)
        for piece in _split(part)
    ]
    last = _whole(scene, {"content": {"parts": [{"text": ""}], "role": "model"}, **_end(scene)})
    events.append(last)
    if scene.plan.damage == "finish-twice":
        events.append(last)
    if scene.plan.damage in {"error-event", "bare-error"}:
        return _broken_off(scene, events)
    if sse:
        return [piece for event in events for piece in _sse(event, scene)]
    return _with_pictures(_dump(events, indent=2), scene)


def _broken_off(scene: Scene, events: list[dict[str, Any]]) -> list[bytes]:
    error = {"error": {"code": 503, "message": "The service is currently unavailable.", "status": "UNAVAILABLE"}}
    before = [piece for event in events[:-1] for piece in _sse(event, scene)]
    if scene.plan.damage == "error-event":
        return [*before, *_sse(error, scene)]
    return [*before, _dump(error, indent=2)]


def _sse(event: dict[str, Any], scene: Scene) -> list[bytes]:
    return [b"data: ", *_with_pictures(_dump(event, indent=None), scene), b"\r\n\r\n"]


def _dump(value: Any, indent: int | None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).translate(_ESCAPES).encode()


def _with_pictures(text: bytes, scene: Scene) -> list[bytes]:
    pieces: list[bytes] = []
    for i, piece in enumerate(_MARKS.split(text)):
        if i % 2 == 0:
            pieces.append(piece)
            continue
        encoded = scene.pictures[int(piece)].base64
        if scene.plan.damage == "base64":
            encoded = encoded[: len(encoded) // 2] + b"!!!!" + encoded[len(encoded) // 2 :]
        body, padding = encoded.rstrip(b"="), encoded.count(b"=", len(encoded) - 2)
        pieces += [encoded if not padding else body, b"\\u003d" * padding]
    return pieces


def _parts(scene: Scene) -> list[dict[str, Any]]:
    """All parts in order; pictures by mark. 3-series models sign the first text, every final picture and calls."""
    parts: list[dict[str, Any]] = []
    signed = scene.model.series == 3
    pictures = texts = 0
    if name := called_function(scene.request):
        call = {"functionCall": {"id": f"call-{uuid.uuid4().hex[:8]}", "name": name, "args": {"data": "abc", "n": 3}}}
        return [call | _signed("call", name.encode())] if signed else [call]
    for kind in scene.plan.layout:
        if kind in {"image", "draft"}:
            picture = scene.pictures[pictures]
            blob = {"mimeType": picture.mime_type, "data": _MARK.format(pictures)}
            if scene.plan.damage == "data-first":
                blob = dict(reversed(blob.items()))
            pictures += 1
            part: dict[str, Any] = {"inlineData": blob}
            if kind == "draft":
                part["thought"] = True
            elif signed:
                part |= _signed("image", picture.data)
        elif kind == "thought":
            part = {"text": "**Composing** I weigh a few layouts.", "thought": True}
        else:
            part = {"text": _UNICODE if kind == "unicode" else _TEXTS[texts % len(_TEXTS)]}
            if signed and not texts:
                part |= _signed("text", b"")
            texts += 1
        parts.append(part)
    return parts


def _signed(kind: str, content: bytes) -> dict[str, str]:
    return {"thoughtSignature": base64.b64encode(signature(kind, content)).decode()}


def _split(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A text as two events' parts, the signature on the second."""
    text = part.get("text", "")
    if len(text) < 8:
        return [part]
    half = len(text) // 2
    first = {key: value for key, value in part.items() if key != "thoughtSignature"}
    return [first | {"text": text[:half]}, part | {"text": text[half:]}]


def _end(scene: Scene) -> dict[str, Any]:
    end: dict[str, Any] = {"finishReason": scene.plan.finish, "index": 0}
    if scene.plan.finish_message:
        end["finishMessage"] = scene.plan.finish_message
    if scene.plan.finish != "STOP":
        end["safetyRatings"] = [
            {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "MEDIUM", "blocked": True}
        ]
    if any("googleSearch" in tool for tool in scene.request.get("tools", ())):
        end["groundingMetadata"] = {
            "webSearchQueries": [prompt_of(scene.request)],
            "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "example.com"}}],
        }
    return end


def _whole(scene: Scene, candidate: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"candidates": [candidate]}
    if scene.plan.block:
        made = {
            "promptFeedback": {
                "blockReason": scene.plan.block,
                "blockReasonMessage": "The prompt could not be submitted.",
                "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}],
            }
        }
    if scene.plan.damage == "no-candidates":
        made = {}
    return {**made, "usageMetadata": _usage(scene), **_ids(scene)}


def _ids(scene: Scene) -> dict[str, Any]:
    return {"modelVersion": scene.model.id, "responseId": f"emulated-{len(scene.pictures)}"}


def _usage(scene: Scene) -> dict[str, Any]:
    """Four characters make a token, an input picture 258; pictures as the model's table says."""
    parts = [part for content in scene.request["contents"] for part in content["parts"]]
    text_in = max(1, sum(len(part.get("text", "")) for part in parts) // 4)
    image_in = 258 * sum("inlineData" in part or "fileData" in part for part in parts)
    size = scene.plan.size or scene.request.get("generationConfig", {}).get("imageConfig", {}).get("imageSize", "1K")
    images = scene.plan.layout.count("image") if scene.pictures else 0
    image_out = scene.model.tokens.get(size, 1120) * images
    text_out = 0 if scene.plan.block else 9 * scene.plan.layout.count("text")
    thoughts = 0 if scene.model.series < 3 or scene.plan.block else 60
    prompt = [{"modality": "TEXT", "tokenCount": text_in}]
    if image_in:
        prompt.append({"modality": "IMAGE", "tokenCount": image_in})
    details = [{"modality": "IMAGE", "tokenCount": image_out}] if image_out else []
    if scene.plan.damage == "usage-split":
        details = [{"modality": "IMAGE", "tokenCount": image_out - 100}, {"modality": "IMAGE", "tokenCount": 100}]
    usage: dict[str, Any] = {"promptTokenCount": text_in + image_in, "promptTokensDetails": prompt}
    if image_out + text_out:
        usage |= {"candidatesTokenCount": image_out + text_out, "candidatesTokensDetails": details}
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    usage["totalTokenCount"] = text_in + image_in + image_out + text_out + thoughts
    if scene.vertex:
        usage["trafficType"] = "ON_DEMAND"
    return usage
