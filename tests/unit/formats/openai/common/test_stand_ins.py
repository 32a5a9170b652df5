"""A wrong field is removed, or a stand-in takes its place, so that everything else stays where it is."""

from typing import Any, Literal

import msgspec
import pytest

from imagewire_server.formats.openai.common import json_decode, stand_ins
from imagewire_server.formats.openai.common.json_decode import Strict


class Text(Strict, tag_field="type", tag="text"):
    text: str


class Link(Strict, tag_field="type", tag="link"):
    url: str
    width: int


class Said(Strict):
    role: Literal["system", "user"]
    parts: list[Text | Link] | str | None = None
    marks: dict[str, int] | None = None
    depth: float = 1.0


class Switch(Strict):
    marks: dict[str, int]
    is_on: bool
    free: Any


class Body(Strict):
    model: str
    said: list[Said]
    final: bool | None = None
    switches: list[Switch] | None = None
    links: dict[str, Link] | None = None


SAID = {"role": "user"}


def mended(value: Any) -> tuple[str | None, Any]:
    """Mend the first error of a body."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Body)
    place = stand_ins.mend(value, json_decode.reason(caught.value, Body), Body)
    return place, value


@pytest.mark.parametrize(
    ("body", "place", "expected"),
    [
        ({"model": 1, "said": []}, "model", {"model": "x", "said": []}),
        ({"said": []}, "model", {"model": "x", "said": []}),
        ({"model": "m"}, "said", {"model": "m", "said": []}),
        ({"model": "m", "said": 3}, "said", {"model": "m", "said": []}),
        ({"model": "m", "said": [], "final": 3}, "", {"model": "m", "said": []}),
        ({"model": "m", "said": [], "odd": 3}, "", {"model": "m", "said": []}),
        ({"model": "m", "said": [3, SAID]}, "said[0]", {"model": "m", "said": [SAID, SAID]}),
        ({"model": "m", "said": [{}]}, "said[0]", {"model": "m", "said": [SAID]}),
        (
            {"model": "m", "said": [{"role": "x", "depth": 2}]},
            "said[0]",
            {"model": "m", "said": [SAID | {"depth": 2}]},
        ),
        ({"model": "m", "said": [SAID | {"depth": "x"}]}, "", {"model": "m", "said": [SAID]}),
        ({"model": "m", "said": [SAID | {"marks": {"a": "x"}}]}, "", {"model": "m", "said": [SAID]}),
        # A stand-in has every field that it needs.
        (
            {"model": "m", "said": [], "switches": [3]},
            "switches[0]",
            {"model": "m", "said": [], "switches": [{"marks": {}, "is_on": False, "free": None}]},
        ),
        # The decoder does not say which name has the wrong value.
        ({"model": "m", "said": [], "links": {"a": {"type": "link", "url": "u"}}}, "", {"model": "m", "said": []}),
        # An object of an unknown kind is replaced as a whole.
        (
            {"model": "m", "said": [SAID | {"parts": [{"type": "odd", "a": 1}]}]},
            "said[0].parts[0]",
            {"model": "m", "said": [SAID | {"parts": [{"type": "text", "text": "x"}]}]},
        ),
        (
            {"model": "m", "said": [SAID | {"parts": [{"text": "a"}]}]},
            "said[0].parts[0]",
            {"model": "m", "said": [SAID | {"parts": [{"type": "text", "text": "x"}]}]},
        ),
        (
            {"model": "m", "said": [SAID | {"parts": [{"type": "link", "url": "u"}]}]},
            "said[0].parts[0]",
            {"model": "m", "said": [SAID | {"parts": [{"type": "link", "url": "u", "width": 0}]}]},
        ),
    ],
    ids=str,
)
def test_one_error_is_mended(body: Any, place: str, expected: Any) -> None:
    assert mended(body) == (place, expected)


@pytest.mark.parametrize("body", [[], 3, None])
def test_what_is_no_object_cannot_be_mended(body: Any) -> None:
    assert mended(body) == (None, body)


def test_a_list_can_be_removed_as_a_whole() -> None:
    value: Any = {"model": "m", "said": [SAID, 3]}
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Body)
    reason = json_decode.reason(caught.value, Body)
    assert stand_ins.place(value, reason) == (value, "said")
    assert stand_ins.remove(value, reason)
    assert value == {"model": "m"}
    assert not stand_ins.remove(value, reason)
