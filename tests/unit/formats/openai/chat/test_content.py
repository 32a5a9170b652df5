"""A message's content as an array of parts."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.chat.content import Content


def picture(uri: str, *, thought: bool = False) -> pb.PartFinished:
    return pb.PartFinished(image=pb.Image(uri=uri, mime_type="image/png"), thought=thought)


def shown(content: Content) -> Any:
    return json.loads(b"".join(piece for piece in content.pieces() if isinstance(piece, bytes)))


def test_texts_and_pictures_are_in_their_order() -> None:
    content = Content()
    content.text("A")
    content.text("B")
    content.picture(picture("gs://b/1"))
    content.text("C")
    content.picture(picture("gs://b/2", thought=True))
    first, second, third, fourth = shown(content)
    assert (first, third) == ({"type": "text", "text": "AB"}, {"type": "text", "text": "C"})
    assert (second["type"], second["image_url"]["url"]) == ("image_url", "gs://b/1")
    assert "thought" not in second
    assert fourth["thought"] is True


@pytest.mark.parametrize("text", [None, "A"])
def test_a_content_without_pictures(text: str | None) -> None:
    content = Content()
    if text:
        content.text(text)
    assert shown(content) == ([{"type": "text", "text": "A"}] if text else "")
    assert not content.has_pictures
