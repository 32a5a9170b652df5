"""A request's body: its limits of size, of time, and of what all unfinished requests hold."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from imagewire_server.api.rest.body import Body, Disconnected
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract.errors import Overloaded
from imagewire_server.core.receive_budget import ReceiveBudget


def body(
    *pieces: bytes | None,
    headers: list[tuple[bytes, bytes]] | None = None,
    most: int = 10,
    timeout: float = 60,
    budget: ReceiveBudget | None = None,
) -> Body:
    """A body that arrives in pieces; None: its client leaves. After the last piece but one that is empty, silence."""
    left = list(pieces)

    async def receive() -> MutableMapping[str, Any]:
        if not left:
            await asyncio.Event().wait()
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    return Body(receive, headers or [], most, timeout, budget or ReceiveBudget(1000))


async def test_a_body_is_read_to_its_end() -> None:
    assert await body(b"abc", b"defg", b"").whole() == b"abcdefg"
    assert [piece async for piece in body(b"abc", b"d", b"").pieces()] == [b"abc", b"d"]
    assert await body(b"").whole() == b""


async def test_a_message_without_the_optional_fields_is_the_end() -> None:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    assert await Body(receive, [], 10, 60, ReceiveBudget(0)).whole() == b""


@pytest.mark.parametrize("size", [b"11", b"99999999999999999999"])
def test_a_body_that_says_that_it_is_too_large_is_not_read(size: bytes) -> None:
    with pytest.raises(HttpError) as refused:
        body(headers=[(b"content-length", size)])
    assert (refused.value.status, refused.value.reason) == (413, "REQUEST_TOO_LARGE")
    assert refused.value.message == (
        "the request is larger than 10 bytes (max_request_bytes): send smaller pictures, or their URLs"
    )
    assert refused.value.headers == []  # `connection: close` would reset the connection of who still sends


@pytest.mark.parametrize("size", [b"10", b"-1", b"x", b""])
async def test_other_lengths_are_seen_when_it_arrives(size: bytes) -> None:
    headers = [(b"content-length", size)]
    assert await body(b"x" * 10, b"", headers=headers).whole() == b"x" * 10
    with pytest.raises(HttpError) as refused:
        await body(b"x" * 10, b"y", headers=headers).whole()
    assert refused.value.status == 413


async def test_a_body_that_does_not_go_on_is_too_slow() -> None:
    with pytest.raises(HttpError) as refused:
        await body(b"abc", timeout=0.01).whole()
    assert (refused.value.status, refused.value.reason) == (408, "REQUEST_TIMEOUT")
    assert "send it at 32 kB a second or faster" in refused.value.message
    assert refused.value.headers == [(b"connection", b"close")]


async def test_a_client_that_leaves_ends_it() -> None:
    with pytest.raises(Disconnected):
        await body(b"abc", None).whole()


async def test_unfinished_bodies_share_a_budget_and_give_it_back() -> None:
    budget = ReceiveBudget(6)
    reading = body(b"abc", b"def", b"", budget=budget).pieces()
    assert [await anext(reading), budget.rest] == [b"abc", 3]
    with pytest.raises(Overloaded, match="ask again"):
        await body(b"1234", b"", budget=budget).whole()
    assert budget.rest == 3, "what was refused holds nothing"
    assert [await anext(reading), budget.rest] == [b"def", 6]
    assert await anext(reading, None) is None
    assert budget.rest == 0


@pytest.mark.parametrize("end", [None, b"x" * 20], ids=["left", "too large"])
async def test_a_body_that_fails_holds_nothing(end: bytes | None) -> None:
    budget = ReceiveBudget(100)
    with pytest.raises((Disconnected, HttpError)):
        await body(b"abc", end, budget=budget).whole()
    assert budget.rest == 0


async def test_what_was_worked_on_is_no_longer_held() -> None:
    budget = ReceiveBudget(4)
    read = body(b"abc", b"def", b"ghi", b"", budget=budget)
    async for _ in read.pieces():
        read.release()
        assert budget.rest == 0
    assert budget.rest == 0
