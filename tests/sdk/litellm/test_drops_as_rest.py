"""What `drop_params` leaves out and what it never does, in one table for `completion` and for the server's REST."""

import json
from typing import Any

import pytest

from imagewire.errors import InvalidRequest as ClientInvalidRequest
from imagewire.litellm.params import read
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common import reading
from tests.unit.formats.openai.asked import ALL_FIELDS, BASE, KINDS

MODEL = "gemini/gemini-2.5-flash-image"
KEPT: dict[str, Any] = {
    "functions": [{"name": "f"}],
    "function_call": {"name": "f"},
    "n": 2,
    "rpm": 3,
    "tpm": 3,
    "max_budget": 1,
    "guardrails": ["pii"],
    "max_parallel_requests": 1,
}
DROPPED: dict[str, Any] = {
    "response_format": {"type": "json_object"},
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "store": True,
    "verbosity": "high",
    "mock_response": "hi",
    "caching": True,
    "api_version": "v1",
    "litellm_call_id": "x",
    "langfuse_public_key": "pk",
}
MARK = {"cache_control": {"type": "ephemeral", "ttl": "5m"}}
FUNCTION = {"type": "function", "function": {"name": "f"}}
TAKEN: list[dict[str, Any]] = [
    {"functions": []},
    {"function_call": "none"},
    {"n": 1},
    {"logit_bias": {}},
    {"store": False},
    {"tool_choice": "auto"},
    {"tool_choice": "none", "tools": []},
    {"tool_choice": "required", "tools": [FUNCTION]},
    {"parallel_tool_calls": True},
    {"parallel_tool_calls": False},
    {"web_search_options": {"search_context_size": "medium", "user_location": None}},
    {"tools": [FUNCTION | MARK]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", **MARK}], **MARK}]},
    {"size": "1792x1024", "quality": "hd"},
    {"extra_body": {"generationConfig": {"responseModalities": ["IMAGE"]}}},
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    ({"web_search_options": {"search_context_size": "low"}}, "web_search_options"),
    ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
]


Told = tuple[list[str], list[str]]  # the fields that were refused, and those that were dropped


def without(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are arguments by name."""
    return {name: value for name, value in fields.items() if name != "messages"}


def of_completion(fields: dict[str, Any]) -> Told:
    """What the client says."""
    try:
        return [], read(MODEL, fields.get("messages", BASE["chat"]["messages"]), without(fields)).drops.names
    except ClientInvalidRequest as error:
        return [one.field.partition(".")[0] for one in error.violations], []


def of_rest(fields: dict[str, Any]) -> Told:
    """What the server says."""
    try:
        builder = reading.read(json.dumps(BASE["chat"] | fields).encode(), *KINDS["chat"], lambda _: ALL_FIELDS)[1]
        builder.check()
    except InvalidRequest as error:
        return [one.field.partition(".")[0] for one in error.violations], []
    return [], [name.partition(".")[0] for name in builder.dropped]


@pytest.mark.parametrize("asked", [of_completion, of_rest])
@pytest.mark.parametrize("name", KEPT)
def test_it_is_refused_in_any_case(asked: Any, name: str) -> None:
    assert asked({name: KEPT[name]}) == ([name], [])
    assert asked({name: KEPT[name], "drop_params": True}) == ([name], [])


@pytest.mark.parametrize("asked", [of_completion, of_rest])
@pytest.mark.parametrize("name", DROPPED)
def test_it_is_left_out(asked: Any, name: str) -> None:
    assert asked({name: DROPPED[name]}) == ([name], [])
    assert asked({name: DROPPED[name], "drop_params": True}) == ([], [name])


@pytest.mark.parametrize("asked", [of_completion, of_rest])
@pytest.mark.parametrize("fields", TAKEN, ids=str)
def test_it_is_taken(asked: Any, fields: dict[str, Any]) -> None:
    assert asked(fields) == ([], [])


@pytest.mark.parametrize("asked", [of_completion, of_rest])
@pytest.mark.parametrize(("fields", "name"), REFUSED, ids=str)
def test_it_is_refused(asked: Any, fields: dict[str, Any], name: str) -> None:
    assert asked(fields) == ([name], [])
