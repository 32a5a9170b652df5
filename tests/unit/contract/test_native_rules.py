"""Checks of content in a provider's own format."""

import hashlib
from typing import Any

import pytest

from imagewire_server.contract import native_rules, pb
from tests.unit.contract.requests import SHA, answer, message, request, violations

# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"messages": [message(image={})]}, ["messages[0].image"]),
    ({"messages": [message(image={"uri": "https://e.com/x", "width": 3})]}, ["messages[0].image.width"]),
    (
        {"messages": [message(content="x"), answer({"media": {"mime_type": "audio/wav"}})]},
        ["messages[1].parts[0].media"],
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
        {"messages": [message(content="x"), answer({"function_call": {"name": "f", "args_json": "[]"}})]},
        ["messages[1].parts[0].function_call.args_json"],
    ),
    (
        {"messages": [message(content="x"), answer({"function_call": {"name": "f", "args": {}, "args_json": "{}"}})]},
        ["messages[1].parts[0].function_call.args_json"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), WRONG)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], paths: list[str]) -> None:
    assert violations(request(**fields)) == [f"spec.{path}" for path in paths]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", ""),
        ("text", "text"),
        ("inline_data", "inlineData"),
        ("a_b_1c", "aB1c"),
        ("_a", "A"),
        ("a__b_", "a_B_"),
        ("aB", "aB"),
    ],
)
def test_a_name_in_camel_case(name: str, found: str) -> None:
    assert native_rules.camel(name) == found
    assert native_rules.camel(found) == found or "_" in found


_NOT_JSON = "is not JSON; send the text unchanged"
_NO_OBJECT = "is not a JSON object; send the text unchanged"


@pytest.mark.parametrize(
    ("text", "is_json", "is_object"),
    [
        ("", False, True),  # no object at all is one that is left out
        ("{}", True, True),
        (' \t\r\n{"a": [1.50, null, "\\ud800"]} ', True, True),
        ('{"a":"\\uDBFF"}', True, True),
        ("[]", True, False),
        ("1", True, False),
        ("NaN", False, False),
        ("{", False, False),
        ('{"a":1}}', False, False),
        ("{'a':1}", False, False),
        ('{"a":"\udc00"}', False, False),
        ("\u00a0{}", False, False),
        ('{"a":' * 5000, False, False),
    ],
)
def test_json_text(text: str, is_json: bool, is_object: bool) -> None:
    assert native_rules.json(text) == (None if is_json else _NOT_JSON)
    assert native_rules.json_object(text) == (None if is_object else _NO_OBJECT)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, None),
        ({"partMetadata": '{"a":1}', "x" * 128: "null"}, None),
        ({"": "1"}, "has a name of 0 characters; 1 to 128 are allowed"),
        ({"x" * 129: "1"}, "has a name of 129 characters; 1 to 128 are allowed"),
        ({"inline_data": "{}"}, "'inline_data' has its own field in Part; use that"),
        ({"fine": "1", "broken": "}"}, f"'broken' {_NOT_JSON}"),
    ],
)
def test_native_fields(fields: dict[str, str], words: str | None) -> None:
    assert native_rules.native_fields(fields) == words


def test_a_native_part_is_of_a_kind_that_part_lacks() -> None:
    assert list(native_rules.native_part(pb.NativePart(kind="toolCall"))) == []
    (found,) = native_rules.native_part(pb.NativePart(kind="thought_signature"))
    assert found == ("kind", "thought_signature has its own field in Part; use that")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"data": b"RIFF", "size_bytes": 4, "sha256": hashlib.sha256(b"RIFF").digest()}, []),
        ({"data": b""}, []),
        ({"uri": "gs://a/b"}, []),
        ({}, [("", "has no source; set data or uri")]),
        ({"data": b"RIFF", "size_bytes": 0}, [("size_bytes", "is 0, but the data has 4; correct it")]),
        (
            {"data": b"RIFF", "sha256": SHA},
            [("sha256", "does not match the data: it was damaged or changed; send it again")],
        ),
        (
            {"uri": "gs://a/b", "size_bytes": 1, "sha256": SHA},
            [
                (field, "can only be checked against data; leave it out beside a uri")
                for field in ("size_bytes", "sha256")
            ],
        ),
    ],
)
def test_other_media_match_their_fields(fields: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert list(native_rules.media(pb.Media(mime_type="audio/wav", **fields))) == wrong


def test_arguments_have_one_form() -> None:
    both = pb.FunctionCall(args={}, args_json="{}")
    assert list(native_rules.function_call(both)) == [
        ("args_json", "cannot be combined with args; set only one of them")
    ]
    for fine in (pb.FunctionCall(args={}), pb.FunctionCall(args_json="{}"), pb.FunctionCall()):
        assert list(native_rules.function_call(fine)) == []
