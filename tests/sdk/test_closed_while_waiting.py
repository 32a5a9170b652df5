"""A client that is closed while a call waits for its next attempt: what is said of the cost, and what it rests on."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest

import imagewire
from imagewire import AsyncClient, Client
from imagewire._grpc.loops import Connection
from imagewire._grpc.status import MAY_BE_CHARGED, NOTHING_CHARGED
from tests.sdk.asks import failing
from tests.sdk.conftest import Script, scripted

Fail = Callable[[Any], None]


def broken(context: Any) -> None:
    """No words of a server: as a connection that broke behind the request."""
    context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")


REFUSED = failing("RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED")
# What the attempts came to, how many of the waits are over, and whether nothing is charged.
HISTORIES: dict[str, tuple[list[Fail], int, bool]] = {
    "refused": ([REFUSED], 0, True),
    "refused twice": ([REFUSED, REFUSED], 1, True),
    "a server that keeps nothing, refused": ([failing("FAILED_PRECONDITION", "KEEP_OFF"), REFUSED], 0, True),
    "broken": ([broken], 0, False),
    "broken, refused": ([broken, REFUSED], 1, False),
}


def script(history: str) -> tuple[Script, int, bool]:
    fails, over, free = HISTORIES[history]
    left = iter(fails)

    def fail(context: Any) -> None:
        next(left)(context)

    return Script(events=[], fail=fail), over, free


def check(error: imagewire.Cancelled, *, free: bool) -> None:
    words = NOTHING_CHARGED if free else MAY_BE_CHARGED
    assert (error.message, error.retryable) == (f"the client was closed before the answer was whole: {words}", free)


@pytest.mark.parametrize("history", HISTORIES)
def test_a_thread_is_told_what_is_charged(history: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served, over, free = script(history)
    waited: list[float] = []

    def wait(client: Client, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > over:
            client.close()

    monkeypatch.setattr(Client, "_wait", wait)
    with scripted(served) as target, Client(target) as client, pytest.raises(imagewire.Cancelled) as raised:
        client.draw("x")
    check(raised.value, free=free)


@pytest.mark.parametrize("history", HISTORIES)
async def test_a_task_is_told_what_is_charged(history: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served, over, free = script(history)
    waited: list[float] = []
    last = asyncio.Event()
    pause = Connection.wait

    async def wait(connection: Connection, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > over:
            last.set()
            await pause(connection, 300)

    monkeypatch.setattr(Connection, "wait", wait)
    with scripted(served) as target:
        client = AsyncClient(target)
        drawing = asyncio.create_task(client.draw("x"))
        await last.wait()
        await client.close()
        with pytest.raises(imagewire.Cancelled) as raised:
            await drawing
    check(raised.value, free=free)
