"""Checks of messages: what a role allows, and that parts are the whole message."""

from typing import Any

import pytest

from tests.pictures import PNG
from tests.unit.contract.requests import SHA, answer, message, request, violations

# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"messages": [message()]}, ["messages[0]"]),
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
    ({"messages": [message(parts=[{"image": {"sha256": SHA}}])]}, ["messages[0].parts[0].image"]),
    ({"messages": [message(image={"data": PNG}, parts=[{"text": "a"}])]}, ["messages[0].image"]),
    ({"messages": [message(content="b", parts=[{"text": "a"}])]}, ["messages[0].content"]),
    ({"messages": [message(content="x"), {"role": 1, "image": {"data": PNG}}]}, ["messages[1].image"]),
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
