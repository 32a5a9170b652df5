"""Calls of functions and their results: JSON as text."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import plain
from imagewire_server.contract.limits import MOST_VALUES
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.common.tool_calls import function_call, function_result, native_id

# JSON that a Struct would change.
EXACT = [
    '{"n": 9007199254740993}',
    '{"n": 1e400}',
    '{"a":' * 40 + "1" + "}" * 40,
    '{"n": -123456789012345678901234567890, "x": 1.0}',
    '{"a": "\\ud800"}',
    '{"\\ud800": 1}',
]
UNCHANGED = "is not a JSON object; send the call back unchanged"


def refusals(builder: SpecBuilder) -> list[tuple[str, str]]:
    return [(one.field, one.description) for one in builder.violations]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", {}),
        ("{}", {}),
        (' {"a": [1, "b", null, true], "c": 0.5}\n', {"a": [1, "b", None, True], "c": 0.5}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": 9007199254740992}', {"a": 2**53}),
    ],
)
def test_arguments_are_an_object(arguments: str, expected: dict[str, Any]) -> None:
    builder = SpecBuilder("m")
    call = function_call(builder, "id", "f", arguments, "field").function_call
    assert (call.id, call.name, plain(call.args), call.args_json) == ("id", "f", expected, "")
    assert refusals(builder) == []


@pytest.mark.parametrize("arguments", EXACT, ids=lambda text: text[:30])
def test_arguments_that_a_struct_would_change_stay_text(arguments: str) -> None:
    builder = SpecBuilder("m")
    call = function_call(builder, "id", "f", arguments, "field").function_call
    assert (call.args_json, call.HasField("args")) == (arguments, False)
    assert refusals(builder) == []


@pytest.mark.parametrize(
    "arguments", ["[", "[]", "null", "1", '"a"', "{'a': 1}", '{"a":' * 3000, "\ud800", '{"a": 1} x']
)
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    builder = SpecBuilder("m")
    part = function_call(builder, "id", "f", arguments, "field")
    assert refusals(builder) == [("field", UNCHANGED)]
    assert part == pb.Part(function_call={"id": "id", "name": "f", "args": {}})


def test_too_many_values_are_refused_once() -> None:
    builder = SpecBuilder("m")
    many = '{"a": [' + "0," * MOST_VALUES + "0]}"
    assert function_call(builder, "id", "f", many, "field").function_call.args == pb.Struct()
    [(field, words)] = refusals(builder)
    assert (field, words.partition(" values")[0]) == ("field", f"holds more than {MOST_VALUES}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", {"result": [1]}),
        ("1", {"result": 1}),
        ("null", {"result": None}),
        ('"quoted"', {"result": "quoted"}),
        ("plain text", {"result": "plain text"}),
        ("", {"result": ""}),
        ("a,b,c\n", {"result": "a,b,c\n"}),
        ("[" * 3000, {"result": "[" * 3000}),
        *((text, {"result": text}) for text in [*EXACT, "9007199254740993", "[1e400]"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_result(text: str, expected: dict[str, Any]) -> None:
    builder = SpecBuilder("m")
    response = function_result(builder, "id", "f", text, "field").function_response
    assert (response.id, response.name, plain(response.response)) == ("id", "f", expected)
    assert refusals(builder) == []


def test_a_result_of_pictures_only() -> None:
    picture = pb.Image(data=b"A")
    part = function_result(SpecBuilder("m"), "id", "", "", "field", [picture])
    assert part.function_response == pb.FunctionResponse(id="id", name="unknown", response={}, images=[picture])
    both = function_result(SpecBuilder("m"), "id", "f", "Here", "field", [picture]).function_response
    assert (plain(both.response), len(both.images)) == ({"result": "Here"}, 1)


def test_the_values_of_all_results_count_together() -> None:
    builder = SpecBuilder("m")
    half = "[" + "0," * (MOST_VALUES // 2) + "0]"
    for field in ("first", "second"):
        function_result(builder, "id", "f", half, field)
    assert [field for field, _ in refusals(builder)] == ["second"]


@pytest.mark.parametrize(
    ("call_id", "expected"),
    [("call_imagewire_0f_2", ""), ("call_imagewire_", ""), ("call_a", "call_a"), ("", "")],
)
def test_our_own_ids_are_removed(call_id: str, expected: str) -> None:
    assert native_id(call_id) == expected
