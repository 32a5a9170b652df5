"""TLS and client certificates by real handshakes: who gets in, and who may call what."""

import asyncio
import contextlib
import socket
import ssl
import warnings
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import pytest
from grpc_channelz.v1 import channelz_pb2
from starlette.routing import Route

from imagewire.v1 import chat_service_pb2, image_service_pb2, model_service_pb2, model_service_pb2_grpc
from imagewire_server.contract import pb
from tests.authority import Authority, Pair
from tests.integration.tls_stack import ID, TlsStack, tls_stack
from tests.pictures import PNG

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

SERVERS, CLIENTS, STRANGERS = Authority("servers"), Authority("clients"), Authority("strangers")
RIGHT = CLIENTS.issue(uris=(ID,))
OTHER = CLIENTS.issue(uris=("spiffe://td/ns/other/sa/client",))
# gRPC itself reads its id up to the zero byte.
DISGUISED = CLIENTS.issue(uris=(f"{ID}\0/other",))
KEY, WRONG = ("authorization", "Bearer sk-right"), ("authorization", "Bearer sk-wrong")


async def _grpc(server: TlsStack, shown: Pair | None, method: str, *metadata: tuple[str, str]) -> grpc.StatusCode:
    async with server.channel(shown) as channel:
        return await _code(channel, method, *metadata)


async def _code(channel: grpc.aio.Channel, method: str, *metadata: tuple[str, str]) -> grpc.StatusCode:
    try:
        await channel.unary_unary(method)(b"", metadata=metadata, timeout=60)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


LIST = "/imagewire.v1.ModelService/ListModels"


@pytest.mark.parametrize(
    ("shown", "may"),
    [
        (RIGHT, True),
        (CLIENTS.issue(name="Jane Doe"), True),
        (None, False),
        (STRANGERS.issue(uris=(ID,)), False),
        (CLIENTS.issue(uris=(ID,), left=-timedelta(hours=1)), False),
    ],
    ids=["right", "a name", "none", "another authority's", "expired"],
)
async def test_a_handshake_needs_a_certificate_of_the_right_authority(
    tmp_path: Path, shown: Pair | None, may: bool
) -> None:
    async with tls_stack(tmp_path, SERVERS, CLIENTS) as server:
        expected = grpc.StatusCode.OK if may else grpc.StatusCode.UNAVAILABLE
        assert await _grpc(server, shown, LIST) is expected
        async with server.http(shown) as client:
            if may:
                assert (await client.get("/v1/models")).status_code == 200
            else:
                with pytest.raises(httpx.TransportError):
                    await client.get("/v1/models")


async def test_without_an_authority_of_clients_no_certificate_is_asked_for(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS, master_key="sk-right") as server:
        for shown in (None, RIGHT):
            assert await _grpc(server, shown, LIST, KEY) is grpc.StatusCode.OK
            assert await _grpc(server, shown, LIST) is grpc.StatusCode.UNAUTHENTICATED
        async with server.http() as client:
            assert (await client.get("/v1/models")).status_code == 401
            assert (await client.get("/v1/models", headers=[KEY])).status_code == 200


def _methods() -> list[str]:
    files: list[FileDescriptor] = [
        chat_service_pb2.DESCRIPTOR,
        image_service_pb2.DESCRIPTOR,
        model_service_pb2.DESCRIPTOR,
        channelz_pb2.DESCRIPTOR,
    ]
    found = [method for file in files for service in file.services_by_name.values() for method in service.methods]
    names = [f"/{method.containing_service.full_name}/{method.name}" for method in found]
    return [*names, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]


HEALTH = "/grpc.health.v1.Health/Check"
# Settings; for each caller, what becomes of its calls: None where they are let through.
_UNAUTHENTICATED, _DENIED = (grpc.StatusCode.UNAUTHENTICATED, 401), (grpc.StatusCode.PERMISSION_DENIED, 403)
_CALLERS: dict[str, tuple[Pair, list[tuple[str, str]]]] = {
    "certificate": (RIGHT, []),
    "both": (RIGHT, [KEY]),
    "wrong key": (RIGHT, [WRONG]),
    "another id": (OTHER, [KEY]),
    "zero byte": (DISGUISED, [KEY]),
}
_MATRIX: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"master_key": "sk-right"},
        {
            "certificate": _UNAUTHENTICATED,
            "both": None,
            "wrong key": _UNAUTHENTICATED,
            "another id": _DENIED,
            "zero byte": _DENIED,
        },
    ),
    (
        {"master_key": "sk-right", "tls_client_suffices": True},
        {"certificate": None, "both": None, "wrong key": None, "another id": _DENIED, "zero byte": _DENIED},
    ),
    ({}, {"certificate": None, "both": None, "wrong key": None, "another id": _DENIED, "zero byte": _DENIED}),
]


@pytest.mark.parametrize(("settings", "ends"), _MATRIX, ids=["a key too", "a certificate is enough", "no key"])
async def test_the_matrix_of_methods_and_callers(
    tmp_path: Path, settings: dict[str, Any], ends: dict[str, Any]
) -> None:
    async with tls_stack(tmp_path, SERVERS, CLIENTS, tls_allowed_ids="spiffe://td/ns/draw/sa/*", **settings) as server:
        assert ends.keys() == _CALLERS.keys()
        for caller, (shown, headers) in _CALLERS.items():
            refused = {_UNAUTHENTICATED[0], _DENIED[0]}
            async with server.channel(shown) as channel:
                for method in _methods():
                    code = await _code(channel, method, *headers)
                    assert (code if code in refused else None) is (ends[caller] and ends[caller][0]), (caller, method)
                assert await _code(channel, HEALTH, *headers) is grpc.StatusCode.OK
            async with server.http(shown) as client:
                for method, path, is_open in _routes(server):
                    answer = await client.request(method, path, headers=headers)
                    # Google says 403 of no key, and 400 of a wrong one.
                    code = 401 if '"reason":"KEY_INVALID"' in answer.text else answer.status_code
                    status = code if code in {401, 403} else None
                    expected = None if is_open else (ends[caller] and ends[caller][1])
                    # A picture's address is a secret, and this one is none.
                    assert status == expected or is_open, (caller, method, path, answer.text)
                    if status == 403:
                        assert answer.json()["error"]["message"] == "this caller is not allowed here"


def _routes(server: TlsStack) -> list[tuple[str, str, bool]]:
    """Each method and path of REST, and whether it needs no key."""
    open_paths = ("/page/", "/health/liv", "/health/readiness", "/docs", "/openapi.json", "/v1/images/files/")
    found = []
    for route in server.stack.server.rest._middleware._app.routes:
        assert isinstance(route, Route)
        path = route.path.replace("{id}", "x").replace("{token}", "x")
        is_open = path == "/" or path.startswith(open_paths)
        found += [(method, path, is_open) for method in sorted((route.methods or set()) - {"HEAD"})]
    assert len(found) > 10
    return found


async def test_a_certificate_says_who_made_a_picture(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS, CLIENTS, keep="local", keep_dir=str(tmp_path / "kept")) as server:
        async with server.http(RIGHT) as mine, server.http(OTHER) as another:
            made = await mine.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", PNG)})
            assert made.status_code == 200, made.text
            path = f"/v1/files/{made.json()['id']}"
            assert (await mine.get(path)).status_code == 200
            assert (await another.get(path)).status_code == 404
        async with server.channel(RIGHT) as mine_too:
            images = mine_too.unary_stream(
                "/imagewire.v1.ImageService/DownloadImage", pb.DownloadImageRequest.SerializeToString
            )
            first = await images(pb.DownloadImageRequest(image_id=made.json()["id"])).read()
            assert first is not grpc.aio.EOF


async def test_a_web_page_cannot_use_the_certificate_of_a_browser(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS, CLIENTS) as server, server.http(RIGHT) as client:
        page = {"origin": "https://evil.example"}
        assert (await client.get("/v1/models", headers=page)).json()["error"]["code"] == "origin_not_allowed"
        own = {"origin": str(client.base_url).rstrip("/")}
        assert (await client.get("/v1/models", headers=own)).status_code == 200


@pytest.mark.parametrize(
    "hello", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)]
)
async def test_a_client_without_tls_gets_an_end(tmp_path: Path, hello: bytes) -> None:
    async with tls_stack(tmp_path, SERVERS) as server:
        for port in (server.grpc_port, server.rest_port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(hello)
            async with asyncio.timeout(60):
                with contextlib.suppress(ConnectionError):
                    assert b"HTTP" not in await reader.read()
            writer.close()


async def test_old_versions_of_tls_are_refused_and_http_1_is_offered(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS) as server:
        context = server.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        for port, protocol in ((server.rest_port, "http/1.1"), (server.grpc_port, "h2")):
            _, writer = await asyncio.open_connection("localhost", port, ssl=context)
            assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == protocol
            writer.close()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        for port in (server.rest_port, server.grpc_port):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("localhost", port, ssl=context)


async def test_half_open_handshakes_end_and_do_not_harm_others(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS, handshake_timeout=2.0) as server:
        ports = [server.grpc_port, server.rest_port] * 100
        half = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
        try:
            for _, writer in half:
                writer.write(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            async with server.channel() as channel, server.http() as client:
                models = model_service_pb2_grpc.ModelServiceStub(channel)
                for _ in range(20):
                    await models.ListModels(pb.ListModelsRequest())
                    assert (await client.get("/v1/models")).status_code == 200
            async with asyncio.timeout(60):
                ends = await asyncio.gather(*(reader.read() for reader, _ in half), return_exceptions=True)
            assert [end for end in ends if isinstance(end, Exception) and not isinstance(end, ConnectionError)] == []
        finally:
            for _, writer in half:
                writer.close()


async def test_a_server_that_stops_waits_for_no_idle_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.constants.SSL_SHUTDOWN_TIMEOUT", 3600)
    async with tls_stack(tmp_path, SERVERS, drain_grace=0.1) as server:
        plain = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", server.rest_port))
        idle = await asyncio.to_thread(server.context().wrap_socket, plain, server_hostname="localhost")
        await server.stack.server.rest.drain()
        served = server.stack.server.rest._http._uvicorn
        assert served is not None
        assert served.server_state.connections == set()
        idle.close()
