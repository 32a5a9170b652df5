"""One HTTP connection whose bytes and whose reading a test controls."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

_SLOW_FOR = 4_000_000

JSON = b"host: localhost\r\ncontent-type: application/json\r\n"


class Client:
    """One HTTP connection whose reading the test controls; little of it fits the kernel."""

    def __init__(self, url: str, receive_buffer: int = 64 * 1024) -> None:
        host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.setblocking(False)
        self._where = host, int(port)
        self._ahead = b""

    async def __aenter__(self) -> "Client":
        await asyncio.get_running_loop().sock_connect(self._socket, self._where)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    def end(self) -> None:
        """Send no more; reading goes on."""
        self._socket.shutdown(socket.SHUT_WR)

    async def post(self, path: str, given: object, *headers: str) -> None:
        content = json.dumps(given).encode()
        lines = [f"content-length: {len(content)}", "connection: close", *headers]
        await self.send(f"POST {path} HTTP/1.1\r\n".encode() + JSON + "\r\n".join([*lines, "", ""]).encode() + content)

    async def read(self, most: int = 64 * 1024) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, most)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """One answer that says its length: status, headers in small letters, body."""
        async with asyncio.timeout(10):
            while b"\r\n\r\n" not in self._ahead:
                self._ahead += await self._more()
            head, _, rest = self._ahead.partition(b"\r\n\r\n")
            first, *lines = head.decode().lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            length = int(headers["content-length"])
            while len(rest) < length:
                rest += await self._more()
        self._ahead = rest[length:]
        return int(first.split()[1]), headers, rest[:length]

    async def _more(self) -> bytes:
        piece = await self.read()
        assert piece, "the connection ended"
        return piece

    async def rest(self) -> bytes:
        """All until the end, however it comes."""
        found = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := await self.read():
                found += piece
        return bytes(found)

    async def slowly(self, rate: int) -> AsyncIterator[bytes]:
        """All until the end, at so many bytes a second for its first 4 MB."""
        loop = asyncio.get_running_loop()
        begun, size = loop.time(), 0
        while piece := await self.read():
            size += len(piece)
            yield piece
            if size < _SLOW_FOR:
                await asyncio.sleep(max(begun + size / rate - loop.time(), 0))
