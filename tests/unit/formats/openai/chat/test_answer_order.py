"""Where the pictures of a chat's answer are: drafts behind the others, or all of them in the content."""

from typing import Any

import pytest

from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields, drafts_in_order
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from tests.unit.formats.openai.answered import answer, body, picture, text
from tests.unit.formats.openai.chat.test_answer import ABC, DEF, OWN, entry, url

BEHIND = ImageFields(drafts_last=True)
CONTENT = ImageFields(image=False, content=True, drafts_last=True)


def message(fields: ImageFields, *parts: list[Any]) -> Any:
    [choice] = body(ChatAnswer(fields), answer(*parts))["choices"]
    return choice["message"]


@pytest.mark.parametrize("known", [True, False])
def test_drafts_are_behind(known: bool) -> None:
    made = message(BEHIND, picture(b"abc", thought=True, known=known), picture(b"defg", 1, known=known))
    assert made["images"] == [entry(0, DEF), entry(1, ABC, thought=True)]
    assert made["image"] == url(DEF)
    assert made[OWN]["parts"] == ["image:1", "image:0"]


def test_only_drafts() -> None:
    made = message(BEHIND, picture(b"abc", thought=True), picture(b"defg", 1, thought=True))
    assert made["images"] == [entry(0, DEF, thought=True), entry(1, ABC, thought=True)]
    assert made["image"] == url(DEF)


def test_only_the_final_picture() -> None:
    fields = ImageFields(images=False, drafts_last=True)
    made = message(fields, picture(b"abc", thought=True), picture(b"defg", 1))
    assert "images" not in made
    assert made["image"] == url(DEF)


def test_the_content_holds_all_parts() -> None:
    parts = [text("Hm", thought=True), picture(b"abc", 1, thought=True), text("Here", 2), picture(b"defg", 3)]
    made = message(CONTENT, *parts)
    assert made["content"] == [
        {"type": "text", "text": "Here"},
        {"type": "image_url", "image_url": url(DEF)},
        {"type": "image_url", "image_url": url(ABC), "thought": True},
    ]
    assert made["reasoning_content"] == "Hm"
    assert not {"image", "images"} & set(made)


def test_a_content_of_text_alone() -> None:
    assert message(CONTENT, text("Here"))["content"] == [{"type": "text", "text": "Here"}]
    assert message(CONTENT)["content"] == ""


def test_the_order_of_drafts() -> None:
    builder = SpecBuilder("m")
    assert builder.may_have_drafts
    one, two = picture(b"a")[-1].part_finished, picture(b"b", 1)[-1].part_finished
    assert list(drafts_in_order([one, two], others=True)) == [one, two]
    assert list(drafts_in_order([one, two], others=False)) == [two, one]
    assert list(drafts_in_order([], others=False)) == []
