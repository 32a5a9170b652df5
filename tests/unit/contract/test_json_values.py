"""JSON objects as protobuf's Struct, and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import json_values, pb

_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _PLAIN, max_size=4))
def test_an_object_comes_back_as_it_was(value: dict[str, Any]) -> None:
    made = json_values.exact_struct(value)
    assert made is not None
    assert json_values.plain(made) == value
    assert json_values.struct(value) == made


def test_a_whole_number_is_an_int() -> None:
    found = json_values.plain(json_values.struct({"a": 3.0, "b": [0.5, -2], "c": {"d": None, "e": True}}))
    assert found == {"a": 3, "b": [0.5, -2], "c": {"d": None, "e": True}}
    assert [type(found["a"]), type(found["b"][1]), type(found["c"]["e"])] == [int, int, bool]
    assert json_values.plain(pb.Struct()) == {}


def nested(levels: int, kind: type) -> dict[str, Any]:
    """An object of so many levels."""
    value: Any = "x"
    for _ in range(levels - 1):
        value = [value] if kind is list else {"a": value}
    return {"a": value}


@pytest.mark.parametrize("kind", [list, dict])
def test_nesting_is_bounded_by_what_clients_read(kind: type) -> None:
    deepest = next(levels for levels in range(1, 99) if json_values.exact_struct(nested(levels + 1, kind)) is None)
    made = json_values.exact_struct(nested(deepest, kind))
    assert made is not None
    assert (
        pb.Event.FromString(
            pb.Event(part_finished=pb.PartFinished(function_call=pb.FunctionCall(args=made))).SerializeToString()
        ).part_finished.function_call.args
        == made
    )
    with pytest.raises(ValueError, match="nested too deep"):
        json_values.struct(nested(deepest + 2, kind))


@pytest.mark.parametrize(
    "value",
    [
        [],
        "x",
        None,
        {"a": 2**53 + 1},
        {"a": [-(2**53) - 1]},
        {"a": float("inf")},
        {"a": {"b": float("nan")}},
        {"a": "\ud800"},
        {"\udc00": 1},
        {"a": ["\ud800"]},
    ],
)
def test_what_a_struct_cannot_hold_exactly_is_none(value: Any) -> None:
    assert json_values.exact_struct(value) is None


@pytest.mark.parametrize("value", [{"a": True}, {"a": 2**53}, {"ä€😀": "ä€😀"}, {"": ""}, {}])
def test_what_a_struct_just_holds(value: dict[str, Any]) -> None:
    made = json_values.exact_struct(value)
    assert made is not None
    assert json_values.plain(made) == value


@pytest.mark.parametrize("value", [{"a": 10**400}, {"a": b"x"}, {"a": object()}])
def test_no_json_is_an_error_of_one_kind(value: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        json_values.struct(value)
