"""Every wrong field of a body is found, and what can be left out is."""

import json
from typing import Annotated, Any, Literal

import msgspec
import pytest

from imagewire_server.formats.openai.common import wrong_fields
from imagewire_server.formats.openai.common.json_decode import Strict


class Part(Strict):
    name: str
    detail: Literal["low", "high"] | None = None


class Body(Strict):
    model: str
    count: int | None = None
    quality: Literal["auto"] | None = None
    logit_bias: Annotated[dict[str, int], msgspec.Meta(max_length=0)] | None = None
    audio: None = None
    messages: list[Part] | None = None
    drop_params: bool | None = None
    weights: dict[str, int] | None = None


def found(body: dict[str, Any], **options: Any) -> wrong_fields.Found[Body]:
    return wrong_fields.of_body(json.dumps(body).encode(), Body, **options)


def names(result: wrong_fields.Found[Body]) -> list[str]:
    return [one.field for one in result.violations]


@pytest.mark.parametrize(
    ("body", "expected", "rest"),
    [
        ({"model": "m", "count": "x", "odd": 1}, {"count", "odd"}, Body("m")),
        ({"count": 1}, {"model"}, Body("x", count=1)),
        ({"model": "m", "weights": {"a": "x"}, "count": "x"}, {"weights[...]", "count"}, Body("m")),
        ({"count": "x"}, {"model", "count"}, Body("x")),
        ({"model": 1, "count": "x"}, {"model", "count"}, Body("x")),
        (
            {"model": "m", "audio": {"a": 1}, "quality": "hd", "logit_bias": {"a": 1}},
            {"audio", "quality", "logit_bias"},
            Body("m"),
        ),
        # A stand-in takes the place of what is wrong and required.
        (
            {"model": "m", "messages": [{"name": 1, "odd": 1}]},
            {"messages[0].name", "messages[0].odd"},
            Body("m", messages=[Part("x")]),
        ),
        # The rest of a list with a wrong element is looked at too.
        (
            {"model": "m", "messages": [3, {"odd": 1}, {"name": "b"}], "odd": 2},
            {"messages[0]", "messages[1].odd", "messages[1].name", "odd"},
            Body("m", messages=[Part("x"), Part("x"), Part("b")]),
        ),
        ({"model": "m", "": 1, "odd": None}, {'""'}, Body("m")),
        ({"model": "m", "messages": [{"name": "a", "": 1}]}, {'messages[0].""'}, Body("m", messages=[Part("a")])),
        ({"model": "m", "a.b": 1, "c[0]": 1}, {"a.b", "c[0]"}, Body("m")),
    ],
    ids=lambda given: str(sorted(given)) if isinstance(given, set) else str(given),  # the same in all processes
)
def test_every_wrong_field_is_found(body: dict[str, Any], expected: set[str], rest: Body | None) -> None:
    result = found(body)
    assert (set(names(result)), len(names(result))) == (expected, len(expected))
    assert result.request == rest
    assert result.dropped == []


@pytest.mark.parametrize(
    ("body", "dropped", "left"),
    [
        ({"odd": 1, "quality": "hd", "count": "x"}, ["odd", "quality"], ["count"]),
        ({"audio": 1}, ["audio"], []),
        ({"messages": [{"name": "a", "odd": 1}]}, ["messages[0].odd"], []),
        ({"messages": [{"name": "a", "detail": "x"}]}, ["messages[0].detail"], []),
        ({"guardrails": []}, [], ["guardrails"]),
        ({"messages": [{"name": "a", "": 1}]}, ['messages[0].""'], []),
    ],
    ids=str,
)
def test_some_are_left_out(body: dict[str, Any], dropped: list[str], left: list[str]) -> None:
    result = found({"model": "m", **body}, drops=True)
    assert (sorted(result.dropped), names(result)) == (sorted(dropped), left)
    assert result.request is not None


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ({"drop_params": True}, False, True),
        ({"drop_params": "true"}, False, True),
        ({"drop_params": False}, True, False),
        ({"drop_params": None}, True, True),
        ({}, False, False),
        ([], True, True),
    ],
    ids=str,
)
def test_who_wants_it(value: Any, default: bool, expected: bool) -> None:
    assert wrong_fields.wants_drops(value, default) == expected


def test_the_place_of_an_object_is_before_its_fields() -> None:
    result = wrong_fields.of_value({"model": 1, "odd": 1}, Body, "input[3]")
    assert set(names(result)) == {"input[3].model", "input[3].odd"}


def test_a_large_body_is_decoded_few_times() -> None:
    many = {f"x{i}": 1 for i in range(20)}
    large = wrong_fields.of_value({"model": "m", **many}, Body, large=True)
    assert (len(large.violations) < 10, large.more, large.request) == (True, 1, None)
    small = wrong_fields.of_value({"model": "m", **many}, Body)
    assert (len(small.violations), small.more) == (20, 0)


@pytest.mark.parametrize(("count", "more"), [(31, 0), (32, 0), (33, 1), (160, 128), (161, 129), (900, 129)])
def test_it_says_how_many_more_there_are(count: int, more: int) -> None:
    result = wrong_fields.of_value({"model": "m", **{f"x{i}": 1 for i in range(count)}}, Body)
    assert (len(result.violations), result.more) == (min(count, 32), more)


@pytest.mark.parametrize(
    ("body", "unsure"),
    [
        ({"model": 1}, ["model"]),
        ({"model": "m", "messages": [{"name": "a"}, 3]}, ["messages[1]"]),
        ({"model": "m", "messages": [{"detail": "low"}]}, ["messages[0]"]),
        ({"model": "m", "odd": 1, "count": "x"}, []),
    ],
    ids=str,
)
def test_it_names_the_places_of_stand_ins(body: dict[str, Any], unsure: list[str]) -> None:
    assert found(body).unsure == unsure
    assert wrong_fields.of_value(body, Body, "input[2]").unsure == [f"input[2].{one}" for one in unsure]


def test_a_value_that_is_no_object() -> None:
    result = wrong_fields.of_value([], Body)
    assert (names(result), result.request) == (["body"], None)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("responseModalities", "send modalities"),
        ("response_modalities", "send modalities"),
        ("generationConfig", "inside extra_body"),
        ("num_retries", "in the server's file"),
        ("tags", "LiteLLM's own records"),
        ("guardrails", "has no guardrails"),
    ],
)
def test_names_of_others_have_their_own_remedy(field: str, words: str) -> None:
    found = wrong_fields.of_value({"model": "m", field: []}, Body)
    assert [(one.field, words in one.description) for one in found.violations] == [(field, True)]
