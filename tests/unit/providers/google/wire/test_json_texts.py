"""Values in JSON texts as proto3 JSON takes them; what a field does not hold is a ValueError of each reader's own."""

import base64 as standard
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.providers.google.wire import json_texts
from imagewire_server.providers.google.wire.response_types import MAX_COUNT

# A reader, a text, and what it reads; None where it is odd.
READ: list[tuple[Any, bytes, Any]] = [
    (json_texts.string, b'"a\\u00e9"', "aé"),
    (json_texts.string, b'""', ""),
    (json_texts.string, b'"\\ud83d\\ude00"', "😀"),
    (json_texts.string, b'"\\ud800x"', "\N{REPLACEMENT CHARACTER}x"),
    (json_texts.string, b'"a\nb"', "a\nb"),
    (json_texts.string, b'"\xff"', "\N{REPLACEMENT CHARACTER}"),
    (json_texts.string, b"1", None),
    (json_texts.string, b"null", None),
    (json_texts.string, b'"a', None),
    (json_texts.boolean, b"true", True),
    (json_texts.boolean, b"false", False),
    (json_texts.boolean, b'"TRUE"', True),
    (json_texts.boolean, b'"False"', False),
    (json_texts.boolean, b"1", None),
    (json_texts.boolean, b'"yes"', None),
    (json_texts.number, b"1.5", 1.5),
    (json_texts.number, b'"-2"', -2),
    (json_texts.number, b'"1e3"', 1000.0),
    (json_texts.number, b"true", None),
    (json_texts.number, b'"true"', None),
    (json_texts.number, b'"NaN"', None),
    (json_texts.number, b"1e999", None),
    (json_texts.number, b'"\\ud800"', None),
    (json_texts.count, b"0", 0),
    (json_texts.count, b'"7"', 7),
    (json_texts.count, b"7.0", 7),
    (json_texts.count, str(MAX_COUNT).encode(), MAX_COUNT),
    (json_texts.count, str(MAX_COUNT + 1).encode(), None),
    (json_texts.count, b"-1", None),
    (json_texts.count, b"0.5", None),
    (lambda raw: json_texts.count(raw, 3), b"4", None),
    (json_texts.base64, b'"AQI="', b"\1\2"),
    (json_texts.base64, b'"-_8"', b"\xfb\xff"),
    (json_texts.base64, b'""', b""),
    (json_texts.base64, b'"!"', None),
    (json_texts.base64, b"5", None),
    (lambda raw: json_texts.enum(raw, {2: "SAFETY"}), b"2", "SAFETY"),
    (lambda raw: json_texts.enum(raw, {2: "SAFETY"}), b"9", "9"),
    (lambda raw: json_texts.enum(raw, {}), b'"stop"', "STOP"),
    (lambda raw: json_texts.enum(raw, {1: "STOP"}), b"true", None),
    (lambda raw: json_texts.enum(raw, {}), b"[]", None),
    (json_texts.listed, b'[1, {"a": [2, 3]},"x"]', [b"1", b'{"a": [2, 3]}', b'"x"']),
    (json_texts.listed, b"[ ]", []),
    (json_texts.listed, b'{"a":1}', [b'{"a":1}']),
    (json_texts.fields, b'{"a_b": 1, "c": null, "a_b": [2]}', {"aB": b"[2]"}),
    (json_texts.fields, b"{}", {}),
    (json_texts.fields, b"[1]", None),
    (json_texts.fields, b'"a"', None),
]


@pytest.mark.parametrize(("read", "raw", "found"), READ)
def test_a_value_is_what_its_field_holds(read: Any, raw: bytes, found: Any) -> None:
    if found is None:
        with pytest.raises(ValueError, match=r".*"):
            read(raw)
    else:
        assert (read(raw), type(read(raw))) == (found, type(found))


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b"[Infinity]", b"-Infinity", b"1e400", b"[" * 100_000, b'"\n"', b"1 2"]
)
def test_what_is_no_json_or_has_no_end_is_odd(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        json_texts.value(text)
    with pytest.raises(ValueError, match=r".*"):
        json_texts.text_of(msgspec.Raw(text))


def test_a_text_stays_as_it_came() -> None:
    assert json_texts.text_of(b' {"a":1.50, "a" : "\\u0041"}') == ' {"a":1.50, "a" : "\\u0041"}'
    assert json_texts.value(b'"a\tb"', strict=False) == "a\tb"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=6))
def test_any_json_is_read_as_it_was_written(value: Any) -> None:
    assert json_texts.value(json.dumps(value).encode()) == value


@given(st.binary(max_size=40))
def test_bytes_in_either_alphabet(data: bytes) -> None:
    for encode in (standard.b64encode, standard.urlsafe_b64encode):
        for text in (encode(data), encode(data).rstrip(b"=")):
            assert json_texts.base64(b'"' + text + b'"') == data


def test_members_have_their_names_in_camel_case_and_the_last_one_counts() -> None:
    omitted: list[str] = []
    text = b'{"finish_reason":1,"finishReason":2,"a":null,"":3,"' + b"x" * 129 + b'":4,"\\u0062":5,6:7}'
    assert json_texts.present(text, omitted.append) == [("finishReason", b"2"), ("b", b"5")]
    assert omitted == ["*", "*", "*"]


def test_members_are_bounded() -> None:
    omitted: list[str] = []
    text = b"{" + b",".join(b'"a%d":1' % number for number in range(1100)) + b"}"
    assert len(json_texts.present(text, omitted.append)) == 1024
    assert omitted == ["*"]


@pytest.mark.parametrize(
    ("snake", "camel"),
    [("", ""), ("a", "a"), ("inline_data", "inlineData"), ("a_1", "a1"), ("finish_reason", "finishReason")],
)
def test_names_in_both_spellings(snake: str, camel: str) -> None:
    assert json_texts.camel(snake) == json_texts.camel(camel) == camel
    if not snake.endswith("1"):
        assert json_texts.snake(camel) == snake
