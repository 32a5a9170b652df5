"""Pictures that are kept: an answer that would be too large names them by their ids."""

from collections.abc import AsyncIterator

import pytest

from imagewire_server.contract import message_rules, pb
from imagewire_server.contract.errors import AnswerTooLarge
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.fold import fold, kept_elsewhere
from tests.event_forms import all_internal, kind_of
from tests.fold_cases import FoldCase, image, media, picture, text

A, B = b"a" * 5000, b"b" * 4000
ENOUGH = 1 << 20


async def stream(*parts: list[pb.Event], kept: bool = True) -> AsyncIterator[list[StreamEvent]]:
    """A drawing of parts. kept: whether its pictures have ids: img-0 that of the first part."""
    events = FoldCase(list(parts), pb.ChatMessage()).stream()
    for event in events:
        part = event.part_finished
        if kept and part.HasField("image"):
            part.image.image_id = f"img-{part.part_index}"
    for event in all_internal(events):
        yield [event]


def named(data: bytes, ident: str) -> pb.Image:
    made = image(data, inline=False)
    made.image_id = ident
    return made


@pytest.mark.parametrize("most", [6000, 4000], ids=["second", "first"])
async def test_an_answer_that_is_too_large_on_the_way_names_all_pictures(most: int) -> None:
    """Whichever does not fit."""
    answer = await fold(stream(text("Here"), picture(A), picture(B)), max_inline_bytes=most)
    [candidate] = answer.candidates
    assert [part.image for part in candidate.message.parts[1:]] == [named(A, "img-1"), image(B, inline=False)]
    assert (candidate.message.content, candidate.message.image) == ("Here", named(B, "img-2"))
    assert answer.usage.total_tokens == 5
    assert list(message_rules.message(candidate.message)) == [], "it can be sent back"


async def test_an_answer_that_is_too_large_at_its_end_names_all_pictures() -> None:
    whole = await fold(stream(picture(A), picture(B)), max_inline_bytes=ENOUGH)
    assert (whole.candidates[0].message.image.data, whole.candidates[0].message.image.image_id) == (B, "")
    answer = await fold(stream(picture(A), picture(B)), max_inline_bytes=whole.ByteSize() - 1)
    message = answer.candidates[0].message
    assert (message.image, message.parts[0].image) == (named(B, "img-1"), named(A, "img-0"))
    assert message.parts[1].image == image(B, inline=False), "the message's own image, by its hash"
    assert list(message_rules.message(message)) == []


async def test_the_bytes_stay_where_they_fit() -> None:
    answer = await fold(stream(picture(A)), max_inline_bytes=6000)
    assert answer.candidates[0].message.image == image(A, inline=True)


@pytest.mark.parametrize("most", [6000, 1000], ids=["the first fits", "none fits"])
@pytest.mark.parametrize("second", [picture(B), media(B)], ids=["picture", "media"])
async def test_what_has_no_id_cannot_be_left_out(second: list[pb.Event], most: int) -> None:
    parts = (picture(A), second)
    with pytest.raises(AnswerTooLarge):
        await fold(stream(*parts, kept=second[-1].part_finished.HasField("media")), max_inline_bytes=most)


async def test_media_that_came_first_cannot_be_left_out() -> None:
    with pytest.raises(AnswerTooLarge):
        await fold(stream(media(B), picture(A)), max_inline_bytes=6000)


async def test_a_text_that_is_too_large_is_read_to_its_end() -> None:
    read: list[StreamEvent] = []

    async def counted() -> AsyncIterator[list[StreamEvent]]:
        async for events in stream(picture(B), text("x" * 600, "y" * 600), picture(A)):
            read.extend(events)
            yield events

    with pytest.raises(AnswerTooLarge):
        await fold(counted(), max_inline_bytes=1000)
    assert kind_of(read[-1]) == "finished"


async def test_the_pictures_that_an_answer_only_names() -> None:
    small = await fold(stream(text("Here"), picture(A), picture(B)), max_inline_bytes=6000)
    assert kept_elsewhere(small) == ["img-2", "img-1"], "the message's own image first"
    assert kept_elsewhere(await fold(stream(picture(A)), max_inline_bytes=ENOUGH)) == []
