"""Nulls that ask for nothing are removed from the API's objects, and kept in the caller's own."""

import copy
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common.nulls import alternatives, dropped


class Inner(msgspec.Struct):
    a: int | None = None
    free: dict[str, Any] | None = None


class Left(msgspec.Struct, tag_field="type", tag="left"):
    inner: Inner | None = None
    shared: Inner | None = None


class Right(msgspec.Struct, tag_field="type", tag="right"):
    inner: str | None = None
    shared: dict[str, Any] | None = None
    renamed: Inner | None = msgspec.field(default=None, name="reNamed")


class Outer(msgspec.Struct):
    one: Inner | None = None
    many: Annotated[list[Inner], msgspec.Meta(max_length=9)] | None = None
    either: list[Left | Right] | str | None = None
    anything: Any = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"one": None, "x": None}, {}),
        ({"one": {"a": None, "x": None}}, {"one": {}}),
        ({"many": [{"x": None}, {"a": 1}, None, 3]}, {"many": [{}, {"a": 1}, None, 3]}),
        (
            {"either": [{"type": "left", "inner": {"x": None}}, {"type": "right", "reNamed": {"x": None}}]},
            {"either": [{"type": "left", "inner": {}}, {"type": "right", "reNamed": {}}]},
        ),
        ({"either": "text"}, {"either": "text"}),
        # The caller's own objects.
        ({"one": {"free": {"x": None}}}, {"one": {"free": {"x": None}}}),
        ({"anything": {"x": None}}, {"anything": {"x": None}}),
        (  # it is, in one of the two types
            {"either": [{"type": "left", "shared": {"x": None}}]},
            {"either": [{"type": "left", "shared": {"x": None}}]},
        ),
        # Unknown fields are refused later, with what is in them.
        ({"unknown": {"x": None}}, {"unknown": {"x": None}}),
        # Wrong types are refused later.
        ({"one": [{"x": None}], "many": {"x": None}}, {"one": [{"x": None}], "many": {"x": None}}),
        ([], []),
        (None, None),
        ("text", "text"),
    ],
    ids=str,
)
def test_nulls_are_dropped_in_place(value: Any, expected: Any) -> None:
    dropped(value, Outer)
    assert value == expected


def test_the_search_ends() -> None:
    value = {"many": [{"x": None} for _ in range(60_000)]}
    dropped(value, Outer)
    left = sum("x" in one for one in value["many"])
    assert 10_000 <= left <= 10_002


def test_the_types_of_a_union() -> None:
    kind = inspect.type_info(
        Annotated[int, msgspec.Meta(ge=0)] | Annotated[list[str], msgspec.Meta(max_length=1)] | None
    )
    assert {type(one) for one in alternatives(kind)} == {inspect.IntType, inspect.ListType, inspect.NoneType}
    described = inspect.type_info(Annotated[bool, msgspec.Meta(description="Yes or no.")])
    assert list(alternatives(described)) == [inspect.BoolType()]


def test_a_chat_has_nulls_at_every_depth() -> None:
    part = {"type": "text", "text": "A", "image_url": None, "cache_control": None}
    function = {"name": "f", "y": None, "parameters": {"type": "object", "default": None}}
    value = {
        "messages": [{"role": "user", "content": [part] * 2, "x": None, "image": None}],
        "tools": [{"type": "function", "function": function, "z": None}],
        "extra_body": {"a": None},
        "a": None,
    }
    value = copy.deepcopy(value)
    dropped(value, ChatRequest)
    assert value == {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "A"}] * 2}],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "default": None}}},
        ],
        "extra_body": {"a": None},
    }


@given(
    st.recursive(
        st.none() | st.integers(),
        lambda inside: (
            st.lists(inside, max_size=3)
            | st.dictionaries(st.sampled_from(["one", "many", "either", "shared", "a", "x"]), inside, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_nothing_but_nulls_is_dropped_and_once_is_enough(value: Any) -> None:
    before = copy.deepcopy(value)
    dropped(value, Outer)
    assert _without_nulls(value) == _without_nulls(before)
    again = copy.deepcopy(value)
    dropped(again, Outer)
    assert again == value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
