"""Clients that take small messages only: what is paid for arrives, or nothing is paid."""

from collections.abc import Callable
from typing import Any

import pytest

import imagewire
from imagewire import AsyncClient, Client
from imagewire._grpc.sizes import Sizes
from tests.sdk.asks import Ask, created, creates, everything, ran, streams

# The emulator's picture is larger than each of these.
SMALL = [131_072, 200_000, 262_144, 300_000, 1 << 20]
MODEL = "gemini/emulator-size-2MB"
SIZE = 2_000_000


def size_of(answer: Any) -> int:
    whole = imagewire.collect(answer) if isinstance(answer, list) else answer
    return len(whole.candidates[0].message.image.data)


@pytest.mark.parametrize("most", SMALL)
@everything
def test_each_call_of_the_contract(target: str, paid: Callable[[], int], ask: Ask, most: int) -> None:
    assert size_of(ask(target, MODEL, "x", made={"max_message_bytes": most})) == SIZE
    assert paid() == 1


@pytest.mark.parametrize("most", SMALL)
def test_each_call_of_python(target: str, paid: Callable[[], int], most: int) -> None:
    with Client(target, max_message_bytes=most) as client:
        assert client.draw("x", model=MODEL).size_bytes == SIZE
        chat = client.chat.create(MODEL).append("x")
        answer = chat.sample()
        assert sum(len(chunk.data) for _, chunk in chat.stream()) == SIZE
        assert sum(len(chunk.data) for _, chunk in chat.frames()) == SIZE
        assert paid() == 4
        for again in (client.get_completion(completion_id=answer.id).image, client.download(answer.image.image_id)):  # type: ignore[union-attr]
            assert again == answer.image
    assert paid() == 4


def test_each_call_of_python_with_asyncio(target: str, paid: Callable[[], int]) -> None:
    async def run() -> None:
        async with AsyncClient(target, max_message_bytes=SMALL[0]) as client:
            assert (await client.draw("x", model=MODEL)).size_bytes == SIZE
            answer = await client.chat.create(MODEL).append("x").sample()
            assert answer.image is not None
            again = await client.get_completion(completion_id=answer.id)
            assert again.image == answer.image == await client.download(answer.image.image_id)

    ran(run())
    assert paid() == 2


@pytest.mark.parametrize("most", SMALL)
@creates
def test_without_a_store_a_unary_call_is_refused_before_it_is_paid(
    not_keeping: str, paid: Callable[[], int], create: Ask, most: int
) -> None:
    with pytest.raises(imagewire.AnswerWillNotFit, match="StreamCompletion"):
        create(not_keeping, MODEL, "x", made={"max_message_bytes": most})
    assert paid() == 0


@streams
def test_without_a_store_a_stream_has_frames_that_fit(not_keeping: str, paid: Callable[[], int], stream: Ask) -> None:
    assert size_of(stream(not_keeping, MODEL, "x", made={"max_message_bytes": SMALL[0]})) == SIZE
    assert paid() == 1


def test_the_least_inline_answer_has_its_picture(target: str, paid: Callable[[], int]) -> None:
    assert size_of(created(target, MODEL, "x", max_inline_bytes=65_536)) == SIZE
    assert paid() == 1


@pytest.mark.parametrize(
    ("most", "inline", "frame"),
    [
        (131_072, 65_536, 65_536),
        (200_000, 100_000, 100_000),
        (524_287, 262_144, 262_143),
        (524_288, 262_144, 0),
        (1 << 20, 1 << 19, 0),
        (64 << 20, 63 << 20, 0),
        (-1, (2 << 30) - 1 - (1 << 20), 0),
        (3 << 30, (2 << 30) - 1 - (1 << 20), 0),
    ],
)
def test_what_is_asked_for(most: int, inline: int, frame: int) -> None:
    sizes = Sizes.of({"grpc.max_receive_message_length": most})
    assert (sizes.inline(), sizes.frame()) == (inline, frame)
    assert (sizes.inline(70_000), sizes.frame(16_384)) == (70_000, 16_384)
