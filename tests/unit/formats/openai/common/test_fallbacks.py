"""The models that a request names for the case that its own one fails."""

from typing import Any

import pytest

from imagewire_server.contract.errors import NotFound
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import fallbacks

SERVED = {"a", "b"}


def known(name: str) -> Capabilities:
    if name not in SERVED:
        raise NotFound(f"no model {name!r} is served here")
    return Capabilities()


def read(given: Any, *, drops: bool = False) -> fallbacks.Fallbacks:
    return fallbacks.read(given, known, drops=drops)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, None), ([], []), (["a", "b"], ["a", "b"]), ([{"model": "b"}, "a"], ["b", "a"])],
    ids=str,
)
def test_names(given: Any, expected: list[str] | None) -> None:
    assert read(given) == fallbacks.Fallbacks(expected)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"model": "b", "temperature": 0.1}, "has parameters of its own"),
        ({"model": "b", "messages": []}, "has parameters of its own"),
        ("c", "no model 'c' is served"),
        ({"model": "c"}, "no model 'c' is served"),
    ],
    ids=str,
)
def test_an_item_that_is_not_supported_is_refused_or_left_out(item: Any, words: str) -> None:
    found = read(["a", item])
    assert [one.field for one in found.violations] == ["fallbacks[1]"]
    assert words in found.violations[0].description
    assert read(["a", item], drops=True) == fallbacks.Fallbacks(["a"], dropped=["fallbacks[1]"])


@pytest.mark.parametrize("item", [{}, {"a": ["b"]}, {"model": 3}, {"model": None}], ids=str)
@pytest.mark.parametrize("drops", [False, True])
def test_an_item_that_names_nothing_is_refused(item: Any, drops: bool) -> None:
    assert [one.field for one in read([item], drops=drops).violations] == ["fallbacks[0]"]
