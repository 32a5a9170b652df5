"""Checks of content in a provider's own format."""

from typing import Any

import pytest

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
