"""The provider's JSON stays JSON if every parser preserves it, and is text otherwise."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.formats.openai.common.encoder import encoded
from imagewire_server.formats.openai.common.native_json import embedded, native_fields


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "null",
        '{"a": [1, 2.5, "b"]}',
        "9007199254740992",
        "0.12345678901234567890",
        '"9007199254740993"',
        '"1e999"',
        '"' + "[" * 200 + '"',
        '"\\ud83d\\ude00"',
        '"\\\\ud800"',
        "1e99",
        "[" * 90 + "]" * 90,
        json.dumps([[]] * 500),
    ],
)
def test_what_every_parser_preserves_is_json(text: str) -> None:
    assert encoded(embedded("value", text)) == b'{"value":' + text.encode() + b"}"


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993",
        "-12345678901234567",
        "[1e400]",
        "1E+308",
        '"\\ud800"',
        '"\\ude00\\ud83d"',
        '"\\\\\\ud800"',
        '{"\\uDFFF": 1}',
        "[" * 150 + "]" * 150,
        '{"a":' * 150 + "1" + "}" * 150,
    ],
)
def test_what_some_parser_changes_is_text(text: str) -> None:
    assert embedded("value", text) == {"value_json": text}


def test_line_breaks_between_tokens_are_blanks() -> None:
    assert encoded(embedded("value", '{"a":\r\n"b\\n"}')) == b'{"value":{"a":  "b\\n"}}'


@pytest.mark.parametrize(
    ("given_fields", "expected"),
    [
        ({}, {}),
        ({"a": "1", "b": "{}"}, {"native_fields": {"a": 1, "b": {}}}),
        ({"a": "1e400"}, {"native_fields_json": {"a": "1e400"}}),
        ({"a": "1", "b": "1e400"}, {"native_fields": {"a": 1}, "native_fields_json": {"b": "1e400"}}),
    ],
)
def test_fields_of_the_provider(given_fields: dict[str, str], expected: dict[str, Any]) -> None:
    assert json.loads(encoded(native_fields(given_fields))) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_no_value_is_lost(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    written = json.loads(encoded(embedded("value", text)))
    again = json.loads(written["value_json"]) if "value_json" in written else written["value"]
    assert again == value
