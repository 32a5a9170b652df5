"""Clients that leave while their call runs: it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from imagewire_server.api.rest.body import Disconnected, Receive
from imagewire_server.core.call import Call
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.interceptors import Interceptor, intercept_all


async def intercept(scope: MutableMapping[str, Any], interceptors: Sequence[Interceptor], call: Call) -> None:
    """Run the interceptors; a client that leaves meanwhile cancels the call, whose request nobody reads yet."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine runs in one
    scope["imagewire.on_lost"] = task.cancel
    try:
        await intercept_all(interceptors, call)
    finally:
        del scope["imagewire.on_lost"]


@asynccontextmanager
async def leaving(receive: Receive, calls: RunningCalls, call: Call) -> AsyncIterator[None]:
    """Cancel the body if the client disconnects (Disconnected) or the server stops (with its own errors).

    The call's request has been read.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine runs in one
    watch = asyncio.create_task(_gone(receive, task))
    try:
        yield
    except asyncio.CancelledError:
        calls.raise_if_ended(call)
        if watch.done() and not watch.cancelled() and task.uncancel() == 0:
            raise Disconnected from None
        raise
    finally:
        watch.cancel()


async def _gone(receive: Receive, task: "asyncio.Task[object]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    task.cancel()
