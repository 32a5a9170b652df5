"""Calls through a proxy, on the wire: its credentials go to it, and what it refuses has cost nothing."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from imagewire_server.contract.errors import Unreachable
from imagewire_server.transport.pool import Pool


@asynccontextmanager
async def proxy(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Its host and port, and the heads that it was sent; it answers each with `answer`."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


async def test_a_proxys_credentials_go_to_the_proxy() -> None:
    async with proxy(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") as (address, heads):
        pool = Pool(5, f"http://user:secret@{address}")
        response = await pool.handle_async_request(httpx.Request("GET", "http://provider.example/models"))
        assert await response.aread() == b"ok"
        await pool.aclose()
    expected = base64.b64encode(b"user:secret")
    assert heads[0].startswith(b"GET http://provider.example/models HTTP/1.1")
    assert b"proxy-authorization: basic " + expected.lower() in heads[0].lower()


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"503 Service Unavailable"])
async def test_a_refusal_to_connect_has_cost_nothing(status: bytes) -> None:
    async with proxy(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n") as (address, heads):
        pool = Pool(5, f"http://{address}")
        with pytest.raises(Unreachable) as refused:
            await pool.handle_async_request(httpx.Request("POST", "https://provider.example/models", content=b"{}"))
        await pool.aclose()
    assert heads[0].startswith(b"CONNECT provider.example:443")
    assert not refused.value.charged


@pytest.mark.parametrize("address", ["127.0.0.1:99999999", "proxy.example:3128"])
async def test_an_address_that_is_no_url_names_the_setting(address: str) -> None:
    pool = Pool(5, address)
    with pytest.raises(Unreachable, match="HTTPS_PROXY"):
        await pool.handle_async_request(httpx.Request("POST", "http://provider.example/models", content=b"{}"))
    await pool.aclose()
