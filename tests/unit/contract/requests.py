"""Requests for the checks of the contract, and the paths of what is wrong with them."""

import hashlib
from typing import Any

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from tests.pictures import PNG

SHA = hashlib.sha256(PNG).digest()


def message(**fields: Any) -> dict[str, Any]:
    return {"role": 2, **fields}


def answer(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"role": 3, "parts": parts, **fields}


def result(*images: dict[str, Any]) -> dict[str, Any]:
    return {"role": 4, "parts": [{"function_response": {"name": "f", "response": {}, "images": images}}]}


def request(**fields: Any) -> pb.StreamCompletionRequest:
    given = {"model": "gemini/m", "messages": [message(content="x")], **fields}
    return pb.StreamCompletionRequest(spec=pb.Spec(**given))


def violations(made: pb.ProtoMessage) -> list[str]:
    try:
        validation.check(made)
    except InvalidRequest as error:
        return [violation.field for violation in error.violations]
    return []


# Fields of specs that are right.
FINE: list[dict[str, Any]] = [
    {},
    {"model": "gemini/gemini-2.5-flash-image"},
    {"model": "publishers/google/models/x@001"},
    {"messages": [message(image={"data": PNG})]},
    {"messages": [message(image={"data": PNG, "mime_type": "image/png", "width": 4, "height": 3, "sha256": SHA})]},
    {"messages": [message(image={"uri": "https://example.com/a.png"})]},
    {"messages": [message(image={"uri": "gs://bucket/a.png", "mime_type": "image/png"})]},
    {"messages": [message(image={"uri": "data:image/png;base64,AAAA"})]},
    {
        "messages": [
            {
                "role": 3,
                "content": "ab",
                "image": {"data": PNG, "sha256": SHA},
                "parts": [{"text": "hm", "thought": True}, {"text": "ab"}, {"image": {"sha256": SHA}}],
            },
            message(content="again"),
        ]
    },
    {"messages": [{"role": 3, "parts": [{"thought_signature": b"s"}]}, message(content="x")]},
    {"messages": [{"role": 4, "parts": [{"function_response": {"name": "f", "response": {}}}]}]},
    {"image_config": {"aspect_ratio": "16:9", "image_size": "4K"}},
    {"generation_config": {"temperature": 0, "top_p": 1, "top_k": 1, "presence_penalty": -2, "seed": -1}},
    {"generation_config": {"thinking_config": {"thinking_budget": -1}}},
    {"response_modalities": [2, 1]},
    {"labels": {"team": "a-b_1"}},
    {"extra_body": {"a": [1, 2.5, None, True, "x", {"b": []}]}},
    {"service_tier": "priority"},
    {"output_config": {"uri_prefix": "gs://bucket/folder/"}},
    {"continuation_token": b"t" * 1024 * 1024},
    {"generation_config": {"candidate_count": 1}},
    {"messages": [message(image={"data": PNG, "detail": 4})]},
    {"messages": [message(image={"data": PNG, "detail": 5})]},
    {"safety_settings": [{"category": "A", "threshold": "B", "method": "PROBABILITY"}]},
    {"tools": [{"google_search": {"search_types": ["IMAGE", "WEB"], "exclude_domains": ["a.com"]}}]},
    {"tools": [{"google_search": {"time_range": {"start_time": {}, "end_time": {}}}}]},
    {"messages": [message(content="x"), answer({"media": {"uri": "gs://a/b", "mime_type": "audio/l16;rate=24000"}})]},
    {"messages": [message(content="x"), answer({"native": {"kind": "functionResponse", "value_json": " {} "}})]},
    {"messages": [message(content="x"), answer({"text": "a", "native_fields": {"x-y": "null"}})]},
    {"messages": [message(content="x"), answer({"function_call": {"name": "f", "args_json": ' {"a":1}'}})]},
    {"messages": [message(content="x"), answer({"image": {"data": b"?", "mime_type": "image/avif"}})]},
    {"messages": [message(content="x"), answer({"image": {"uri": "gs://a/b"}})]},
    {"messages": [result({"data": PNG, "display_name": "a"}, {"uri": "https://e.com/x"})]},
]
