"""Pictures of earlier answers that a request names by their place."""

import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imagewire_server.contract import part_places, pb
from imagewire_server.contract.errors import Cut, InvalidRequest
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import ImageNotFound, KeepOff
from imagewire_server.core import kept_parts
from imagewire_server.core.store.local.store import LocalStore
from tests.unit.core.store.local.stores import LARGE, events, kept, opened, put

WHOLE, CUT = "cmpl-" + "a" * 32, "cmpl-" + "b" * 32


def signed(image_id: str) -> list[list[StreamEvent]]:
    batches = events(LARGE, image_id)
    for event in (event for batch in batches for event in batch):
        if isinstance(event, pb.Event) and event.HasField("part_finished"):
            event.part_finished.thought_signature = b"s"
            event.part_finished.native_fields["a"] = "1"
    return batches


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    async with opened(tmp_path) as made:
        await put(made, kept(WHOLE), signed("img-1"))
        await put(made, kept(CUT), signed("img-2")[:-1], Cut("broke off"))
        yield made


def spec(*places: tuple[str, int, int], role: int = pb.Role.ROLE_ASSISTANT) -> pb.Spec:
    parts = [pb.Part(image=pb.Image(image_id=part_places.written(place))) for place in places]
    return pb.Spec(messages=[pb.ChatMessage(role=role, parts=parts)])  # type: ignore[arg-type]


async def expires(store: LocalStore, answer: str) -> float:
    found = await store.find("me", completion_id=answer)
    assert found is not None
    return found.expires


@pytest.mark.parametrize(("answer", "image_id"), [(WHOLE, "img-1"), (CUT, "img-2")])
async def test_a_part_comes_with_its_signature(store: LocalStore, answer: str, image_id: str) -> None:
    given = spec((answer, 0, 0))
    late = time.time() + 5000
    await kept_parts.fill(given, store, "me", 1 << 30, until=late)
    [part] = given.messages[0].parts
    assert (part.image.image_id, part.image.sha256) == (image_id, hashlib.sha256(LARGE).digest())
    assert (part.thought_signature, dict(part.native_fields)) == (b"s", {"a": "1"})
    assert await expires(store, answer) == late


async def test_what_the_caller_says_of_a_part_stays(store: LocalStore) -> None:
    given = spec((WHOLE, 0, 0), (WHOLE, 0, 0))
    given.messages[0].parts[1].thought_signature = b"other"
    given.messages[0].parts[1].image.display_name = "cat"
    before = await expires(store, WHOLE)
    await kept_parts.fill(given, store, "me", 1 << 30)
    assert [part.thought_signature for part in given.messages[0].parts] == [b"s", b"other"]
    assert [part.image.display_name for part in given.messages[0].parts] == ["", "cat"]
    assert await expires(store, WHOLE) == before


@pytest.mark.parametrize("place", [("cmpl-" + "c" * 32, 0, 0), (WHOLE, 0, 1), (CUT, 1, 0)])
async def test_what_there_is_not(store: LocalStore, place: tuple[str, int, int]) -> None:
    words = r"spec.messages\[0\].parts\[1\].image: you have no such picture, or it has expired: send the picture itself"
    with pytest.raises(ImageNotFound, match=words) as failed:
        await kept_parts.fill(spec((WHOLE, 0, 0), place), store, "me", 1 << 30)
    assert failed.value.metadata == {"field": "spec.messages[0].parts[1].image"}


async def test_a_picture_of_another_caller(store: LocalStore) -> None:
    with pytest.raises(ImageNotFound, match="you have no such picture"):
        await kept_parts.fill(spec((WHOLE, 0, 0)), store, "you", 1 << 30)


async def test_too_many_bytes(store: LocalStore) -> None:
    given = spec((WHOLE, 0, 0), (CUT, 0, 0))
    with pytest.raises(InvalidRequest) as failed:
        await kept_parts.fill(given, store, "me", 2 * len(LARGE) - 1)
    [one] = failed.value.violations
    assert one.field == "spec.messages[0].parts[1].image"
    assert "more than" in one.description


async def test_without_a_store() -> None:
    with pytest.raises(KeepOff, match=r"spec.messages\[0\].parts\[0\].image: .* keeps no answers: send the picture"):
        await kept_parts.fill(spec((WHOLE, 0, 0)), None, "me", 1)


async def test_only_an_answers_picture_is_named_so(store: LocalStore) -> None:
    given = spec((WHOLE, 0, 0), role=pb.Role.ROLE_USER)
    before = given.SerializeToString()
    await kept_parts.fill(given, store, "me", 1 << 30)
    await kept_parts.fill(pb.Spec(), None, "me", 1)
    assert given.SerializeToString() == before
