"""What we use of other packages beyond their documentation behaves as docs/dependencies.md says."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import google.auth.credentials
import grpc
import httpx
import msgspec
import pytest
import uvicorn
from google.protobuf import descriptor_pool, struct_pb2
from google.protobuf.message import DecodeError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.routing import Route, Router
from uvicorn.server import ServerState

from imagewire.v1 import (
    chat_service_pb2,
    chat_service_pb2_grpc,
    image_service_pb2,
    image_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)
from imagewire_server.api.grpc.handlers import MethodHandlers
from imagewire_server.api.grpc.path_codec import _MAIN_LOOP
from imagewire_server.api.grpc.reflection import REFLECTION, add_reflection
from imagewire_server.api.grpc.request_decoder import _descriptor
from imagewire_server.api.grpc.tcp_info import _peer
from imagewire_server.api.grpc.unread_answers import _holders
from imagewire_server.api.rest.endpoints.images import _Form
from imagewire_server.api.rest.http_protocol import ConnectionLimits, Protocol
from imagewire_server.api.rest.middleware import _known
from imagewire_server.contract import pb, protobuf_scan
from imagewire_server.transport.pool import Body, Pool

# --- uvicorn and httptools


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


def _connected(app: Any) -> Protocol:
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    protocol = Protocol(ConnectionLimits(10, 5.0), config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(_Transport())
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


# --- Starlette


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


async def test_starlettes_form_parser_tells_each_header() -> None:
    with pytest.raises(MultiPartException, match="headers"):
        await _form(_FIELD % ((b"\r\nx: " + b"a" * 3000) * 3) + b"--\r\n").parse()


# --- gRPC


@asynccontextmanager
async def _served(handler: Any) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with this handler for all methods."""

    class Handlers(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            return grpc.stream_unary_rpc_method_handler(handler)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def test_grpcs_tasks_bear_the_names_by_which_we_know_them() -> None:
    seen: list[Any] = []

    async def handler(_: Any, context: Any) -> bytes:
        task = asyncio.current_task()
        assert task is not None
        seen.append({getattr(each.get_coro(), "__name__", "") for each in asyncio.all_tasks()})
        seen.append((task, _holders({task})))
        return b""

    async with _served(handler) as channel:
        await channel.unary_unary("/a/b")(b"")
    names, (task, holders) = seen
    assert _MAIN_LOOP in names
    assert set(holders) == {task}


async def test_grpcs_abort_raises_its_own_error_and_the_peer_is_an_address() -> None:
    seen: list[Any] = []

    async def handler(_: Any, context: Any) -> None:
        seen.append(context.peer())
        try:
            await context.abort(grpc.StatusCode.ABORTED, "enough")
        except BaseException as error:
            seen.append(type(error))
            raise

    async with _served(handler) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/a/b")(b"")
    peer, kind = seen
    host, port = _peer(peer) or ("", 0)
    assert host == "127.0.0.1"
    assert port > 0
    assert kind is grpc.aio.AbortError


class _Passing:
    """An interceptor that changes nothing."""

    def wrap(self, handler: Any, method: str, permission: object) -> Any:
        return handler


def test_generated_code_adds_every_method_by_its_name() -> None:
    handlers: Any = MethodHandlers(cast("Any", _Passing()), frozenset())
    chat_service_pb2_grpc.add_ChatServiceServicer_to_server(chat_service_pb2_grpc.ChatServiceServicer(), handlers)
    image_service_pb2_grpc.add_ImageServiceServicer_to_server(image_service_pb2_grpc.ImageServiceServicer(), handlers)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(model_service_pb2_grpc.ModelServiceServicer(), handlers)
    wanted = {
        f"/{service.full_name}/{method.name}"
        for file in (chat_service_pb2, image_service_pb2, model_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(handlers._handlers) == wanted


def test_reflection_describes_both_of_its_names() -> None:
    handlers = MethodHandlers(cast("Any", _Passing()), frozenset())
    add_reflection(handlers, ())
    for name in REFLECTION:
        service = descriptor_pool.Default().FindServiceByName(name)
        (method,) = service.methods
        assert method.input_type.full_name == name.replace("ServerReflection", "ServerReflectionRequest")
        assert f"/{name}/ServerReflectionInfo" in handlers._handlers


# --- protobuf


def test_a_generated_decoder_knows_its_message() -> None:
    assert _descriptor(pb.StreamCompletionRequest.FromString) is pb.StreamCompletionRequest.DESCRIPTOR


def test_protobuf_reads_as_deep_as_we_look() -> None:
    def nested(levels: int) -> bytes:
        data = b""
        for level in range(levels, 0, -1):
            size = bytes([len(data) & 127 | 128, len(data) >> 7])  # a varint of two bytes
            data = (b"\x32" if level % 2 else b"\x0a") + size + data
        return data

    struct_pb2.Value.FromString(nested(protobuf_scan._DEEPEST))
    with pytest.raises(DecodeError):
        struct_pb2.Value.FromString(nested(protobuf_scan._DEEPEST + 1))


def test_unknown_fields_are_found_by_what_they_leave() -> None:
    assert protobuf_scan.has_none(pb.Spec.FromString(b""))
    assert not protobuf_scan.has_none(pb.Spec.FromString(b"\xf8\x3e\x01"))


# --- others


def test_msgspecs_words() -> None:
    class Inside(msgspec.Struct, forbid_unknown_fields=True):
        size: int
        shape: Literal["square", "wide"] = "square"

    class Outside(msgspec.Struct, forbid_unknown_fields=True):
        inside: list[Inside] = []

    for body, words in (
        (b'{"inside": [{"size": 1, "x": 2}]}', "Object contains unknown field `x` - at `$.inside[0]`"),
        (b'{"inside": [{}]}', "Object missing required field `size` - at `$.inside[0]`"),
        (b'{"inside": [{"size": "a"}]}', "Expected `int`, got `str` - at `$.inside[0].size`"),
        (b'{"inside": [{"size": 1, "shape": "odd"}]}', "Invalid enum value 'odd' - at `$.inside[0].shape`"),
    ):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.json.decode(body, type=Outside)
        assert str(caught.value) == words


async def test_aiohttps_reader_gives_what_is_here_and_a_release_closes_what_was_not_read() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        await reader.read()  # until the client closes it
        closed.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        pool = Pool(5.0, "")
        request = httpx.Request("GET", f"http://127.0.0.1:{port}/")
        async with asyncio.timeout(20):
            answer = await pool.handle_async_request(request)
            assert isinstance(answer.stream, Body)
            body = answer.stream.arrived() or await anext(answer.stream)
            while len(body) < 5:
                body += await anext(answer.stream)
            assert (body, answer.stream.arrived(), answer.stream.ended) == (b"hello", b"", False)
            await answer.stream.aclose()
            await closed.wait()
        await pool.aclose()


def test_google_auths_expiry_is_utc_without_saying_so() -> None:
    class Credentials(google.auth.credentials.Credentials):  # type: ignore[misc]  # untyped
        def refresh(self, request: Any) -> None:
            """Never asked."""

    credentials = Credentials()  # type: ignore[no-untyped-call]  # untyped
    credentials.token = "token"
    credentials.expiry = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=1)
    assert credentials.valid
    credentials.expiry -= datetime.timedelta(hours=2)
    assert credentials.expired
