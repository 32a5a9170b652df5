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
TAKEN: dict[str, Any] = {"functions": [], "function_call": "none", "n": 1, "logit_bias": {}, "store": False}


Told = tuple[list[str], list[str]]  # the fields that were refused, and those that were dropped


def of_completion(fields: dict[str, Any]) -> Told:
    """What the client says."""
    try:
        return [], read(MODEL, BASE["chat"]["messages"], fields).drops.names
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
@pytest.mark.parametrize("name", TAKEN)
def test_it_is_taken(asked: Any, name: str) -> None:
    assert asked({name: TAKEN[name]}) == ([], [])
