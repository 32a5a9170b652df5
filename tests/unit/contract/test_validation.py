"""The table of constraints: complete, and right for each row."""

import hashlib
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from tests.pictures import PNG

# Methods that are not built take no constraints yet: they refuse every request.
REQUESTS = (pb.CreateCompletionRequest, pb.StreamCompletionRequest, pb.ListModelsRequest, pb.GetModelRequest)


def _fields(descriptor: Descriptor, seen: set[str]) -> set[str]:
    """Every field that a request can carry, as the table names it."""
    if descriptor.file.package != "imagewire.v1" or descriptor.GetOptions().map_entry or descriptor.full_name in seen:
        return set()
    seen.add(descriptor.full_name)
    found = {f"{descriptor.name}.{field.name}" for field in descriptor.fields}
    for field in descriptor.fields:
        if field.message_type is not None:
            found |= _fields(field.message_type, seen)
    return found


def test_the_table_names_every_field_of_every_request_and_no_other() -> None:
    seen: set[str] = set()
    fields = {name for request in REQUESTS for name in _fields(request.DESCRIPTOR, seen)}
    assert fields == set(validation.CHECKS)


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


SHA = hashlib.sha256(PNG).digest()
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


@pytest.mark.parametrize("fields", FINE)
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    assert violations(request(**fields)) == []


# the fields of a spec, and the paths of what is wrong with them (below "spec.")
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"model": ""}, ["model"]),
    ({"model": "a//b"}, ["model"]),
    ({"model": "../secret"}, ["model"]),
    ({"model": "a?key=b"}, ["model"]),
    ({"model": "a\r\nb"}, ["model"]),
    ({"model": "x" * 257}, ["model"]),
    ({"messages": []}, ["messages"]),
    ({"messages": [{"role": 1, "content": "x"}]}, ["messages"]),
    ({"messages": [{"content": "x"}]}, ["messages[0].role"]),
    ({"messages": [{"role": 9, "content": "x"}]}, ["messages[0].role"]),
    ({"messages": [message()]}, ["messages[0]"]),
    ({"messages": [message(image={})]}, ["messages[0].image"]),
    ({"messages": [message(image={"data": b"GARBAGE"})]}, ["messages[0].image.data"]),
    ({"messages": [message(image={"data": PNG, "mime_type": "image/jpeg"})]}, ["messages[0].image.mime_type"]),
    ({"messages": [message(image={"data": PNG, "mime_type": "text/html"})]}, ["messages[0].image.mime_type"] * 2),
    ({"messages": [message(image={"data": PNG, "width": 5})]}, ["messages[0].image.width"]),
    ({"messages": [message(image={"data": PNG, "size_bytes": 5})]}, ["messages[0].image.size_bytes"]),
    ({"messages": [message(image={"data": PNG, "sha256": b"x" * 32})]}, ["messages[0].image.sha256"]),
    ({"messages": [message(image={"data": PNG, "sha256": b"x"})]}, ["messages[0].image.sha256"] * 2),
    ({"messages": [message(image={"data": PNG, "detail": 7})]}, ["messages[0].image.detail"]),
    ({"messages": [message(image={"uri": "file:///etc/passwd"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "http://example.com"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "data:text/html,x"})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "https://e.com/" + "x" * 2048})]}, ["messages[0].image.uri"]),
    ({"messages": [message(image={"uri": "https://e.com/x", "width": 3})]}, ["messages[0].image.width"]),
    ({"messages": [message(image={"uri": "gs://b/x"})]}, ["messages[0].image.mime_type"]),
    ({"messages": [message(image={"image_id": "x"})]}, ["messages[0].image.image_id"]),
    ({"messages": [message(parts=[{}])]}, ["messages[0].parts[0]"]),
    ({"messages": [message(parts=[{"text": "a", "thought": True}])]}, ["messages[0].parts[0]"]),
    ({"messages": [message(parts=[{"function_call": {"name": "f"}}])]}, ["messages[0].parts[0].function_call"]),
    (
        {
            "messages": [
                message(content="q"),
                {"role": 3, "parts": [{"function_response": {"name": "f", "response": {}}}]},
            ]
        },
        ["messages[1].parts[0].function_response"],
    ),
    (
        {"messages": [{"role": 4, "parts": [{"function_response": {}}]}]},
        ["messages[0].parts[0].function_response.name", "messages[0].parts[0].function_response.response"],
    ),
    ({"messages": [message(parts=[{"image": {"sha256": SHA}}])]}, ["messages[0].parts[0].image"]),
    ({"messages": [message(image={"data": PNG}, parts=[{"text": "a"}])]}, ["messages[0].image"]),
    ({"messages": [message(content="b", parts=[{"text": "a"}])]}, ["messages[0].content"]),
    ({"messages": [message(content="x"), {"role": 1, "image": {"data": PNG}}]}, ["messages[1].image"]),
    ({"response_modalities": [0]}, ["response_modalities[0]"]),
    ({"response_modalities": [1, 1]}, ["response_modalities"]),
    ({"image_config": {"aspect_ratio": "wide"}}, ["image_config.aspect_ratio"]),
    ({"image_config": {"image_size": "1k"}}, ["image_config.image_size"]),
    ({"image_config": {"output_options": {"mime_type": "image/bmp"}}}, ["image_config.output_options.mime_type"]),
    (
        {"image_config": {"output_options": {"compression_quality": 101}}},
        ["image_config.output_options.compression_quality"],
    ),
    ({"generation_config": {"temperature": 2.1}}, ["generation_config.temperature"]),
    ({"generation_config": {"temperature": float("nan")}}, ["generation_config.temperature"]),
    ({"generation_config": {"top_p": -0.1}}, ["generation_config.top_p"]),
    ({"generation_config": {"top_k": 0}}, ["generation_config.top_k"]),
    ({"generation_config": {"candidate_count": 9}}, ["generation_config.candidate_count"]),
    ({"generation_config": {"max_output_tokens": 0}}, ["generation_config.max_output_tokens"]),
    ({"generation_config": {"stop_sequences": ["", "a"]}}, ["generation_config.stop_sequences[0]"]),
    ({"generation_config": {"frequency_penalty": 2}}, ["generation_config.frequency_penalty"]),
    (
        {"generation_config": {"thinking_config": {"thinking_budget": 1, "thinking_level": "HIGH"}}},
        ["generation_config.thinking_config.thinking_budget"],
    ),
    ({"safety_settings": [{"category": "A"}]}, ["safety_settings[0].threshold"]),
    ({"safety_settings": [{"category": "A", "threshold": "B"}] * 2}, ["safety_settings[1].category"]),
    ({"tools": [{}]}, ["tools[0]"]),
    ({"tools": [{"functions": {}}]}, ["tools[0].functions.declarations"]),
    ({"tools": [{"functions": {"declarations": [{"name": "1"}]}}]}, ["tools[0].functions.declarations[0].name"]),
    ({"tool_config": {"mode": "auto"}}, ["tool_config.mode"]),
    ({"labels": {"Team": "a"}}, ["labels"]),
    ({"extra_body": {"a": [1, {"b": float("nan")}]}}, ["extra_body"]),
    ({"extra_body": {"a": {"b": float("-inf")}}}, ["extra_body"]),
    ({"service_tier": "FLEX"}, ["service_tier"]),
    ({"output_config": {}}, ["output_config.uri_prefix"]),
    ({"output_config": {"uri_prefix": "https://e.com/"}}, ["output_config.uri_prefix"]),
    ({"continuation_token": b"t" * 1024 * 1024 + b"t"}, ["continuation_token"]),
    ({"generation_config": {"candidate_count": 0}}, ["generation_config.candidate_count"]),
    ({"messages": [message(image={"data": PNG, "detail": 6})]}, ["messages[0].image.detail"]),
    ({"safety_settings": [{"category": "A", "threshold": "B", "method": "BOTH"}]}, ["safety_settings[0].method"]),
    ({"tools": [{"google_search": {"search_types": ["MAPS"]}}]}, ["tools[0].google_search.search_types[0]"]),
    ({"tools": [{"google_search": {"search_types": ["WEB", "WEB"]}}]}, ["tools[0].google_search.search_types"]),
    ({"tools": [{"google_search": {"exclude_domains": ["a", ""]}}]}, ["tools[0].google_search.exclude_domains[1]"]),
    (
        {"tools": [{"google_search": {"time_range": {}}}]},
        ["tools[0].google_search.time_range.start_time", "tools[0].google_search.time_range.end_time"],
    ),
    (
        {"tools": [{"google_search": {"time_range": {"start_time": {"seconds": 2}, "end_time": {"seconds": 1}}}}]},
        ["tools[0].google_search.time_range.end_time"],
    ),
    (
        {"tools": [{"google_search": {"time_range": {"start_time": {"nanos": -1}, "end_time": {}}}}]},
        ["tools[0].google_search.time_range.start_time"],
    ),
    ({"messages": [message(image={"data": PNG, "display_name": "a"})]}, ["messages[0].image.display_name"]),
    (
        {"messages": [message(parts=[{"image": {"data": PNG, "display_name": "a"}}])]},
        ["messages[0].parts[0].image.display_name"],
    ),
    (
        {"messages": [message(image={"data": PNG, "mime_type": "application/octet-stream"})]},
        ["messages[0].image.mime_type"] * 2,
    ),
    (
        {"messages": [result({"data": b"GARBAGE"}, {})]},
        [f"messages[0].parts[0].function_response.images[{end}" for end in ("0].data", "1]")],
    ),
    ({"messages": [result(*[{"data": PNG}] * 15)]}, ["messages[0].parts[0].function_response.images"]),
    (
        {"messages": [message(parts=[{"media": {"data": b"x", "mime_type": "audio/wav"}}])]},
        ["messages[0].parts[0].media"],
    ),
    ({"messages": [message(parts=[{"native": {"kind": "k", "value_json": "{}"}}])]}, ["messages[0].parts[0].native"]),
    (
        {"messages": [message(parts=[{"text": "a", "native_fields": {"k": "1"}}])]},
        ["messages[0].parts[0].native_fields"],
    ),
    (
        {"messages": [message(content="x"), answer({"media": {"mime_type": "audio/wav"}})]},
        ["messages[1].parts[0].media"],
    ),
    (
        {"messages": [message(content="x"), answer({"media": {"data": b"x", "mime_type": "audio", "size_bytes": 2}})]},
        ["messages[1].parts[0].media.mime_type", "messages[1].parts[0].media.size_bytes"],
    ),
    (
        {"messages": [message(content="x"), answer({"media": {"uri": "gs://a", "mime_type": "a/b", "sha256": SHA}})]},
        ["messages[1].parts[0].media.sha256"],
    ),
    (
        {"messages": [message(content="x"), answer({"native": {"kind": "inline_data", "value_json": "{}"}})]},
        ["messages[1].parts[0].native.kind"],
    ),
    (
        {"messages": [message(content="x"), answer({"native": {"kind": "k", "value_json": "{"}})]},
        ["messages[1].parts[0].native.value_json"],
    ),
    (
        {"messages": [message(content="x"), answer({"native": {"kind": "k", "value_json": "NaN"}})]},
        ["messages[1].parts[0].native.value_json"],
    ),
    (
        {"messages": [message(content="x"), answer({"native": {"kind": "k", "value_json": "[" * 100_000}})]},
        ["messages[1].parts[0].native.value_json"],
    ),
    (
        {"messages": [message(content="x"), answer({"native": {"kind": "k", "value_json": '1,"text":2'}})]},
        ["messages[1].parts[0].native.value_json"],
    ),
    *(
        (
            {"messages": [message(content="x"), answer({"text": "a", "native_fields": fields})]},
            ["messages[1].parts[0].native_fields"],
        )
        for fields in ({"thought_signature": '"s"'}, {"": "1"}, {"a": "}"}, {str(i): "1" for i in range(33)})
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"native": {"kind": "k", "value_json": "1"}, "native_fields": {"k": "1"}}),
            ]
        },
        ["messages[1].parts[0].native_fields"],
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"image": {"data": PNG, "detail": 3}, "native_fields": {"mediaResolution": "{}"}}),
            ]
        },
        ["messages[1].parts[0].native_fields"],
    ),
    (
        {"messages": [message(content="x"), answer({"function_call": {"name": "f", "args_json": "[]"}})]},
        ["messages[1].parts[0].function_call.args_json"],
    ),
    (
        {"messages": [message(content="x"), answer({"function_call": {"name": "f", "args": {}, "args_json": "{}"}})]},
        ["messages[1].parts[0].function_call.args_json"],
    ),
    ({"messages": [message(content="x"), answer({"image": {"data": b"?"}})]}, ["messages[1].parts[0].image.mime_type"]),
    (
        {"messages": [message(content="x"), answer({"image": {"data": b"?", "mime_type": "image/x", "sha256": SHA}})]},
        ["messages[1].parts[0].image.sha256"],
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"image": {"sha256": SHA, "detail": 3}}, image={"data": PNG, "sha256": SHA}),
            ]
        },
        ["messages[1].parts[0].image.detail"],
    ),
    (
        {"messages": [message(content="x"), answer({"image": {"uri": "gs://a/c"}}, image={"uri": "gs://a/b"})]},
        ["messages[1].image"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), WRONG)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], paths: list[str]) -> None:
    assert violations(request(**fields)) == [f"spec.{path}" for path in paths]


def test_every_violation_is_named_at_once_and_tells_a_remedy() -> None:
    made = request(model="", messages=[], image_config={"image_size": "1k"})
    made.max_frame_bytes = 5
    with pytest.raises(InvalidRequest) as refused:
        validation.check(made)
    found = {v.field: v.description for v in refused.value.violations}
    assert list(found) == ["spec.model", "spec.image_config.image_size", "spec.messages", "max_frame_bytes"]
    assert "capital K" in found["spec.image_config.image_size"]
    assert "(and 3 more)" in str(refused.value)


@pytest.mark.parametrize(
    ("size", "fine"), [(0, True), (16384, True), (2097152, True), (16383, False), (2097153, False)]
)
def test_frames_have_bounds(size: int, fine: bool) -> None:
    made = request()
    made.max_frame_bytes = size
    assert (violations(made) == []) is fine


def test_a_request_id_is_refused_as_long_as_nothing_is_kept() -> None:
    made = request()
    made.request_id = "7f0c8d3a-0000-4000-8000-000000000000"
    assert violations(made) == ["request_id"]


def test_a_pixel_bomb_is_refused_by_its_header() -> None:
    bomb = PNG[:16] + (60_000).to_bytes(4, "big") * 2 + PNG[24:]
    assert violations(request(messages=[message(image={"data": bomb})])) == ["spec.messages[0].image.data"]
