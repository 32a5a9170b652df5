"""An answer's bytes on their way to a caller, who may be slow, and may leave."""

import asyncio

import pytest

from imagewire_server.contract.errors import Cut, Internal
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.core.relay import Relay

PIECE = b"x" * 50_000


def made() -> Relay:
    return Relay(RelayedRequest("generateContent", b"{}"))


async def test_bytes_wait_until_their_call_is_the_answer() -> None:
    relay = made()
    first, second = relay.attempt(), relay.attempt()
    first.begin("text/html")
    first.add(b"of a call that failed")
    second.begin("application/json")
    second.add(b"a")
    reading = asyncio.create_task(relay.read())
    await asyncio.sleep(0)
    assert not reading.done()
    assert relay.content_type == ""
    relay.choose(second)
    assert await reading == b"a"
    second.add(b"")
    second.add(b"b")
    relay.end()
    assert [await relay.read(), await relay.read(), await relay.read()] == [b"b", b"", b""]
    assert relay.content_type == "application/json"


async def test_what_came_goes_out_before_the_error_is_raised() -> None:
    relay = made()
    attempt = relay.attempt()
    relay.choose(attempt)
    attempt.add(b"a")
    relay.end(Cut("x"))
    assert await relay.read() == b"a"
    with pytest.raises(Cut):
        await relay.read()


async def test_an_error_before_the_answer_is_raised_at_once() -> None:
    relay = made()
    relay.attempt().add(b"a")
    relay.end(Cut("x"))
    with pytest.raises(Cut):
        await relay.read()
    silent = made()
    silent.end()
    with pytest.raises(Internal):
        await silent.read()


async def test_a_slow_reader_is_waited_for_and_one_that_leaves_is_not() -> None:
    relay = made()
    attempt = relay.attempt()
    for _ in range(3):
        attempt.add(PIECE)
    await attempt.room()  # nobody reads before the answer is chosen
    relay.choose(attempt)
    waiting = asyncio.create_task(attempt.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await relay.read() == PIECE
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await relay.read() == PIECE
    await waiting
    attempt.add(PIECE)
    waiting = asyncio.create_task(attempt.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    relay.close()
    await waiting
    attempt.add(PIECE)
    assert attempt.take() == b""


async def test_what_came_before_the_answer_was_chosen_is_not_held_once_its_reader_has_left() -> None:
    relay = made()
    attempt = relay.attempt()
    attempt.add(b"a")
    relay.close()
    relay.choose(attempt)
    assert attempt.take() == b""
