"""Counting what a JSON text holds without decoding it: never too few, and no text's signs for values."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import json_scan, limits
from imagewire_server.contract.errors import InvalidRequest

texts = st.text(st.sampled_from('a"\\,[]{}:é😀\n\x00'), max_size=30)
documents = st.recursive(
    st.none() | st.integers() | texts,
    lambda inside: st.lists(inside, max_size=6) | st.dictionaries(texts, inside, max_size=6),
    max_leaves=40,
)


def count(value: Any) -> tuple[int, int]:
    """How many values a document has, and how many of them are empty lists and objects."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    empty = isinstance(value, dict | list) and not value
    found = [count(one) for one in inside]
    return 1 + sum(values for values, _ in found), empty + sum(empties for _, empties in found)


@given(documents, st.booleans(), st.integers(1, 40))
def test_values_are_counted_whatever_stands_in_texts(document: Any, is_ascii: bool, size: int) -> None:
    body = json.dumps(document, ensure_ascii=is_ascii).encode()
    values, empties = count(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "_SLICE", size)
        assert json_scan._exactly(body, 10**9) == values + empties
        assert json_scan._roughly(body) >= values


def depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(depth, inside), default=0)


@given(documents, st.integers(1, 40))
def test_levels_are_counted_whatever_stands_in_texts(document: Any, size: int) -> None:
    body = json.dumps(document).encode()
    levels = depth(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_scan, "_SLICE", size)
        json_scan.check_levels(body, levels)
        if levels:
            with pytest.raises(InvalidRequest, match=rf"x: is nested more than {levels - 1} levels deep"):
                json_scan.check_levels(body, levels - 1, "x")


def test_long_plain_texts_are_no_text() -> None:
    picture = b"A" * limits.MOST_TEXT
    for body in (
        b'{"a":"%b","b":"%b"}' % (picture, picture),
        b'{"a":"%b","b":"%b"}' % (picture, "é".encode() * 1000),
        b'["%b' % picture,
        b'{"a":"%b"}' % ((b"A" * 60 + b"\\/" + b"A" * 60 + b"\\r\\n") * (limits.MOST_TEXT // 100)),
    ):
        json_scan.check(body)
    for body in (
        b'{"a":"%b","b":"%b\\u00e9"}' % (picture, picture),
        b'{"a":"%b%b"}' % (picture, "é".encode()),
        b'{"a":"%b"}' % (b"a\\n" * (limits.MOST_TEXT // 2)),
    ):
        with pytest.raises(InvalidRequest, match="bytes of text"):
            json_scan.check(body)


def test_a_text_with_many_commas_is_one_value() -> None:
    body = msgspec.json.encode({"a": "a, [b] " * 200_000, "b": [1, 2]})
    json_scan.check(body)
    assert json_scan.is_large(body)
    assert json_scan.values(body, "a") < 10
