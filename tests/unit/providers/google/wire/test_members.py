"""Members and elements are found by brackets and quotes alone: one that is odd does not hide the others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.providers.google.wire.members import elements, members

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _JSON, max_size=5), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_members_of_any_object(value: dict[str, Any], indent: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert [(json.loads(key), json.loads(raw)) for key, raw in members(text)] == list(value.items())


@given(st.lists(_JSON, max_size=5), st.sampled_from([None, 1]))
def test_the_elements_of_any_array(value: list[Any], indent: Any) -> None:
    assert [json.loads(raw) for raw in elements(json.dumps(value, indent=indent).encode())] == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"{}", []),
        (b"{ \n }", []),
        (b'{"a":1,}', [(b'"a"', b"1")]),
        (b'{,,"a":1}', [(b'"a"', b"1")]),
        (b'{"a" : NaN , "b":[1,{"c":"}"}] }', [(b'"a"', b"NaN"), (b'"b"', b'[1,{"c":"}"}]')]),
        (b'{"a":b:c,"d":}', [(b'"a"', b"b:c"), (b'"d"', b"")]),
        (b"{a:1}", [(b"a", b"1")]),
        (b'{"a":"\\"},","b":2}', [(b'"a"', b'"\\"},"'), (b'"b"', b"2")]),
        (b'{"a":1}, "b":2}', [(b'"a"', b"1")]),
        (b'{"a":1,"b', [(b'"a"', b"1")]),
        (b'{"a":[1,2', []),
    ],
)
def test_odd_objects(text: bytes, found: list[tuple[bytes, bytes]]) -> None:
    assert list(members(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"[]", []),
        (b"[ , ]", []),
        (b"[1,]", [b"1"]),
        (b"[odd, [2,3] ,{}]x", [b"odd", b"[2,3]", b"{}"]),
        (b"[1,2", [b"1"]),
    ],
)
def test_odd_arrays(text: bytes, found: list[bytes]) -> None:
    assert elements(text) == found


@given(st.binary(max_size=60))
def test_arbitrary_bytes_make_no_error(text: bytes) -> None:
    for key, raw in members(b"{" + text):
        assert key in text
        assert raw in text
    assert all(raw in text for raw in elements(b"[" + text))
