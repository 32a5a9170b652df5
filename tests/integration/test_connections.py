"""A gRPC connection's life: pings do not end it, age does, and neither ends a call."""

import asyncio
import contextlib
import dataclasses
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, Event, PingAckReceived, StreamReset, TrailersReceived

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server.api.grpc.server import GrpcLimits, _options
from imagewire_server.contract import pb
from tests.conftest import Stack, rest_of, running_stack, spec
from tests.integration import processes

pytestmark = pytest.mark.system


class Caller:
    """One connection, frame by frame, which makes no room for more than the first window of an answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = H2Connection()
        self._h2.initiate_connection()
        self._send()

    def call(
        self, message: pb.CreateCompletionRequest | pb.StreamCompletionRequest, method: str = "CreateCompletion"
    ) -> None:
        stream = self._h2.get_next_available_stream_id()
        path = f"/imagewire.v1.ChatService/{method}"
        fixed = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", path)]
        self._h2.send_headers(stream, [*fixed, ("content-type", "application/grpc"), ("te", "trailers")])
        body = message.SerializeToString()
        self._h2.send_data(stream, struct.pack(">BI", 0, len(body)) + body, end_stream=True)
        self._send()

    def ping(self) -> None:
        self._h2.ping(b"8 bytes!")
        self._send()

    def read_on(self) -> None:
        """Make room for a large answer."""
        self._h2.increment_flow_control_window(10_000_000)
        self._h2.increment_flow_control_window(10_000_000, 1)
        self._send()

    async def wait_for(self, kind: type[Event]) -> Event:
        """The next event of a kind. Fails when the call or the connection is ended first."""
        while True:
            data = await self._reader.read(65536)
            assert data, "the connection was closed"
            for event in self._h2.receive_data(data):
                if isinstance(event, kind):
                    self._send()
                    return event
                assert not isinstance(event, ConnectionTerminated | StreamReset), event
            self._send()

    def _send(self) -> None:
        self._writer.write(self._h2.data_to_send())


@contextlib.asynccontextmanager
async def calling(target: str) -> AsyncIterator[Caller]:
    """A caller's connection."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_m6_pings_each_second_end_neither_a_silent_call_nor_its_connection(stack: Stack) -> None:
    async with calling(stack.target) as caller:
        text = [pb.Modality.MODALITY_TEXT]  # an answer that needs no more than the first window
        caller.call(pb.CreateCompletionRequest(spec=spec("gemini/emulator-latency-5000", response_modalities=text)))
        for _ in range(5):  # gRPC ends a connection at the fourth that comes too early
            caller.ping()
            await caller.wait_for(PingAckReceived)
            # The pace, from when the server has had the last one: however busy the machine is, it is no shorter there.
            await asyncio.sleep(1.1)
        ended = await caller.wait_for(TrailersReceived)
        assert isinstance(ended, TrailersReceived)
        assert dict(ended.headers or ())[b"grpc-status"] == b"0"


@contextlib.asynccontextmanager
async def counted(target: str) -> AsyncIterator[tuple[str, list[int]]]:
    """Another address of a server, and a list with an entry for each connection to it."""
    host, _, port = target.rpartition(":")
    made: list[int] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(len(made))
        onward = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, onward[1]), pass_on(onward[0], writer))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as relay:
        yield f"127.0.0.1:{relay.sockets[0].getsockname()[1]}", made


# gRPC closes a connection behind the last byte of its last call, and what the client sends then resets it: see
# docs/reliability.md. So what shall outlast a connection sends nothing while it is read.
_SILENT = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1 << 22))


async def test_m7_a_connection_of_age_ends_without_its_calls() -> None:
    async with (
        asyncio.timeout(60),
        running_stack(max_connection_age=0.3) as stack,
        counted(stack.target) as (target, made),
        grpc.aio.insecure_channel(target, options=_SILENT) as channel,
    ):
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-1500-80000"))
        longer = chat.StreamCompletion(request)
        await longer.read()
        assert len(made) == 1
        while len(made) < 3:
            with contextlib.suppress(grpc.aio.AioRpcError):  # the last call of a connection
                await models.ListModels(pb.ListModelsRequest())
        assert (await rest_of(longer))[-1].HasField("finished")


@pytest.mark.parametrize(("age", "told"), [(0, None), (1.5, 1500)])
def test_m7_age_0_is_none(age: float, told: int | None) -> None:
    limits: Any = {field.name: 1 for field in dataclasses.fields(GrpcLimits)} | {"max_connection_age": age}
    assert dict(_options(GrpcLimits(**limits), shared=False)).get("grpc.max_connection_age_ms") == told


def test_m7_one_clients_connection_reaches_every_worker() -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, "--workers", "2", max_connection_age="0.2") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        met: set[int] = set()
        end = time.monotonic() + 60
        while len(met) < 2:
            assert time.monotonic() < end, f"60 s on worker {met} of 2"
            with contextlib.suppress(grpc.RpcError):  # as above
                stub.ListModels(pb.ListModelsRequest())
                met.add(server.log_line("call")["worker"])
