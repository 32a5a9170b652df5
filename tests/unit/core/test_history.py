"""A chat that goes on by the id of its last answer."""

import time
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, InvalidRequest
from imagewire_server.contract.events import Chunk
from imagewire_server.contract.keep_errors import CompletionNotFound, KeepOff
from imagewire_server.core import history
from imagewire_server.core.numbering import Numbering
from tests.unit.core.store.local.stores import LARGE, events, files, kept, opened, put

SYSTEM, USER = pb.Role.ROLE_SYSTEM, pb.Role.ROLE_USER


def asked(words: str, before: str = "", system: str = "") -> pb.Spec:
    messages = [pb.ChatMessage(role=SYSTEM, content=system)] if system else []
    messages.append(pb.ChatMessage(role=USER, content=words))
    return pb.Spec(model="m", messages=messages, previous_completion_id=before)


def answer(words: str) -> list[list[Any]]:
    """An answer with a text and a picture, and a signature."""
    started, begun, *chunks, image, finished = events(LARGE)
    text = [
        pb.Event(text_delta=pb.TextDelta(text=words, part_index=0)),
        pb.Event(part_finished=pb.PartFinished(part_index=0, thought_signature=b"s")),
    ]
    ends = pb.Event(candidate_finished=pb.CandidateFinished())
    batches = [started, text, begun, *chunks, image, [ends, *finished]]
    numbering = Numbering()
    for event in (event for batch in batches for event in batch):
        numbering.number_chunk(event) if isinstance(event, Chunk) else numbering.number(event)
    return batches


def said(spec: pb.Spec) -> list[tuple[int, str]]:
    return [(message.role, message.content) for message in spec.messages]


async def test_all_turns_come_in_front(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first", system="Draw cats"))
        await put(store, kept("cmpl-2"), answer("two"), asked=asked("second", "cmpl-1"))
        whole = await history.expand(asked("third", "cmpl-2"), store, "me", 1 << 30)
        drawn = pb.Role.ROLE_ASSISTANT
        turns = [(USER, "first"), (drawn, "one"), (USER, "second"), (drawn, "two"), (USER, "third")]
        assert said(whole) == [(SYSTEM, "Draw cats"), *turns]
        assert whole.previous_completion_id == ""
        assert whole.messages[2].image.data == LARGE
        assert whole.messages[2].parts[0].thought_signature == b"s"
        anew = await history.expand(asked("third", "cmpl-2", "Draw dogs"), store, "me", 1 << 30)
        assert said(anew) == [*turns[:-1], (SYSTEM, "Draw dogs"), (USER, "third")]


async def test_without_an_id_nothing_changes(tmp_path: Path) -> None:
    spec = asked("x")
    async with opened(tmp_path) as store:
        assert await history.expand(spec, store, "me", 0) is spec


async def test_without_a_store_the_whole_chat_must_be_sent() -> None:
    with pytest.raises(KeepOff, match=r"spec.previous_completion_id: .* send the whole chat in messages"):
        await history.expand(asked("x", "cmpl-1"), None, "me", 0)


async def test_what_no_chat_can_go_on_from(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        await put(store, kept("cut"), answer("one")[:2], Cut("broke off"), asked=asked("x"))
        await put(store, kept("blocked"), [events(LARGE)[0], events(LARGE)[-1]], asked=asked("x"))
        await put(store, kept("unasked"), answer("one"))
        for caller, ident in ("you", "cmpl-1"), ("me", "none"), ("me", "unasked"):
            with pytest.raises(CompletionNotFound, match=r"spec.previous_completion_id: you have no answer"):
                await history.expand(asked("x", ident), store, caller, 1 << 30)
        wrong = {"cut": "ended with an error", "blocked": "that answer is empty"}
        for ident, words in wrong.items():
            with pytest.raises(InvalidRequest, match=words):
                await history.expand(asked("x", ident), store, "me", 1 << 30)


async def test_a_turn_that_is_gone_is_named_by_its_own_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        await put(store, kept("cmpl-2"), answer("two"), asked=asked("second", "cmpl-1"))
        await store.delete(kept("cmpl-1"))
        with pytest.raises(CompletionNotFound, match=r"goes on from 'cmpl-1', which was deleted") as failed:
            await history.expand(asked("third", "cmpl-2"), store, "me", 1 << 30)
        assert failed.value.metadata == {"completion_id": "cmpl-1"}


async def test_a_turn_whose_picture_is_gone_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        for file in files(tmp_path):
            if file.is_relative_to(tmp_path / "objects"):
                file.unlink()
        with pytest.raises(CompletionNotFound, match=r"goes on from 'cmpl-1', which was deleted"):
            await history.expand(asked("x", "cmpl-1"), store, "me", 1 << 30)


async def test_all_turns_are_kept_as_long_as_the_newest(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        await put(store, kept("cmpl-2"), answer("two"), asked=asked("second", "cmpl-1"))
        late = time.time() + 5000
        await history.expand(asked("third", "cmpl-2"), store, "me", 1 << 30, until=late)
        await history.expand(asked("third", "cmpl-2"), store, "me", 1 << 30, until=late - 4000)
        for ident in ("cmpl-1", "cmpl-2"):
            found = await store.find("me", completion_id=ident)
            assert found is not None
            assert found.expires == late
        image = await store.image("me", image_id="img-1")
        assert image is not None
        assert image.expires == late


async def test_large_answers_are_named_by_their_ids(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        whole = await history.expand(asked("x", "cmpl-1"), store, "me", 1000)
        assert (whole.messages[1].image.data, whole.messages[1].image.image_id) == (b"", "img-1")
        with pytest.raises(InvalidRequest, match="more than 10 bytes"):
            await history.expand(asked("x", "cmpl-1"), store, "me", 10)


async def test_what_was_asked_counts_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("x" * 100_000))
        await put(store, kept("cmpl-2"), answer("two"), asked=asked("x" * 100_000, "cmpl-1"))
        assert await history.expand(asked("x", "cmpl-1"), store, "me", 150_000)
        with pytest.raises(InvalidRequest, match="the earlier chat has more than 150000 bytes"):
            await history.expand(asked("x", "cmpl-2"), store, "me", 150_000)


async def test_a_chat_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MOST_MESSAGES", 2)
    async with opened(tmp_path) as store:
        await put(store, kept("cmpl-1"), answer("one"), asked=asked("first"))
        with pytest.raises(InvalidRequest, match="more than 2 messages"):
            await history.expand(asked("x", "cmpl-1"), store, "me", 1 << 30)
