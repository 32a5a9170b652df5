"""The small checks that the contract's table is made of."""

from typing import Any

import pytest

from imagewire_server.contract import pb, rules
from tests.unit.contract.requests import request, violations

# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"messages": []}, ["messages"]),
    ({"messages": [{"role": 1, "content": "x"}]}, ["messages"]),
    ({"response_modalities": [1, 1]}, ["response_modalities"]),
    (
        {"generation_config": {"thinking_config": {"thinking_budget": 1, "thinking_level": "HIGH"}}},
        ["generation_config.thinking_config.thinking_budget"],
    ),
    ({"safety_settings": [{"category": "A", "threshold": "B"}] * 2}, ["safety_settings[1].category"]),
    ({"tools": [{}]}, ["tools[0]"]),
    ({"tools": [{"google_search": {"search_types": ["WEB", "WEB"]}}]}, ["tools[0].google_search.search_types"]),
    (
        {"tools": [{"google_search": {"time_range": {"start_time": {"seconds": 2}, "end_time": {"seconds": 1}}}}]},
        ["tools[0].google_search.time_range.end_time"],
    ),
    (
        {"tools": [{"google_search": {"time_range": {"start_time": {"nanos": -1}, "end_time": {}}}}]},
        ["tools[0].google_search.time_range.start_time"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), WRONG)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], paths: list[str]) -> None:
    assert violations(request(**fields)) == [f"spec.{path}" for path in paths]


def test_one_of_two_fields() -> None:
    check = rules.exclusive("thinking_budget", "thinking_level")
    both = pb.ThinkingConfig(thinking_budget=0, thinking_level="LOW")
    assert list(check(both)) == [("thinking_budget", "cannot be combined with thinking_level; set only one of them")]
    for fine in (pb.ThinkingConfig(), pb.ThinkingConfig(thinking_budget=0), pb.ThinkingConfig(thinking_level="LOW")):
        assert list(check(fine)) == []


def test_values_alone() -> None:
    bounded, named = rules.between(1, 9, zero_too=True), rules.matches("[a-z]+", "letters")
    assert [bounded(value) for value in (0, 1, 9)] == [None] * 3
    assert bounded(10) == "is 10; it must be from 1 to 9"
    assert rules.between(0, float("inf"))(-1) == "is -1; it must be at least 0"
    assert [named(value) for value in ("", "ab")] == [None, None]
    assert named("A") == "must be letters"
    assert rules.at_most(2)("abc") == "has 3 characters; at most 2 are allowed"
    assert (rules.required(""), rules.required("x")) == ("is required", None)
    assert (rules.sha256(b""), rules.sha256(b"x")) == (None, "has 1 bytes; a SHA-256 has 32")
    assert (rules.one_candidate(1), rules.one_candidate(2)) == (
        None,
        "is 2; it must be 1: make another call for another picture",
    )
