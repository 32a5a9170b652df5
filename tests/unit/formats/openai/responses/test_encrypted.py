"""`encrypted_content` gives items their fields back."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from imagewire_server.contract.errors import Violation
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from imagewire_server.formats.openai.responses import encrypted

OWN = "provider_specific_fields"
FIELDS = {"thought_signature": "QQ=="}
USER = {"role": "user", "content": "A"}


def reasoning(text: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "reasoning", "summary": [], "encrypted_content": text, **more}


def restored(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return encrypted.restored(SpecBuilder("m"), list(items))


def test_it_belongs_to_the_item_itself() -> None:
    [item] = restored(reasoning(encrypted.content(FIELDS, own=True), id="rs_1"))
    assert item == {"type": "reasoning", "summary": [], "id": "rs_1", OWN: FIELDS}


def test_it_belongs_to_the_item_before() -> None:
    call = {"type": "image_generation_call", "id": "ig_1", "result": "x"}
    given = [USER, call, reasoning(encrypted.content(FIELDS, own=False)), USER]
    assert restored(*given) == [USER, {**call, OWN: FIELDS}, {"type": "reasoning", "summary": []}, USER]
    assert OWN not in call  # the caller's own object is not changed


def test_fields_that_are_there_win() -> None:
    call = {"type": "image_generation_call", "id": "ig_1", OWN: {"thought": True}}
    assert restored(call, reasoning(encrypted.content(FIELDS, own=False)))[0] == call


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "gAAAAA",
        "/w==",
        *(base64.b64encode(plain).decode() for plain in (b"{", b"[]", b'{"owner":1}', b"[" * 5000)),
    ],
)
def test_anything_else_is_left_out_and_told(text: str) -> None:
    builder = SpecBuilder("m")
    assert encrypted.restored(builder, [USER, reasoning(text)]) == [USER, {"type": "reasoning", "summary": []}]
    assert builder.dropped == (["input[1].encrypted_content"] if text else [])


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("damage", [lambda text: text[:-8], lambda text: text[:20] + "!" + text[20:]])
def test_ours_that_is_damaged_is_refused(own: bool, damage: Callable[[str], str]) -> None:
    builder = SpecBuilder("m")
    encrypted.restored(builder, [USER, reasoning(damage(encrypted.content(FIELDS, own=own)))])
    words = "is damaged: send it as it came, or leave it out"
    assert builder.violations == [Violation("input[1].encrypted_content", words)]
    assert builder.dropped == []


def test_one_without_an_item_before_it() -> None:
    assert restored(reasoning(encrypted.content(FIELDS, own=False))) == [{"type": "reasoning", "summary": []}]


@pytest.mark.parametrize("item", [USER, reasoning(None), {"type": "message", "encrypted_content": "x"}])
def test_other_items_stay(item: dict[str, Any]) -> None:
    assert restored(item) == [item]


def test_it_counts_as_part_of_the_body() -> None:
    builder = SpecBuilder("m")
    large = encrypted.content({"a": [[0] * 1000] * 101}, own=True)
    encrypted.restored(builder, [reasoning(large)])
    assert [one.field for one in builder.violations] == ["input[0].encrypted_content"]
