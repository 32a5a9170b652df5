"""Encoding: every field of a spec moves the body or is refused; nothing is dropped."""

from typing import Any

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from imagewire_server.contract import message_rules, pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode
from tests.pictures import PNG, encoded
from tests.unit.contract.test_validation import REQUESTS

OPEN = Capabilities(service="a test", uri_schemes=("https", "gs"), fields=frozenset(validation.CHECKS))
# A field's value where the first that comes to mind is the default, or would be refused for its form alone.
VALUES: dict[str, Any] = {
    "Spec.model": None,  # in the URL, not in the body
    "Spec.messages": None,  # the base has one; its own fields are walked
    "Spec.response_modalities": [2],
    "ChatMessage.role": 3,
    "Image.uri": "https://example.com/a.png",
    "Image.mime_type": "image/jpeg",
    "Image.detail": 3,
    "Image.data": encoded("PNG", 5, 5),
    "FunctionDeclaration.name": "other",
    "FunctionCall.name": "other",
    "FunctionResponse.name": "other",
    "ImageConfig.aspect_ratio": "16:9",
    "ImageConfig.image_size": "2K",
    "ImageOutputOptions.mime_type": "image/jpeg",
    "GenerationConfig.candidate_count": 2,
    "Part.text": "other",
    "ToolConfig.mode": "ANY",
    "Spec.labels": {"team": "a"},
    "Spec.service_tier": "flex",
    "OutputConfig.uri_prefix": "gs://bucket/folder/",
    "SafetySetting.method": "SEVERITY",
    "GoogleSearch.search_types": ["IMAGE"],
    "TimeRange.start_time": {"seconds": 1},
    "TimeRange.end_time": {"seconds": 3},
    "Part.native_fields": {"partMetadata": '{"a": 1}'},
    "Media.uri": "https://example.com/a.wav",
    "Media.mime_type": "audio/mpeg",
    "NativePart.kind": "toolCall",
    "NativePart.value_json": '{"a": 1}',
    "FunctionCall.args_json": '{"a": 1}',
}
# What a field needs beside it to be well-formed.
BASES: dict[str, dict[str, Any]] = {
    "SafetySetting": {"category": "HARM_A", "threshold": "OFF"},
    "FunctionDeclaration": {"name": "f"},
    "ToolConfig": {"mode": "AUTO", "allowed_function_names": []},
    "FunctionCall": {"name": "f"},
    "FunctionResponse": {"name": "f", "response": {}},
    "Image": {"data": PNG},
    "Media": {"data": b"RIFF", "mime_type": "audio/wav"},
    "NativePart": {"kind": "executableCode", "value_json": "{}"},
    "TimeRange": {"start_time": {}, "end_time": {"seconds": 2}},
    "Part": {"text": "x"},
}


# Messages that are refused as a whole, and the field that names them.
REFUSED_WHOLE = {"OutputConfig": "output_config"}


# Messages that stand in another place than the walk would put them.
WALKED_APART = ("Spec.messages", "Part.function_response")
# The server puts the earlier chat in its place, before anything is encoded.
REPLACED = ("Spec.previous_completion_id",)


def _value(field: FieldDescriptor) -> Any:
    name = f"{field.containing_type.name}.{field.name}"
    if name in VALUES:
        return VALUES[name]
    if field.message_type is not None and field.message_type.full_name == "google.protobuf.Struct":
        return {"k": 7}
    kinds = {
        FieldDescriptor.CPPTYPE_STRING: "f" if field.type != FieldDescriptor.TYPE_BYTES else b"s" * 32,
        FieldDescriptor.CPPTYPE_DOUBLE: 0.5,
        FieldDescriptor.CPPTYPE_INT32: 7,
        FieldDescriptor.CPPTYPE_INT64: 7,
        FieldDescriptor.CPPTYPE_BOOL: True,
        FieldDescriptor.CPPTYPE_ENUM: 1,
    }
    value = kinds[field.cpp_type]
    return [value] if field.is_repeated else value


def _leaves(descriptor: Descriptor, wrap: Any) -> list[tuple[str, Any, Any]]:
    """(field, spec without, spec with it) for each field below a message; `wrap` puts a message's dict into a spec."""
    found = []
    base = BASES.get(descriptor.name, {})
    for field in descriptor.fields:
        name = f"{descriptor.name}.{field.name}"
        inside = field.message_type
        if inside is not None and inside.file.package == "imagewire.v1" and not inside.GetOptions().map_entry:

            def deeper(value: Any, field: FieldDescriptor = field) -> Any:
                made = {field.name: [value] if field.is_repeated else value}
                return wrap(made if field.containing_oneof else {**base, **made})

            if name not in WALKED_APART:
                found += _leaves(inside, deeper)
            continue
        value = _value(field)
        if value is not None and name not in REPLACED:
            without = {key: kept for key, kept in base.items() if key != field.name}
            if field.containing_oneof and len(field.containing_oneof.fields) > 1:
                siblings = {f.name for f in field.containing_oneof.fields}
                without = {key: kept for key, kept in without.items() if key not in siblings}
            found.append((name, wrap(base), wrap({**without, field.name: value})))
    return found


def _in_message(role: int) -> Any:
    return lambda message: {"messages": [{"role": 2, "content": "hello"}, {"role": role, **message}]}


def _cases() -> list[tuple[str, Any, Any]]:
    cases = _leaves(pb.Spec.DESCRIPTOR, lambda spec: {"messages": [{"role": 2, "content": "hello"}], **spec})
    cases += _leaves(pb.Image.DESCRIPTOR, lambda image: _in_message(2)({"image": image}))
    cases += _leaves(pb.Part.DESCRIPTOR, lambda part: _in_message(3)({"parts": [part]}))
    cases += _leaves(pb.FunctionResponse.DESCRIPTOR, lambda r: _in_message(4)({"parts": [{"function_response": r}]}))
    cases.append(("ChatMessage.role", _in_message(2)({"content": "x"}), _in_message(3)({"content": "x"})))
    cases.append(("ChatMessage.content", _in_message(2)({"content": "x"}), _in_message(2)({"content": "y"})))
    return cases


def _outcome(fields: Any, chosen: Capabilities) -> Any:
    spec = pb.Spec(model="m", **fields)
    try:
        validation.check(spec)
        for _, image, _ in message_rules.kept_images(spec):
            image.data = encoded("PNG", 3, 4)  # as the store fills it in
        return msgspec.json.encode(encode(spec, chosen))
    except InvalidRequest as error:
        return [violation.field for violation in error.violations]


@pytest.mark.parametrize("chosen", [OPEN, models("gemini").unknown], ids=["open", "gemini"])
@pytest.mark.parametrize(
    ("name", "without", "with_it"), _cases(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_field_moves_the_body_or_is_refused_by_name(
    name: str, without: Any, with_it: Any, chosen: Capabilities
) -> None:
    before, after = _outcome(without, chosen), _outcome(with_it, chosen)
    if isinstance(after, list):
        words = {name.rpartition(".")[2], REFUSED_WHOLE.get(name.partition(".")[0], name)}
        assert any(word in path for path in after for word in words), f"{name} refused as {after}"
    else:
        assert after != before, f"{name} was ignored"


def test_the_walk_reaches_every_field_of_a_request() -> None:
    walked = {name for name, _, _ in _cases()}
    requests = tuple(f"{request.DESCRIPTOR.name}." for request in REQUESTS)
    known = {name for name in validation.CHECKS if not name.startswith(requests)}
    containers = {
        "Spec.model", "Spec.messages", "Spec.image_config", "Spec.generation_config", "Spec.safety_settings",
        "Spec.tools", "Spec.tool_config", "ChatMessage.image", "ChatMessage.parts", "Part.image", "Part.function_call",
        "Part.function_response", "ImageConfig.output_options", "GenerationConfig.thinking_config", "Tool.functions",
        "Tool.google_search", "FunctionDeclarations.declarations", "Part.media", "Part.native", "Spec.output_config",
        "FunctionResponse.images", "GoogleSearch.time_range", "Spec.previous_completion_id",
    }  # fmt: skip
    assert known - walked == containers


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("gemini-2.5-flash-image", {"image_config": {"image_size": "1K"}}, ["image_config.image_size"]),
    ("gemini-2.5-flash-image", {"generation_config": {"thinking_config": {}}}, ["generation_config.thinking_config"]),
    (
        "gemini-2.5-flash-image",
        {"messages": [{"role": 2, "image": {"data": PNG, "detail": 3}}]},
        ["messages[0].image.detail"],
    ),
    ("gemini-3-pro-image", {"image_config": {"aspect_ratio": "8:1"}}, ["image_config.aspect_ratio"]),
    ("gemini-3-pro-image", {"image_config": {"image_size": "512"}}, ["image_config.image_size"]),
    ("gemini-3-pro-image", {"labels": {"a": "b"}}, ["labels"]),
    ("gemini-3-pro-image", {"image_config": {"person_generation": "X"}}, ["image_config.person_generation"]),
    ("gemini-3-pro-image", {"messages": [{"role": 2, "image": {"data": PNG}}] * 15}, ["messages"]),
    (
        "x",
        {"messages": [{"role": 2, "image": {"uri": "gs://a/b", "mime_type": "image/png"}}]},
        ["messages[0].image.uri"],
    ),
    ("x", {"messages": [{"role": 2, "image": {"uri": "data:image/png;base64,!"}}]}, ["messages[0].image.uri"]),
    ("x", {"messages": [{"role": 2, "image": {"uri": "data:image/png;base64,AAAA"}}]}, ["messages[0].image.uri"]),
    ("x", {"extra_body": {"generationConfig": {"candidateCount": 8}}}, ["extra_body.generationConfig.candidateCount"]),
    (
        "x",
        {"extra_body": {"generation_config": {"candidate_count": 8}}},
        ["extra_body.generation_config.candidate_count"],
    ),
    (
        "x",
        {"generation_config": {"seed": 1}, "extra_body": {"generation_config": {"seed": 2}, "system_instruction": {}}},
        ["extra_body.generation_config.seed"],
    ),
    (
        "x",
        {"service_tier": "flex", "extra_body": {"service_tier": "priority"}},
        ["extra_body.service_tier"],
    ),
    ("x", {"output_config": {"uri_prefix": "gs://a/b"}}, ["output_config"]),
    (
        "x",
        {"safety_settings": [{"category": "A", "threshold": "OFF", "method": "SEVERITY"}]},
        ["safety_settings[0].method"],
    ),
    (
        "x",
        {"tools": [{"google_search": {"exclude_domains": ["a.com"], "blocking_confidence": "BLOCK_LOW_AND_ABOVE"}}]},
        ["tools[0].google_search.exclude_domains", "tools[0].google_search.blocking_confidence"],
    ),
    (
        "gemini-3-pro-image",
        {
            "messages": [
                {"role": 2, "image": {"data": PNG}},
                {
                    "role": 4,
                    "parts": [{"function_response": {"name": "f", "response": {}, "images": [{"data": PNG}] * 14}}],
                },
            ]
        },
        ["messages"],
    ),
    (
        "gemini-2.5-flash-image",
        {"messages": [{"role": 2, "image": {"data": PNG, "detail": 5}}]},
        ["messages[0].image.detail"],
    ),
    (
        "x",
        {"messages": [{"role": 2, "image": {"uri": "gs://a/b", "mime_type": "image/png"}}]},
        ["messages[0].image.uri"],
    ),
    (
        "x",
        {"generation_config": {"seed": 1}, "extra_body": {"generationConfig": {"seed": 2}, "contents": []}},
        ["extra_body.generationConfig.seed", "extra_body.contents"],
    ),
]


@pytest.mark.parametrize(("model", "fields", "paths"), REFUSED)
def test_what_a_model_cannot_take_is_refused_by_name(model: str, fields: dict[str, Any], paths: list[str]) -> None:
    given = {"messages": [{"role": 2, "content": "x"}], **fields}
    refused = []
    try:
        encode(pb.Spec(model=model, **given), models("gemini").find(model))
    except InvalidRequest as error:
        refused = sorted(violation.field for violation in error.violations)
    assert refused == sorted(f"spec.{path}" for path in paths)


def test_d13_extra_body_joins_a_field_of_the_other_spelling() -> None:
    given = {"generation_config": {"logprobs": 3}, "system_instruction": {"parts": []}}
    body = encode(pb.Spec(model="m", messages=[{"role": 2, "content": "x"}], extra_body=given), OPEN)
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], "logprobs": 3}
    assert body["system_instruction"] == {"parts": []}


def test_d13_extra_body_names_a_field_once_in_either_spelling() -> None:
    spec = pb.Spec(model="m", messages=[{"role": 2, "content": "x"}], extra_body={"fooBar": 1, "foo_bar": 2})
    with pytest.raises(InvalidRequest) as refused:
        encode(spec, OPEN)
    assert len(refused.value.violations) == 1


def test_google_search_with_all_its_options() -> None:
    search = {
        "search_types": ["IMAGE", "WEB"],
        "exclude_domains": ["example.com"],
        "time_range": {"start_time": {"seconds": 1767225600}, "end_time": {"seconds": 1767225601, "nanos": 5_000_000}},
        "blocking_confidence": "BLOCK_LOW_AND_ABOVE",
    }
    spec = pb.Spec(model="m", messages=[{"role": 2, "content": "x"}], tools=[{"google_search": search}])
    assert encode(spec, OPEN)["tools"] == [
        {
            "googleSearch": {
                "searchTypes": {"imageSearch": {}, "webSearch": {}},
                "excludeDomains": ["example.com"],
                "timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-01T00:00:01.005Z"},
                "blockingConfidence": "BLOCK_LOW_AND_ABOVE",
            }
        }
    ]
