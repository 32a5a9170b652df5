"""What arrived over REST: chats, pictures and responses, streamed and not."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.seen import loaded


@dataclass
class RestSeen:
    """What a caller has in hand at the end. flow: texts, thoughts, pictures and calls in the order of their items."""

    text: str = ""
    thoughts: str = ""
    pictures: list[tuple[bytes, bool]] = field(default_factory=list)
    drafts: list[tuple[bytes, bool]] = field(default_factory=list)
    final: bytes | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    signatures: list[bytes] = field(default_factory=list)
    native: str | None = None
    flow: list[tuple[str, Any]] = field(default_factory=list)
    error: str = ""
    whole: Any = None
    wrong: list[str] = field(default_factory=list)


def _picture(text: str) -> bytes:
    """A picture's bytes; of one that is elsewhere, its address."""
    if ":" in text and not text.startswith("data:"):
        return text.encode()
    return base64.b64decode(text.rpartition(",")[2], validate=True)


def events(text: str) -> list[Any]:
    """The JSON of a stream's events, without the last sign."""
    told = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [loaded(block.partition("data: ")[2]) for block in told if not block.endswith("[DONE]")]


def failed(seen: RestSeen, body: Any) -> RestSeen:
    """With the error of a body."""
    error = body.get("error") or body
    seen.error = f"{error['code'].upper()}: {error['message']}"
    return seen


def chat(body: Any) -> list[RestSeen]:
    """Each choice of an unstreamed chat."""
    if "error" in body:
        return [failed(RestSeen(), body)]
    return [_choice(choice["message"], choice) for choice in sorted(body["choices"], key=lambda one: one["index"])]


def _choice(message: Any, ending: Any) -> RestSeen:
    seen = RestSeen(message["content"], message.get("reasoning_content", ""), whole=message)
    for at, entry in enumerate(message.get("images", ())):
        seen.pictures.append((_picture(entry["image_url"]["url"]), entry.get("thought", False)))
        if entry["image_url"]["url"].startswith("data:") and "data:image/" not in entry["image_url"]["url"]:
            seen.wrong.append("a picture that says it is none")
        if at and entry["index"] <= message["images"][at - 1]["index"]:
            seen.wrong.append("the indexes of pictures do not count up")
    if "image" in message:
        seen.final = _picture(message["image"]["url"])
    seen.calls = [
        (c["function"]["name"], json.loads(c["function"]["arguments"])) for c in message.get("tool_calls", ())
    ]
    extra = message.get("provider_specific_fields") or {}
    seen.signatures = [base64.b64decode(text) for text in extra.get("thought_signatures", ()) if text]
    seen.native = ending.get("native_finish_reason", "")
    return seen


def _joined(before: Any, value: Any) -> Any:
    """What a delta adds: to a list its entries, to an object its fields."""
    if isinstance(before, list) and isinstance(value, list):
        return before + value
    if isinstance(before, dict) and isinstance(value, dict):
        return {**before, **{name: _joined(before.get(name), inner) for name, inner in value.items()}}
    return value


def chat_stream(text: str) -> list[RestSeen]:
    """Each choice of a streamed chat."""
    messages: dict[int, dict[str, Any]] = {}
    endings: dict[int, Any] = {}
    for chunk in events(text):
        if "error" in chunk:
            return [failed(RestSeen(), chunk)]
        for choice in chunk["choices"]:
            message = messages.setdefault(choice["index"], {"content": ""})
            for name, value in choice["delta"].items():
                if name in {"content", "reasoning_content"}:
                    message[name] = message.get(name, "") + value
                else:
                    message[name] = _joined(message.get(name), value)
            if choice["finish_reason"]:
                endings[choice["index"]] = choice
    made = [_choice(messages[index], endings.get(index, {})) for index in sorted(messages)]
    if not text.endswith("data: [DONE]\n\n"):
        made[0].wrong.append("the stream has no [DONE]")
    return made


def images(body: Any) -> RestSeen:
    """An unstreamed answer of pictures."""
    if "error" in body:
        return failed(RestSeen(), body)
    return RestSeen(pictures=[(_picture(one.get("b64_json") or one["url"]), False) for one in body["data"]])


def images_stream(text: str) -> RestSeen:
    """A streamed one: drafts are marked."""
    seen = RestSeen()
    for event in events(text):
        if "error" in event:
            return failed(RestSeen(), event)
        picture = _picture(event.get("b64_json") or event["url"])
        seen.pictures.append((picture, event["type"].endswith("partial_image")))
    return seen


def response(body: Any) -> RestSeen:
    """A response, or the last event of a streamed one."""
    if body.get("error"):
        return failed(RestSeen(), body)
    seen = RestSeen(native=body.get("native_finish_reason", ""), whole=body)
    for item in body["output"]:
        if item["type"] == "image_generation_call" and item.get("status") == "failed":
            continue  # the picture did not come
        if item.get("status") not in {"completed", None}:
            seen.wrong.append(f"an item is {item.get('status')}")
        if item["type"] == "message":
            text = "".join(piece.get("text", "") for piece in item["content"])
            seen.text += text
            seen.flow.append(("text", text))
        elif item["type"] == "reasoning":
            text = "".join(piece["text"] for piece in item["summary"])
            seen.thoughts += text
            seen.flow.append(("thought", text))
        elif item["type"] == "image_generation_call":
            picture = _picture(item["result"] or item["url"])
            seen.pictures.append((picture, False))
            seen.flow.append(("picture", picture))
        elif item["type"] == "function_call":
            call = item["name"], json.loads(item["arguments"])
            seen.calls.append(call)
            seen.flow.append(("call", call))
        extra = item.get("provider_specific_fields") or {}
        if item["type"] == "image_generation_call" and extra.get("thought"):
            continue  # once more: it stands among the thoughts
        for entry in extra.get("images", ()):
            seen.drafts.append((_picture(entry["image_url"]["url"]), entry["thought"]))
        told = extra.get("thought_signatures", [extra.get("thought_signature")])
        seen.signatures += [base64.b64decode(text) for text in told if text]
    return seen


def response_stream(text: str) -> RestSeen:
    """A streamed response, as its events and as its last one tell."""
    told = events(text)
    for event in told:
        if event["type"] == "error":
            return failed(RestSeen(), event)
    seen = response(told[-1]["response"])
    if [event["sequence_number"] for event in told] != list(range(len(told))):
        seen.wrong.append("the events' numbers have gaps")
    if "".join(event["delta"] for event in told if event["type"] == "response.output_text.delta") != seen.text:
        seen.wrong.append("the deltas are not the text")
    done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    if sorted(map(json.dumps, done)) != sorted(map(json.dumps, told[-1]["response"]["output"])):
        seen.wrong.append("the items that were done are not those of the response")
    return seen
