"""Requests that name a picture by URL, listeners on loopback that count connections, fetchers that may reach them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from imagewire_server.transport.image_fetch import ImageFetcher
from tests.pictures import encoded

MODEL = "gemini/gemini-2.5-flash-image"


def chat(url: str) -> dict[str, Any]:
    parts = [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": MODEL, "messages": [{"role": "user", "content": parts}]}


def response(url: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "Edit"}, {"type": "input_image", "image_url": url}]
    return {"model": MODEL, "input": [{"role": "user", "content": content}]}


@dataclass
class Listener:
    """Counts who comes, and, where they are kept waiting, who goes."""

    port: int
    connections: int = 0
    gone: int = 0


@asynccontextmanager
async def listening(host: str) -> AsyncIterator[Listener]:
    made = Listener(0)

    def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        writer.close()

    server = await asyncio.start_server(count, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@asynccontextmanager
async def hanging() -> AsyncIterator[Listener]:
    """A server that takes requests and never answers."""
    made = Listener(0)

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        while await reader.read(1000):
            pass
        made.gone += 1
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


async def until(condition: Callable[[], bool], within: float = 5) -> None:
    """Return when it is so."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  # plain data of the listener's
            await asyncio.sleep(0.002)


def fetching(answers: dict[str, list[str]], **more: Any) -> ImageFetcher:
    """A fetcher that looks names up in a table: the addresses of each look-up, the last for all others."""

    async def resolve(host: str, port: int) -> list[str]:
        given = answers[host]
        return [given.pop(0) if len(given) > 1 else given[0]]

    return ImageFetcher(resolve=resolve, **more)


@asynccontextmanager
async def gallery() -> AsyncIterator[str]:
    """A server of one picture, and of a way into the house."""
    app = web.Application()

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=encoded("JPEG", 400, 300), content_type="image/png")

    async def onward(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    app.router.add_get("/a", picture)
    app.router.add_get("/onward", onward)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://gallery.example:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def fetcher_of(url: str) -> ImageFetcher:
    """A fetcher that takes the gallery, on loopback, for a public place."""
    return fetching(
        {"gallery.example": ["127.0.0.1"]},
        schemes={"http"},
        ports={int(url.rpartition(":")[2])},
        allowed=lambda address: str(address) == "127.0.0.1",
    )
