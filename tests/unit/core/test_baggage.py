"""Of baggage only what is allowed is read; what is malformed is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.core.baggage import baggage, header

ROWS: list[tuple[str, list[str], dict[str, str]]] = [
    ("nothing", [], {}),
    ("one", ["a=1"], {"a": "1"}),
    ("what is not allowed", ["a=1,secret=2"], {"a": "1"}),
    ("two headers", ["a=1", "b=2"], {"a": "1", "b": "2"}),
    ("spaces and properties", [" a = 1 ; ttl=5;x , b=2"], {"a": "1", "b": "2"}),
    ("encoded", ["a=%C3%A9%20x"], {"a": "\u00e9 x"}),
    ("an equals sign", ["a=1=2"], {"a": "1=2"}),
    ("an empty value", ["a="], {"a": ""}),
    ("a name twice", ["a=1,a=2"], {"a": "2"}),
    ("a malformed one beside it", ['a="1",b=2'], {"b": "2"}),
    ("no sign", ["a,b=2"], {"b": "2"}),
    ("no UTF-8", ["a=%FF"], {"a": "\ufffd"}),
    ("a line's end", ["a=1%0A2,b=2"], {"b": "2"}),
    ("256 characters", [f"a={'x' * 256}"], {"a": "x" * 256}),
    ("257 characters", [f"a={'x' * 257},b=2"], {"b": "2"}),
    ("more than 8192 characters in all", ["a=1", f"c={'x' * 8192}"], {}),
]


@pytest.mark.parametrize(("values", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_what_is_allowed_is_read(values: list[str], expected: dict[str, str]) -> None:
    assert baggage(values, {"a", "b"}) == expected


def test_where_nothing_is_allowed_nothing_is_read() -> None:
    assert baggage(["a=1"], ()) == {}


@given(st.dictionaries(st.sampled_from(["a", "b-c", "d.e"]), st.text(max_size=40).filter(str.isprintable)))
def test_what_is_handed_on_is_read_again(entries: dict[str, str]) -> None:
    expected = {name: value.encode(errors="replace").decode() for name, value in entries.items()}
    assert baggage([header(expected)] if entries else [], set(entries)) == expected


@given(st.lists(st.text(max_size=50), max_size=4))
def test_whatever_comes_does_no_harm(values: list[str]) -> None:
    for name, value in baggage(values, {"a"}).items():
        assert (name, value.isprintable(), len(value) <= 256) == ("a", True, True)
