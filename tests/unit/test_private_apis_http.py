"""What we use of HTTP's libraries beyond its documentation behaves as docs/dependencies.md says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import uvicorn
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.routing import Route, Router
from uvicorn.server import ServerState

from imagewire_server.api.rest.form import _Form
from imagewire_server.api.rest.http_protocol import ConnectionLimits, Protocol
from imagewire_server.api.rest.middleware import _known


class _Transport(asyncio.Transport):
    """Takes what is written; nobody is at its other end."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing is read."""

    resume_reading = close = pause_reading


def _connected(app: Any, transport: _Transport | None = None, state: ServerState | None = None) -> Protocol:
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    protocol = Protocol(ConnectionLimits(10, 5.0), config=config, server_state=state or ServerState(), app_state={})
    protocol.connection_made(transport or _Transport())
    return protocol


async def test_uvicorn_starts_each_request_where_we_note_which_one_runs() -> None:
    """A client that leaves is told to the request that runs, not only to the one that waits behind it."""
    told = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if scope["path"] == "/first":
            told.set()

    protocol = _connected(app)
    protocol.data_received(b"GET /first HTTP/1.1\r\nhost: x\r\n\r\nGET /second HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0)
    assert len(protocol.pipeline) == 1
    protocol.connection_lost(None)
    async with asyncio.timeout(20):
        await told.wait()


async def test_uvicorns_keep_alive_ends_with_the_first_letter_of_the_next_request() -> None:
    answered = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        answered.set()

    protocol = _connected(app)
    protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    async with asyncio.timeout(20):
        await answered.wait()
    assert protocol.timeout_keep_alive_task is not None
    protocol.data_received(b"G")
    assert protocol.timeout_keep_alive_task is None
    protocol.connection_lost(None)


async def test_uvicorn_keeps_the_tasks_of_running_requests_where_they_can_be_cancelled() -> None:
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    state = uvicorn.Server(uvicorn.Config(app)).server_state
    protocol = _connected(app, state=state)
    protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0)
    (task,) = state.tasks
    task.cancel()
    async with asyncio.timeout(20):
        await ended.wait()
    protocol.connection_lost(None)


async def test_uvicorns_status_lines_are_found_by_number() -> None:
    transport = _Transport()
    _connected(None, transport).data_received(b"nonsense\r\n\r\n")
    assert transport.written.startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_httptools_takes_bytes_behind_the_last_request_of_a_connection() -> None:
    transport = _Transport()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close, upgrade\r\nupgrade: h2c\r\ncontent-length: 4\r\n\r\n"
    protocol = _connected(app, transport)
    protocol.data_received(head + b"body" + b"more")
    assert transport.written == b"", "it is not refused"
    protocol.connection_lost(None)


async def test_httptools_tells_where_the_body_behind_an_offer_begins() -> None:
    bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.put_nowait((await receive())["body"])

    protocol = _connected(app)
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: 4\r\n\r\n"
    protocol.data_received(head + b"body")
    async with asyncio.timeout(20):
        assert await bodies.get() == b"body"
    protocol.connection_lost(None)


@pytest.mark.parametrize(
    ("method", "path", "status", "known"),
    [
        ("GET", "/v1/models/a/b", 200, "/v1/models/{model:path}"),
        ("PUT", "/v1/models/a/b", 405, "/v1/models/{model:path}"),
        ("GET", "/secret", 404, "(unknown path)"),
    ],
)
async def test_starlettes_router_tells_the_route_and_raises(method: str, path: str, status: int, known: str) -> None:
    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Answer nothing."""

    router = Router([Route("/v1/models/{model:path}", Endpoint(), methods=["GET"])], redirect_slashes=False)
    scope: Any = {"type": "http", "method": method, "path": path, "headers": [], "root_path": "", "app": router}
    try:
        await router(scope, cast("Any", None), cast("Any", None))
        found = 200
    except HTTPException as error:
        found = error.status_code
    assert found == status
    assert _known(scope, Router()) == known


class _Sent:
    """An exchange whose body is this."""

    def __init__(self, data: bytes) -> None:
        self.body = self
        self._data = data

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._data


def _form(data: bytes, charset: str = "utf-8") -> _Form:
    headers = Headers({"content-type": f"multipart/form-data; boundary=B; charset={charset}"})
    return _Form(headers, cast("Any", _Sent(data)))


_FIELD = b'--B\r\ncontent-disposition: form-data; name="prompt"%b\r\n\r\nBlue\r\n--B'


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "Latin1", "nonsense"])
async def test_starlettes_form_parser_tells_its_end(charset: str) -> None:
    form = await _form(_FIELD % b"" + b"--\r\n", charset).parse()
    assert form.multi_items() == [("prompt", "Blue")]
    with pytest.raises(MultiPartException, match="cut"):
        await _form(_FIELD % b"" + b"\r\n", charset).parse()


@pytest.mark.parametrize("header", [b"\r\nx: " + b"a" * 3000, b"\r\n" + b"x" * 3000 + b": a"], ids=["value", "name"])
async def test_starlettes_form_parser_tells_each_header(header: bytes) -> None:
    with pytest.raises(MultiPartException, match="headers"):
        await _form(_FIELD % (header * 3) + b"--\r\n").parse()


async def test_starlettes_form_parser_tells_each_part() -> None:
    part = _FIELD.removesuffix(b"--B") % (b"\r\nx: " + b"a" * 3000)
    form = await _form(part * 4 + b"--B--\r\n").parse()
    assert len(form.multi_items()) == 4


async def test_starlettes_form_parser_keeps_a_large_file_in_memory() -> None:
    head = b'--B\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    form = await _form(head + bytes(2 * 1024 * 1024) + b"\r\n--B--\r\n").parse()
    assert cast("Any", form["image"]).file._rolled is False
    await form.close()
