"""The small checks that the contract's table is made of."""

from typing import Any

import pytest

from imagewire_server.contract import pb, rules
from tests.pictures import PNG
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


def test_enums() -> None:
    known, needed = rules.defined(pb.Role), rules.chosen(pb.Role)
    names = "ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL"
    assert [known(number) for number in range(5)] == [None] * 5
    assert known(9) == needed(9) == f"is 9, which is an unknown value; use {names}"
    assert (needed(0), needed(2)) == (f"is required; use {names}", None)


@pytest.mark.parametrize(
    ("value", "fine"), [(-2, True), (1.999, True), (2, False), (-2.1, False), (float("nan"), False)]
)
def test_a_penalty_is_at_least_minus_2_and_less_than_2(value: float, fine: bool) -> None:
    assert rules.penalty(value) == (None if fine else f"is {value}; it must be at least -2 and less than 2")


@pytest.mark.parametrize("value", ["", "2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77", "2F1C6AD8-90C1-4D3B-8A0C-6F1D9A3B5E77"])
def test_a_uuid(value: str) -> None:
    assert rules.uuid(value) is None


@pytest.mark.parametrize("value", ["x", "2f1c6ad890c14d3b8a0c6f1d9a3b5e77", "2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77\n"])
def test_what_is_no_uuid(value: str) -> None:
    assert rules.uuid(value) == "must be a UUID such as 2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, None),
        ({"a": "", "team-1_x": "9" * 63, "a" * 63: "b"}, None),
        ({"A": "b"}, "'A'"),
        ({"1a": "b"}, "'1a'"),
        ({"a" * 64: "b"}, repr("a" * 64)),
        ({"fine": "b", "a": "B"}, "'a'"),
        ({"a": "9" * 64}, "'a'"),
        ({"": "b"}, "''"),
        ({"ä" * 99: "b"}, repr("ä" * 64)),
    ],
)
def test_labels_are_googles(given: dict[str, str], named: str | None) -> None:
    words = ": keys and values have at most 63 of a-z, 0-9, _ and -, and a key starts with a letter"
    assert rules.labels(given) == (None if named is None else named + words)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("inside", [lambda odd: odd, lambda odd: [1, odd], lambda odd: {"b": [{"c": odd}]}])
def test_numbers_that_json_lacks_are_found_at_any_depth(odd: float, inside: Any) -> None:
    made = pb.Struct()
    made.update({"fine": [1, "x", None, True], "a": inside(0.5)})
    assert rules.finite(made) is None
    made.update({"a": inside(odd)})
    assert rules.finite(made) == "has NaN or an infinity, which JSON does not have; leave it out"


def test_a_spec_has_a_turn_of_the_user_and_nothing_twice() -> None:
    system = pb.ChatMessage(role="ROLE_SYSTEM", content="a")
    setting = pb.SafetySetting(category="A")
    fine = pb.Spec(messages=[system, pb.ChatMessage(role="ROLE_USER")], response_modalities=[1, 2])
    assert list(rules.spec(fine)) == []
    assert list(rules.spec(pb.Spec())) == [("messages", "is required; add at least one user message")]
    wrong = pb.Spec(messages=[system], response_modalities=[2, 2], safety_settings=[setting, setting])
    assert list(rules.spec(wrong)) == [
        ("messages", "has only system messages; add at least one user message"),
        ("response_modalities", "has a modality twice"),
        ("safety_settings[1].category", "A is set twice"),
    ]


def test_a_tool_has_a_kind_and_a_search_no_type_twice() -> None:
    assert list(rules.tool(pb.Tool())) == [("", "is empty; set functions or google_search")]
    assert list(rules.tool(pb.Tool(google_search=pb.GoogleSearch()))) == []
    assert list(rules.google_search(pb.GoogleSearch(search_types=["WEB", "IMAGE"]))) == []
    twice = pb.GoogleSearch(search_types=["WEB", "WEB"])
    assert list(rules.google_search(twice)) == [("search_types", "has a type twice; leave one out")]


def test_what_is_resumed_has_one_of_its_ids() -> None:
    for named in (pb.ResumeCompletionRequest(completion_id="c"), pb.ResumeCompletionRequest(request_id="r")):
        assert list(rules.resume(named)) == []
    assert list(rules.resume(pb.ResumeCompletionRequest())) == [("completion_id", "is required, or request_id")]


def test_a_result_and_its_pictures() -> None:
    fine = pb.FunctionResponse(name="f", response={}, images=[pb.Image(data=PNG, display_name="a")])
    assert list(rules.function_response(fine)) == []
    wrong = pb.FunctionResponse(images=[pb.Image(), pb.Image(uri="http://e.com")])
    assert list(rules.function_response(wrong)) == [
        ("response", "is required; an empty object is allowed"),
        ("images[0]", "has no source; set data, uri, image_id or sha256"),
        ("images[1].uri", "must start with https://, gs:// or data:; send other pictures as data"),
    ]


_YEAR_1, _YEAR_9999 = -62135596800, 253402300799
_NO_TIME = "is not a time in the years 1 to 9999; correct it"


@pytest.mark.parametrize(
    ("begin", "end", "wrong"),
    [
        ((_YEAR_1, 0), (_YEAR_9999, 999_999_999), []),
        ((5, 7), (5, 7), []),
        ((5, 8), (5, 7), [("end_time", "is before start_time; swap them")]),
        ((_YEAR_1 - 1, 0), (0, 0), [("start_time", _NO_TIME)]),
        ((0, 0), (_YEAR_9999 + 1, 0), [("end_time", _NO_TIME)]),
        ((0, -1), (0, 0), [("start_time", _NO_TIME)]),
        ((0, 0), (0, 1_000_000_000), [("end_time", _NO_TIME)]),
        (None, (0, 0), []),  # that both are required is said elsewhere
        ((0, 0), None, []),
    ],
)
def test_a_period_begins_before_it_ends(begin: Any, end: Any, wrong: list[tuple[str, str]]) -> None:
    moments = {"start_time": begin, "end_time": end}
    given: Any = {name: pb.Timestamp(seconds=at[0], nanos=at[1]) for name, at in moments.items() if at is not None}
    assert list(rules.time_range(pb.TimeRange(**given))) == wrong


@pytest.mark.parametrize(
    ("fields", "fine"),
    [
        ({}, True),
        ({"seconds": 600}, True),
        ({"nanos": 999_999_999}, True),
        ({"seconds": -1}, False),
        ({"nanos": -1}, False),
        ({"nanos": 1_000_000_000}, False),
        ({"seconds": 315_576_000_001}, False),
    ],
)
def test_a_duration_is_not_negative(fields: dict[str, int], fine: bool) -> None:
    found = violations(pb.StreamCompletionRequest(spec=request().spec, cache_ttl=fields))
    assert found == ([] if fine else ["cache_ttl"])
