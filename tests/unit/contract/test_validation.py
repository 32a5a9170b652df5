"""The table of constraints: complete, and right for each row."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from tests.pictures import PNG
from tests.unit.contract.requests import FINE, answer, message, request, result, violations

# Methods that are not built take no constraints yet: they refuse every request.
REQUESTS = (
    pb.CreateCompletionRequest,
    pb.StreamCompletionRequest,
    pb.ResumeCompletionRequest,
    pb.ListModelsRequest,
    pb.GetModelRequest,
    pb.DownloadImageRequest,
    pb.DeleteImageRequest,
)


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


# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"model": ""}, ["model"]),
    ({"model": "a//b"}, ["model"]),
    ({"model": "../secret"}, ["model"]),
    ({"model": "a?key=b"}, ["model"]),
    ({"model": "a\r\nb"}, ["model"]),
    ({"model": "x" * 257}, ["model"]),
    ({"messages": [{"content": "x"}]}, ["messages[0].role"]),
    ({"messages": [{"role": 9, "content": "x"}]}, ["messages[0].role"]),
    ({"messages": [message(image={"data": PNG, "mime_type": "text/html"})]}, ["messages[0].image.mime_type"] * 2),
    ({"messages": [message(image={"data": PNG, "sha256": b"x"})]}, ["messages[0].image.sha256"] * 2),
    ({"messages": [message(image={"data": PNG, "detail": 7})]}, ["messages[0].image.detail"]),
    ({"messages": [message(image={"image_id": "x" * 129})]}, ["messages[0].image.image_id"]),
    (
        {"messages": [{"role": 4, "parts": [{"function_response": {}}]}]},
        ["messages[0].parts[0].function_response.name", "messages[0].parts[0].function_response.response"],
    ),
    ({"response_modalities": [0]}, ["response_modalities[0]"]),
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
    ({"safety_settings": [{"category": "A"}]}, ["safety_settings[0].threshold"]),
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
    ({"tools": [{"google_search": {"exclude_domains": ["a", ""]}}]}, ["tools[0].google_search.exclude_domains[1]"]),
    (
        {"tools": [{"google_search": {"time_range": {}}}]},
        ["tools[0].google_search.time_range.start_time", "tools[0].google_search.time_range.end_time"],
    ),
    ({"messages": [result(*[{"data": PNG}] * 15)]}, ["messages[0].parts[0].function_response.images"]),
    (
        {"messages": [message(content="x"), answer({"media": {"data": b"x", "mime_type": "audio", "size_bytes": 2}})]},
        ["messages[1].parts[0].media.mime_type", "messages[1].parts[0].media.size_bytes"],
    ),
]


@pytest.mark.parametrize("fields", FINE)
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    assert violations(request(**fields)) == []


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


def test_a_request_id_is_a_uuid() -> None:
    made = request()
    made.request_id = "7f0c8d3a-0000-4000-8000-000000000000"
    assert violations(made) == []
    made.request_id = "7f0c8d3a"
    assert violations(made) == ["request_id"]


def test_a_request_to_resume_names_its_answer() -> None:
    assert violations(pb.ResumeCompletionRequest()) == ["completion_id"]
