"""Listeners on loopback that answer with given bytes and count every connection, and fetchers that may reach them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagewire_server.transport.image_fetch import FetchLimits, ImageFetcher, Unfetchable
from imagewire_server.transport.public_addresses import Address
from tests.pictures import PNG

HTTP = frozenset({"http"})

BOTH = frozenset({"http", "https"})

NAME = "pictures.example"

Reply = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = PNG, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer. headers: as keywords, "_" for "-", an empty one is left out."""
    given = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """An answer that sends the caller elsewhere."""
    return answer(b"", status, location=location)


@dataclass
class Listener:
    """A server of one answer after the other; the last one is repeated."""

    replies: list[Reply]
    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    _handlers: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError):
                self.heads.append((await reader.read(65536)).decode("latin-1"))
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if isinstance(reply, bytes):
                    writer.write(reply)
                    await writer.drain()
                else:
                    await reply(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ended(self) -> None:
        """Return when every connection is closed."""
        await asyncio.gather(*self._handlers, return_exceptions=True)


@asynccontextmanager
async def listening(
    *replies: Reply, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """A listener on loopback, which answers with a picture unless told otherwise."""
    listener = Listener(list(replies) or [answer()])
    if tls is not None:
        tls.sni_callback = lambda _, name, __: listener.names.append(name)
    server = await asyncio.start_server(listener.serve, host, port, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener
        await listener.ended()


async def connections_to(listener: Listener, host: str = "127.0.0.1") -> int:
    """How many there were. A port serves its queue in order: when ours is answered, all before it are counted."""
    reader, writer = await asyncio.open_connection(host, listener.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.read()
    writer.close()
    await writer.wait_closed()
    listener.connections -= 1
    listener.heads.pop()
    return listener.connections


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the caller hangs up."""
    await reader.read()


def stuck_after(start: bytes) -> Reply:
    """Say so much and then nothing."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await reader.read()

    return reply


def endless(start: bytes, piece: bytes) -> Reply:
    """Say so much and then the same until the caller hangs up."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return reply


@dataclass
class Names:
    """A DNS of our own: answers in turn, the last one is repeated."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Resolve."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def names(*answers: Sequence[str]) -> Names:
    """A DNS of these answers, 127.0.0.1 without any."""
    return Names(list(answers) or [["127.0.0.1"]])


@asynccontextmanager
async def fetching(limits: FetchLimits | None = None, **given: Any) -> AsyncIterator[ImageFetcher]:
    """A fetcher that may reach loopback by plain HTTP, unless told otherwise."""
    fetcher = ImageFetcher(
        limits,
        **{"schemes": HTTP, "resolve": names(), "allowed": lambda address: address.is_loopback, **given},
    )
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def refused(url: str, words: str, limits: FetchLimits | None = None, **given: Any) -> str:
    """The text of a refusal."""
    async with fetching(limits, **given) as fetcher:
        with pytest.raises(Unfetchable, match=words) as error:
            await fetcher.fetch(url)
    text = str(error.value)
    assert not any(secret in text for secret in ("127.0.0", "::1", NAME, "Errno", "SSL", "secret"))
    return text


def only(*addresses: str) -> Callable[[Address], bool]:
    """A world in which these addresses are the public ones."""
    return lambda address: str(address) in addresses
