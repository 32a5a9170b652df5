"""A field that a body has twice is named: the decoder would take the last one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat.decode import spec_of
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common import given_twice
from imagewire_server.formats.openai.common.reading import read

LONG = "x" * 40_000
MANY = f'"m":["x",{{"{LONG}" : "{LONG}"}},"{LONG}","\\"{LONG}\\\\"]'


def names(text: str) -> list[str]:
    found = given_twice.of_body(text.encode())
    assert {one.description for one in found} <= {given_twice.WORDS}
    return [one.field for one in found]


@pytest.mark.parametrize("more", ["", "," + MANY], ids=["small", "large"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a":1', []),
        ('"a":1,"b":{"a":2},"c":["a","a"],"d":"a"', []),
        ('"a" : "x\\"" , "b":[{"a":1}], "a":null', ["a"]),
        ('"a":"\\\\","a":"\\\\\\"","b":1,"b":2', ["a", "b"]),
        ('"a":1,"\\u0061":2', ["a"]),
        ('"a":"b","b":"b"', []),
        ('"safety_settings":[{}],"safety_settings":[]', ["safety_settings"]),
        ('"safety_settings":[{"threshold":"A","threshold":"B"}]', ["safety_settings[0].threshold"]),
        ('"extra_body":{"x":{"y":1,"y":2}}', ["extra_body.x.y"]),
        ('"metadata":{"y":1,"y":2}', ["metadata.y"]),
        ('"a":[[{"b":1}],{"c":{"d":1,"d":{"e":1,"e":2}},"":0,"":1}]', ['a[1].""', "a[1].c.d", "a[1].c.d.e"]),
        ('"a":{"x\\":":1,"y":"\\"x\\":"}', []),
        ('"a":{"b\\\\":1,"b\\\\":2}', ["a.b\\"]),
        ('"a":{"n":1e400,"n":2}', ["a.n"]),
    ],
)
def test_what_is_given_twice(text: str, expected: list[str], more: str) -> None:
    assert names("{" + text + more + "}") == expected


def test_all_are_named_up_to_a_limit() -> None:
    twice = ",".join(f'"a{i}":1,"a{i}":2' for i in range(100))
    assert names("{" + twice + "}") == [f"a{i}" for i in range(32)]


def test_long_names_with_the_same_beginning_are_two() -> None:
    assert names(json.dumps({"x" * 300: 1, "x" * 301: 2, "y": {"": 1, '""': 2}, "z": {"z": [], "": {}}})) == []


def test_a_deep_text() -> None:
    assert names('{"a":' * 900 + '{"b":1,"b":2}' + "}" * 900) == [".".join(["a"] * 900 + ["b"])]


def test_what_is_no_json_has_no_names() -> None:
    for text in ('{"a":1,"a":2', "", '{"a":"' + LONG, "[" * 50_000):
        assert names(text) == []


pieces = st.text(st.sampled_from('a"\\,[]{}: é'), max_size=4)
values = st.recursive(st.none() | pieces, lambda one: st.lists(one, max_size=3) | st.dictionaries(pieces, one))


@given(st.lists(st.tuples(pieces, values), max_size=8), st.sampled_from([(",", ":"), (", ", " : ")]))
def test_any_body(pairs: list[tuple[str, object]], separators: tuple[str, str]) -> None:
    comma, colon = separators
    text = "{" + comma.join(json.dumps(name) + colon + json.dumps(value) for name, value in pairs) + "}"
    given_names = [name for name, _ in pairs]
    assert names(text) == [name or '""' for name in dict.fromkeys(given_names) if given_names.count(name) > 1]


@pytest.mark.parametrize("number", ["1e400", "9" * 5000])
def test_a_number_that_is_too_large_is_named(number: str) -> None:
    body = '{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":' + number + "}"
    with pytest.raises(InvalidRequest) as caught:
        read(body.encode(), ChatRequest, spec_of, lambda _: Capabilities())
    assert [one.field for one in caught.value.violations] == ["temperature"]


@pytest.mark.parametrize("wrong", ["", ',"odd":1'])
def test_such_a_request_is_refused(wrong: str) -> None:
    body = '{"model":"m","messages":[{"role":"user","content":"x"}],"seed":1,"seed":2' + wrong + "}"
    with pytest.raises(InvalidRequest) as caught:
        read(bytearray(body.encode()), ChatRequest, spec_of, lambda _: Capabilities())
    assert {one.field for one in caught.value.violations} == ({"seed", "odd"} if wrong else {"seed"})


def test_the_model_of_the_path_is_no_second_one() -> None:
    body = '{"model":"a","messages":[{"role":"user","content":"x"}],%s"model":"b"}'
    request, _ = read((body % "").encode(), ChatRequest, spec_of, lambda _: Capabilities(), path_names_model=True)
    assert request.model == "b"
    with pytest.raises(InvalidRequest) as caught:
        read((body % '"odd":1,').encode(), ChatRequest, spec_of, lambda _: Capabilities(), path_names_model=True)
    assert [one.field for one in caught.value.violations] == ["odd"]
