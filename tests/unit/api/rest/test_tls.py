"""How a connection of REST ends over TLS: nothing is lost, and nobody is waited for."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from imagewire_server.api.rest.tls import CurrentContext
from imagewire_server.config.transport_security import TlsFiles
from imagewire_server.core.tls import Certificate
from tests.authority import Authority

ISSUER = Authority()
_PIECE = bytes(64 * 1024)


class _Answer(asyncio.Protocol):
    """Writes pieces, and closes at once."""

    def __init__(self, pieces: int, closed: threading.Event, lost: asyncio.Event) -> None:
        self._pieces, self._closed, self._lost = pieces, closed, lost

    def connection_made(self, transport: Any) -> None:  # uvloop's is none of asyncio's classes
        for _ in range(self._pieces):
            transport.write(_PIECE)
        transport.close()
        self._closed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()


def _read(port: int, closed: threading.Event) -> tuple[int, ssl.SSLSocket]:
    """What a client gets that reads only when the server has closed; and its own end, which it has not closed."""
    context = ssl.create_default_context(cadata=ISSUER.pem.decode())
    client = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")
    assert closed.wait(60)
    size = 0
    while data := client.recv(1024 * 1024):  # an end without close_notify would be an error
        size += len(data)
    return size, client


# None, what the kernel takes at once, and more than that: only then the client's own end is awaited.
@pytest.mark.parametrize(("pieces", "waits"), [(0, False), (1, False), (500, True)])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_client_that_does_not_answer_the_end_has_all_and_is_not_waited_for(
    tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop], pieces: int, waits: bool
) -> None:
    cert, key = ISSUER.issue("127.0.0.1").write(tmp_path, "server")
    context = CurrentContext(Certificate(TlsFiles(str(cert), str(key))))

    async def run() -> None:
        closed, lost = threading.Event(), asyncio.Event()
        server = await asyncio.get_running_loop().create_server(
            lambda: _Answer(pieces, closed, lost), "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=3600
        )
        size, client = await asyncio.to_thread(_read, server.sockets[0].getsockname()[1], closed)
        assert size == pieces * len(_PIECE)
        if waits:
            client.close()
        async with asyncio.timeout(60):
            await lost.wait()
        client.close()
        server.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())
