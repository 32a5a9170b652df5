"""Certificates that change while the server runs: new handshakes get the new ones, and running streams go on."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server.contract import pb
from tests import forked
from tests.authority import Authority, Pair
from tests.conftest import rest_of, spec
from tests.integration import processes
from tests.integration.tls_stack import ID, TlsStack, tls_stack

pytestmark = pytest.mark.system

SERVERS, OLD, NEW = Authority("servers"), Authority("old clients"), Authority("new clients")


async def _look(server: TlsStack) -> None:
    certificate = server.stack.server._tls
    assert certificate is not None
    await asyncio.to_thread(certificate.look)


def _serial(server: TlsStack, shown: Pair | None = None) -> bytes | None:
    """The certificate that REST shows."""
    context = server.context(shown)
    with (
        socket.create_connection(("localhost", server.rest_port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        return encrypted.getpeercert(binary_form=True)


def _models(channel: grpc.aio.Channel) -> Any:
    return model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest(), timeout=60)


async def test_rotation_under_load_drops_no_stream(tmp_path: Path) -> None:
    shown = OLD.issue(uris=(ID,))
    async with tls_stack(tmp_path, SERVERS, OLD) as server:
        over, drawn = asyncio.Event(), 0

        async def draw(channel: grpc.aio.Channel) -> None:
            nonlocal drawn
            chat = chat_service_pb2_grpc.ChatServiceStub(channel)
            events = await rest_of(chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec())))
            assert events[-1].WhichOneof("event") == "finished", events[-1]
            drawn += 1

        async def on_one_connection() -> None:
            async with server.channel(shown) as channel:
                while not over.is_set():
                    await draw(channel)

        async def on_many() -> None:
            while not over.is_set():
                async with server.channel(shown) as channel:
                    await draw(channel)

        async def over_rest() -> None:
            while not over.is_set():
                async with server.http(shown) as client:
                    assert (await client.get("/v1/models")).status_code == 200

        async with asyncio.TaskGroup() as load:
            for _ in range(3):
                load.create_task(on_one_connection())
                load.create_task(on_many())
            load.create_task(over_rest())
            certificates = set()
            for _ in range(10):
                SERVERS.issue("localhost", "127.0.0.1").write(tmp_path, "server")
                await _look(server)
                certificates.add(await asyncio.to_thread(_serial, server, shown))
                before = drawn
                while drawn < before + 6:  # noqa: ASYNC110  # the load runs meanwhile
                    await asyncio.sleep(0.01)
            over.set()
        assert len(certificates) == 10


async def test_an_authority_that_was_removed_is_trusted_no_more_and_its_streams_go_on(tmp_path: Path) -> None:
    old, new = OLD.issue(uris=(ID,)), NEW.issue(uris=(ID,))
    async with tls_stack(tmp_path, SERVERS, OLD) as server, server.channel(old) as running:
        await _models(running)
        for authorities, may in (((OLD, NEW), (True, True)), ((NEW,), (False, True))):
            (tmp_path / "clients.pem").write_bytes(b"".join(each.pem for each in authorities))
            await _look(server)
            for shown, expected in zip((old, new), may, strict=True):
                async with server.channel(shown) as channel, server.http(shown) as client:
                    if expected:
                        await _models(channel)
                        assert (await client.get("/v1/models")).status_code == 200
                        continue
                    with pytest.raises(grpc.aio.AioRpcError) as failed:
                        await _models(channel)
                    assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
                    with pytest.raises(httpx.TransportError):
                        await client.get("/v1/models")
        await _models(running)


async def test_a_broken_file_keeps_both_apis_going(tmp_path: Path) -> None:
    async with tls_stack(tmp_path, SERVERS) as server:
        before = await asyncio.to_thread(_serial, server)
        (tmp_path / "server.key").write_bytes(b"-----BEGIN PRIVATE KEY-----\nMIG")
        await _look(server)
        assert await asyncio.to_thread(_serial, server) == before
        async with server.channel() as channel:
            await _models(channel)


@pytest.fixture
def emulator() -> Any:
    with processes.emulator() as made:
        yield made


@pytest.mark.parametrize("hang_up", [False, True], ids=["by itself", "SIGHUP"])
def test_all_workers_follow_the_files(tmp_path: Path, emulator: processes.Program, hang_up: bool) -> None:
    cert, key = SERVERS.issue("localhost").write(tmp_path, "server")
    flags = ["--tls-cert", str(cert), "--tls-key", str(key), "--workers", "2"]
    with processes.server(emulator.address, *flags) as server:
        if hang_up:
            server.hang_up()  # they are read although they did not change
        else:
            SERVERS.issue("localhost").write(tmp_path, "server")
        workers = {server.log_line("the certificate was read again")["worker"] for _ in range(2)}
        assert workers == {0, 1}
        key.write_bytes(b"")
        told = [server.log_line("the certificate was not read again, the one before stays in use") for _ in range(2)]
        assert {(line["worker"], f"tls_key {key}: has no private key" in line["why"]) for line in told} == {
            (0, True),
            (1, True),
        }
        channel_arguments = [("grpc.ssl_target_name_override", "localhost")]
        with grpc.secure_channel(
            server.address, grpc.ssl_channel_credentials(SERVERS.pem), channel_arguments
        ) as channel:
            model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest(), timeout=60)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_file_stops_the_start_with_one_line(tmp_path: Path, workers: str) -> None:
    cert, _ = SERVERS.issue("localhost").write(tmp_path, "server")
    flags = ["--tls-cert", str(cert), "--tls-key", str(tmp_path / "none.key")]
    ended = forked.run(
        [sys.executable, "-m", "imagewire_server", "serve", "--workers", workers, *flags],
        capture_output=True,
        text=True,
        timeout=60,
        env=processes._environ("http://127.0.0.1:1", {}),
        check=False,
    )
    [line] = ended.stderr.splitlines()
    assert (ended.returncode, line.startswith(f"imagewire-server: tls_key {tmp_path / 'none.key'}: ")) == (2, True), (
        line
    )
    assert "name an existing file in PEM" in line
