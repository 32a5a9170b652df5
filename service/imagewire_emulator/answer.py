"""The answer as JSON values. The base64 of the pictures is kept separately and inserted by `framing`."""

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from imagewire_emulator import framing, function_calls, native_parts
from imagewire_emulator.draw import Picture
from imagewire_emulator.models import Model
from imagewire_emulator.native_parts import AUDIO, NATIVE_PARTS
from imagewire_emulator.plan import PICTURES, Plan
from imagewire_emulator.rules import CONTINUATION, signature
from imagewire_emulator.texts import texts
from imagewire_emulator.usage import before_the_end, usage

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """The content of an answer. pictures: drafts and final ones, in the order of the plan's layout.

    cached: the tokens of the cached content that the request names.
    """

    model: Model
    plan: Plan
    request: Json
    pictures: list[Picture]
    vertex: bool
    cached: int = 0


def prompt_of(request: Json) -> str:
    """The text of the last user turn."""
    users = [content for content in request["contents"] if content.get("role", "user") == "user"]
    return " ".join(part["text"] for part in users[-1]["parts"] if "text" in part) if users else ""


def called_function(request: Json) -> str:
    """The name of the function that the answer calls, "" for none."""
    return function_calls.called(request, prompt_of(request))


def whole(scene: Scene) -> Json:
    """The answer of generateContent."""
    return _answer(scene, {"content": {"parts": _parts(scene), "role": "model"}, **_end(scene)})


def events(scene: Scene) -> list[Json]:
    """The answers of streamGenerateContent, in order. Each has the usage so far; Vertex AI counts at the end only."""
    made: list[Json] = [{}] if scene.vertex else []
    parts = _parts(scene)
    # A function call comes with the end: Google's SDK sends each event back as a turn, and its result must be the next.
    call = parts.pop() if parts and "functionCall" in parts[-1] else None
    for part in parts:
        made += [{"candidates": [_candidate(piece)], **_ids(scene)} for piece in _split(part)]
    made += [{"candidates": [_candidate() | {"finishReason": reason}], **_ids(scene)} for reason in scene.plan.early]
    last = _answer(scene, _candidate(call) | _end(scene))
    if scene.plan.usage != "at-the-end":
        so_far = {"trafficType": "ON_DEMAND"} if scene.vertex else before_the_end(last["usageMetadata"])
        made = [event | {"usageMetadata": so_far} for event in made]
    return [*made, last, last] if scene.plan.damage == "finish-twice" else [*made, last]


def _candidate(part: Json | None = None) -> Json:
    return {"content": {"parts": [{"text": ""} if part is None else part], "role": "model"}, "index": 0}


def _parts(scene: Scene) -> list[Json]:
    """All parts in order, with marks for pictures. 3-series models sign the first text, final pictures and calls."""
    signed = scene.model.series == 3
    if (name := called_function(scene.request)) and not scene.plan.spent:
        args = function_calls.arguments(scene.request, name)
        call = {"functionCall": {"id": f"call-{uuid.uuid4().hex[:8]}", "name": name, "args": args}}
        return [call | _signed("call", name.encode())] if signed else [call]
    parts: list[Json] = []
    said = texts(scene.plan.layout, scene.request)
    if scene.plan.last_text is not None:
        said[-1] = scene.plan.last_text
    pictures = written = 0
    for name in scene.plan.layout:
        if name in PICTURES:
            parts.append(_picture(scene, pictures, draft=name == "draft", signed=signed))
            pictures += 1
        elif name == "thought":
            parts.append({"text": "**Composing** I weigh a few layouts.", "thought": True})
        elif name == "audio":
            parts.append(AUDIO)
        elif name in NATIVE_PARTS:
            part = NATIVE_PARTS[name]
            parts.append(
                part | _signed(*native_parts.signed_by(native_parts.kind(part))) if scene.plan.signed else part
            )
        else:
            part = {"text": said[written]}
            parts.append(part | _signed("text", b"") if signed and not written else part)
            written += 1
    return parts


def _picture(scene: Scene, number: int, *, draft: bool, signed: bool) -> Json:
    picture = scene.pictures[number]
    if place := scene.request.get("outputConfig", {}).get("outputUriPrefix"):
        uri = f"{place.rstrip('/')}/{picture.sha256[:16]}.{picture.mime_type.partition('/')[2]}"
        part: Json = {"fileData": {"mimeType": picture.mime_type, "fileUri": uri}}
    else:
        blob = {"mimeType": picture.mime_type, "data": framing.mark(number)}
        part = {"inlineData": dict(reversed(blob.items())) if scene.plan.damage == "data-first" else blob}
    if draft:
        return part | {"thought": True}
    return part | _signed("image", picture.data) if signed and "inlineData" in part else part


def _signed(kind: str, content: bytes) -> dict[str, str]:
    return {"thoughtSignature": base64.b64encode(signature(kind, content)).decode()}


def _split(part: Json) -> list[Json]:
    """A text as parts of two events, with the signature on the second."""
    text = part.get("text", "")
    if len(text) < 10:
        return [part]
    half = len(text) // 2
    first = {key: value for key, value in part.items() if key != "thoughtSignature"}
    return [first | {"text": text[:half]}, part | {"text": text[half:]}]


def _end(scene: Scene) -> Json:
    plan = scene.plan
    end: Json = {"finishReason": plan.finish, "index": 0}
    if plan.finish_message:
        end["finishMessage"] = plan.finish_message
    if plan.finish == "CONTINUATION":
        end["continuationToken"] = CONTINUATION
    elif plan.finish not in ("STOP", "MAX_TOKENS"):
        rating: Json = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "MEDIUM", "blocked": True}
        if scene.vertex:
            rating |= {"probabilityScore": 0.61, "severity": "HARM_SEVERITY_MEDIUM", "severityScore": 0.42}
        end["safetyRatings"] = [rating]
    if any("googleSearch" in tool for tool in scene.request.get("tools", ())):
        end["groundingMetadata"] = {
            "webSearchQueries": [prompt_of(scene.request)],
            "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "example.com"}}],
        }
    return end


def _answer(scene: Scene, candidate: Json) -> Json:
    """The last or only answer: a candidate, or what replaces it, and the usage."""
    plan = scene.plan
    made: Json = {"candidates": [candidate]}
    if plan.block:
        made = {
            "promptFeedback": {
                "blockReason": plan.block,
                "blockReasonMessage": "The prompt could not be submitted.",
                "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}],
            }
        }
    if plan.damage == "no-candidates":
        made = {}
    if plan.damage == "no-content":
        candidate.pop("content")
    if plan.damage == "model-status":
        made["modelStatus"] = {
            "modelStage": "DEPRECATED",
            "retirementTime": "2027-03-15T00:00:00Z",
            "message": "This model retires on 2027-03-15.",
        }
    images = plan.layout.count("image") if scene.pictures else 0
    counted = usage(plan, scene.request, scene.model, images, vertex=scene.vertex, cached=scene.cached)
    return {**made, "usageMetadata": counted, **_ids(scene)}


def _ids(scene: Scene) -> Json:
    return {"modelVersion": scene.model.id, "responseId": f"emulated-{len(scene.pictures)}"}
