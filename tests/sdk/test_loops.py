"""AsyncClient in any number of event loops, and what those who wait are told when a client is closed."""

import _thread
import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

import imagewire
from imagewire import AsyncClient, Client
from imagewire._grpc.loops import Connection
from imagewire._grpc.sync_calls import close
from tests.sdk.asks import MODEL
from tests.sdk.conftest import Script, good_stream, scripted


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with scripted(Script()) as target:
        yield target


@pytest.fixture
def holding() -> Iterator[tuple[Script, str]]:
    """A server whose answers never end."""
    script = Script(events=good_stream()[:5], hold=True)

    def create(request: Any, context: Any) -> None:
        script.sent.set()
        script.over.wait(300)

    script.CreateCompletion = create  # type: ignore[method-assign,assignment]
    with scripted(script) as target:
        yield script, target


CALLS: dict[str, Callable[[Any], Any]] = {
    "draw": lambda client: client.draw("x"),
    "create": lambda client: client.create_completion(MODEL, "x"),
    "sample": lambda client: client.chat.create(MODEL).append("x").sample(),
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def test_one_client_in_many_loops(served: str) -> None:
    client = AsyncClient(served)  # as at the top of a module

    async def draw() -> int:
        return (await client.draw("x")).size_bytes

    assert [asyncio.run(draw()) for _ in range(3)] == [700, 700, 700]
    threads: list[int] = []
    running = [threading.Thread(target=lambda: threads.append(asyncio.run(draw()))) for _ in range(3)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    assert threads == [700, 700, 700]
    assert len(client._connections._of) <= 3, "those of loops that have ended are forgotten"
    asyncio.run(client.close())
    with pytest.raises(imagewire.Cancelled):
        asyncio.run(draw())


@calls
async def test_closing_tells_a_task_that_waits(
    call: Callable[[Any], Awaitable[Any]], holding: tuple[Script, str]
) -> None:
    script, target = holding
    client = AsyncClient(target)

    async def close() -> None:
        await asyncio.to_thread(script.sent.wait)
        await client.close()

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call(client))  # type: ignore[arg-type]
            group.create_task(close())

    with pytest.raises(ExceptionGroup) as raised:
        await both()
    (error,) = raised.value.exceptions
    assert isinstance(error, imagewire.Cancelled)
    assert "the client was closed" in error.message


class Passing(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(details, request)


async def test_closing_tells_a_task_behind_an_interceptor(holding: tuple[Script, str]) -> None:
    script, target = holding
    client = AsyncClient(target, interceptors=[Passing()])
    drawing = asyncio.create_task(client.draw("x"))
    await asyncio.to_thread(script.sent.wait)
    await client.close()
    with pytest.raises(imagewire.Cancelled):
        await drawing


@calls
async def test_a_cancelled_task_is_only_cancelled(call: Callable[[Any], Any], holding: tuple[Script, str]) -> None:
    script, target = holding
    async with AsyncClient(target) as client:
        drawing = asyncio.create_task(call(client))
        await asyncio.to_thread(script.sent.wait)
        drawing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await drawing


@calls
def test_closing_tells_a_thread_that_waits(call: Callable[[Any], Any], holding: tuple[Script, str]) -> None:
    script, target = holding
    client, told = Client(target), []

    def draw() -> None:
        with pytest.raises(imagewire.Cancelled, match="the client was closed") as raised:
            call(client)
        told.append(raised.value)

    drawing = threading.Thread(target=draw)
    drawing.start()
    script.sent.wait()
    client.close()
    drawing.join()
    assert len(told) == 1


def test_a_close_that_is_interrupted_goes_on() -> None:
    go_on, closed = threading.Event(), threading.Event()

    def slow() -> None:
        _thread.interrupt_main()
        go_on.wait()
        closed.set()

    with pytest.raises(KeyboardInterrupt):
        close(SimpleNamespace(close=slow))  # type: ignore[arg-type]
    go_on.set()
    closed.wait()


def test_a_channel_is_closed_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    closed: list[object] = []
    close(SimpleNamespace(close=lambda: closed.append(True)))  # type: ignore[arg-type]
    assert closed == [True]


async def test_closing_ends_the_pause_before_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    client, waits = AsyncClient("127.0.0.1:1", retries=1000), asyncio.Event()

    async def wait(connection: Connection, seconds: float) -> None:
        waits.set()
        await pause(connection, 300)

    pause = Connection.wait
    monkeypatch.setattr(Connection, "wait", wait)
    drawing = asyncio.create_task(client.draw("x"))
    await waits.wait()
    await client.close()
    with pytest.raises(imagewire.Cancelled):
        await drawing


def test_closing_tells_the_tasks_of_another_thread(holding: tuple[Script, str]) -> None:
    script, target = holding
    client, told = AsyncClient(target), []

    async def draw() -> None:
        try:
            await client.draw("x")
        except imagewire.Cancelled as error:
            told.append(error)

    drawing = threading.Thread(target=lambda: asyncio.run(draw()))
    drawing.start()
    script.sent.wait()
    asyncio.run(client.close())
    drawing.join()
    assert len(told) == 1
