"""A value of the file knows its place; each error names it, the key, and the remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.config.source import ConfigError, Node, nearest, parsed

ENVIRON = {"NAME": "value", "NUMBER": "7", "EMPTY": ""}


def top(text: str) -> Node:
    node = parsed(text.encode(), Path("c.yaml"), ENVIRON)
    assert node is not None
    return node


def value(text: str) -> Node:
    """The value of a key on the second line."""
    ((_, node),) = top(f"# a comment\nkey: {text}").pairs("the file")
    return node


@pytest.mark.parametrize(
    ("text", "read", "found"),
    [
        ("a", lambda node: node.text("key"), "a"),
        ("'1.50'", lambda node: node.text("key"), "1.50"),
        ("1.50", lambda node: node.text("key"), "1.50"),
        ("os.environ/NAME", lambda node: node.text("key"), "value"),
        ("os.environ/EMPTY", lambda node: node.text("key"), ""),
        ("1.5", lambda node: node.number("key"), 1.5),
        ("-1", lambda node: node.number("key", least=-2), -1.0),
        ("os.environ/NUMBER", lambda node: node.whole("key"), 7),
        ("1e3", lambda node: node.whole("key"), 1000),
        ("b", lambda node: node.choice("key", ("a", "b")), "b"),
        ("[1, x]", lambda node: [item.text("key") for item in node.items("key")], ["1", "x"]),
        ("", lambda node: node.items("key"), []),
        ("", lambda node: list(node.pairs("key")), []),
        ("{a: 1, b: [true, null]}", lambda node: node.plain(), {"a": 1, "b": [True, None]}),
        ("", lambda node: node.is_null, True),
        ("~", lambda node: node.is_null, True),
        ("''", lambda node: node.is_null, False),
        ("{}", lambda node: node.is_mapping, True),
        ("[]", lambda node: node.is_mapping, False),
        ("{a: x}", lambda node: node.peek("a"), "x"),
        ("{a: x}", lambda node: node.peek("b"), ""),
        ("{a: [x]}", lambda node: node.peek("a"), ""),
        ("{a: os.environ/NONE}", lambda node: node.peek("a"), ""),
        ("[a]", lambda node: node.peek("a"), ""),
    ],
)
def test_a_value_is_read(text: str, read: Callable[[Node], Any], found: Any) -> None:
    assert read(value(text)) == found
    assert type(read(value(text))) is type(found)


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        ("[a]", lambda node: node.text("key"), "key must be a single value"),
        ("", lambda node: node.text("key"), "key must be a single value"),
        (
            "os.environ/NONE",
            lambda node: node.text("key"),
            "key: the environment variable NONE is not set; set it",
        ),
        ("x", lambda node: node.number("key"), "key must be a number, not 'x'"),
        ("os.environ/NAME", lambda node: node.number("key"), "key must be a number, not 'os.environ/NAME'"),
        ("-1", lambda node: node.number("key"), "key must be at least 0, not -1"),
        (".5", lambda node: node.number("key", least=1), "key must be at least 1, not .5"),
        ("inf", lambda node: node.number("key"), "key must be at least 0, not inf"),
        ("nan", lambda node: node.number("key"), "key must be at least 0, not nan"),
        ("1.5", lambda node: node.whole("key"), "key must be a whole number, not 1.5"),
        (
            "reed",
            lambda node: node.choice("key", ("red", "blue")),
            "key must be one of red, blue, not 'reed'; did you mean 'red'?",
        ),
        ("xyz", lambda node: node.choice("key", ("red",)), "key must be one of red, not 'xyz'"),
        ("a", lambda node: node.items("key"), "key must be a list; start its lines with '- '"),
        ("a", lambda node: list(node.pairs("key")), "key must be a mapping of keys to values"),
        ("{a: 1, a: 2}", lambda node: list(node.pairs("key")), "'a' is set twice; keep one"),
        ("{[a]: 1}", lambda node: list(node.pairs("key")), "a key must be text"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_the_remedy(
    text: str, read: Callable[[Node], Any], words: str
) -> None:
    with pytest.raises(ConfigError) as wrong:
        read(value(text))
    assert str(wrong.value) == f"c.yaml:2: {words}"


def test_an_unknown_key_is_told_with_those_that_are_known() -> None:
    ((key, node),) = top("modle: 1").pairs("the file")
    assert (key.text, node.where) == ("modle", "c.yaml:1")
    assert str(key.unknown({"model", "a"}, "x")) == "c.yaml:1: unknown key 'modle' in x; did you mean 'model'?"
    assert str(key.unknown({"b", "a"}, "x")) == "c.yaml:1: unknown key 'modle' in x; valid keys are a, b"
    assert (nearest("abd", ["abc"]), nearest("x", ["abc"]), nearest("x", [])) == ("; did you mean 'abc'?", "", "")


@pytest.mark.parametrize("text", [b"", b"# only a comment\n", b"---\n"])
def test_an_empty_file_has_no_values(text: bytes) -> None:
    node = parsed(text, Path("c.yaml"), {})
    assert node is None or node.is_null


@pytest.mark.parametrize(
    ("text", "line"),
    [(b"a: 1\nb: [1\nc: 2\n", 3), (b"a: 'x", 1), (b"\xff", 1), (b"a: 1\n\tb: 2\n", 2), (b"a: \x01", 1)],
)
def test_what_is_no_yaml_is_told_with_its_line(text: bytes, line: int) -> None:
    with pytest.raises(ConfigError) as wrong:
        parsed(text, Path("c.yaml"), {})
    assert str(wrong.value) == f"c.yaml:{line}: is not valid YAML; correct this line or the one above it"
