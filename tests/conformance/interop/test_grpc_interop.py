"""gRPC's own interop clients against our server, and our client's channels against gRPC's own server.

Ours serves their test service behind everything that it puts before its own services. One case does not apply:
custom_metadata, as our server writes the trailers of all its calls itself.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

import imagewire
from imagewire_server.api.grpc import handlers, interceptor, server
from imagewire_server.core.access.caller import Permission
from tests.compat.conftest import missing, needs
from tests.conformance.interop import service
from tests.conformance.interop.messages import SERVICE, message
from tests.conftest import running_stack
from tests.stubs.languages import run

HERE = Path(__file__).parent
GO = HERE / "go/build/interop"
JARS = HERE / "java/build/lib"
CASES = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
]
SIZES = (31415, 9, 2653, 58979)
STATUS = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
_ECHOED = (("x-grpc-test-echo-initial", "test_initial"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))

pytestmark = pytest.mark.timeout(300)


def go(*arguments: str) -> list[str | Path]:
    if not GO.exists():
        missing("gRPC's interop client in Go: install Go, and run make interop")
    return [GO, *arguments]


def java(address: str, case: str) -> list[str | Path]:
    program = needs("java")
    if not JARS.exists():
        missing("gRPC's interop client in Java: install Maven, and run make interop")
    host, _, port = address.rpartition(":")
    place = [f"--server_host={host}", f"--server_port={port}", "--use_tls=false", f"--test_case={case}"]
    return [
        program,
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{JARS}/*",
        "io.grpc.testing.integration.TestServiceClient",
        *place,
    ]


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our server has their service too, as one of its own."""
    message("Empty")  # compiles the messages, before there is an event loop that this would block
    add_health = server.add_health

    def add_both(health: Any, services: Any) -> None:
        add_health(health, services)
        service.add_to(services)

    monkeypatch.setattr(server, "add_health", add_both)
    monkeypatch.setattr(interceptor, "_OURS", (interceptor._OURS, f"/{SERVICE}/"))
    monkeypatch.setitem(handlers.PERMISSIONS, SERVICE, Permission.IMAGES)


@pytest.mark.usefixtures("serving")
async def test_grpcs_client_in_go() -> None:
    async with running_stack() as stack:
        printed = await asyncio.to_thread(run, *go("client", stack.target, *CASES))
    assert printed.split() == CASES


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("case", [*CASES, "unimplemented_service"])
async def test_grpcs_client_in_java(case: str) -> None:
    async with running_stack() as stack:
        await asyncio.to_thread(run, *java(stack.target, case))


async def _wrong_size(requests: AsyncIterator[Any], _: Any) -> Any:
    async for _ in requests:  # a client that cannot send to the end says so instead
        pass
    return message("StreamingInputCallResponse")()


async def _no_status(*_: Any) -> None:
    """Every call succeeds."""


@pytest.mark.parametrize(
    ("case", "planted", "wrong"),
    [
        ("large_unary", "_payload", lambda _: message("Payload")()),
        ("client_streaming", "_input", _wrong_size),
        ("status_code_and_message", "_check_status", _no_status),
    ],
)
@pytest.mark.usefixtures("serving")
async def test_a_wrong_answer_is_noticed(
    monkeypatch: pytest.MonkeyPatch, case: str, planted: str, wrong: Callable[..., Any]
) -> None:
    monkeypatch.setattr(service, planted, wrong)
    async with running_stack() as stack:
        with pytest.raises(AssertionError, match=r"(?i)size|status|code|got"):
            await asyncio.to_thread(run, *go("client", stack.target, case))


@pytest.fixture(scope="module")
def theirs() -> Iterator[str]:
    """The address of gRPC's own server in Go."""
    with subprocess.Popen(go("server"), stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yield program.stdout.readline().strip()
        program.terminate()


def methods(channel: Any) -> dict[str, Callable[..., Any]]:
    """Their methods by their names."""
    streamed = ("StreamingOutputCallRequest", "StreamingOutputCallResponse")
    kinds = {
        "EmptyCall": ("unary_unary", "Empty", "Empty"),
        "UnaryCall": ("unary_unary", "SimpleRequest", "SimpleResponse"),
        "UnimplementedCall": ("unary_unary", "Empty", "Empty"),
        "StreamingOutputCall": ("unary_stream", *streamed),
        "StreamingInputCall": ("stream_unary", "StreamingInputCallRequest", "StreamingInputCallResponse"),
        "FullDuplexCall": ("stream_stream", *streamed),
    }
    return {
        name: getattr(channel, kind)(
            f"/{SERVICE}/{name}", lambda sent: sent.SerializeToString(), message(response).FromString
        )
        for name, (kind, _, response) in kinds.items()
    }


def padded(name: str, size: int, **fields: Any) -> Any:
    return message(name)(payload=message("Payload")(body=bytes(size)), **fields)


def asking(*sizes: int, pause: int = 0) -> Any:
    parameters = [message("ResponseParameters")(size=size, interval_us=pause) for size in sizes]
    return padded("StreamingOutputCallRequest", 0, response_parameters=parameters)


def lengths(answers: Sequence[Any]) -> tuple[int, ...]:
    return tuple(len(answer.payload.body) for answer in answers)


def failing(code: int, text: str) -> Any:
    return message("SimpleRequest")(response_status=message("EchoStatus")(code=code, message=text))


def test_our_client_that_blocks_at_grpcs_server(theirs: str) -> None:
    with imagewire.Client(theirs, timeout=60) as client:
        of = methods(client._channel)
        assert of["EmptyCall"](message("Empty")()) == message("Empty")()
        assert len(of["UnaryCall"](padded("SimpleRequest", 271_828, response_size=314_159)).payload.body) == 314_159
        assert lengths(list(of["StreamingOutputCall"](asking(*SIZES)))) == SIZES
        pieces = [padded("StreamingInputCallRequest", size) for size in (27182, 8, 1828, 45904)]
        assert of["StreamingInputCall"](iter(pieces)).aggregated_payload_size == 74_922
        assert lengths(list(of["FullDuplexCall"](asking(size) for size in SIZES))) == SIZES
        assert list(of["FullDuplexCall"](iter(()))) == []
        for name, error in (("UnaryCall", failing(2, STATUS)), ("UnimplementedCall", message("Empty")())):
            with pytest.raises(grpc.RpcError) as raised:
                of[name](error)
            wanted = (grpc.StatusCode.UNKNOWN, STATUS) if name == "UnaryCall" else (grpc.StatusCode.UNIMPLEMENTED, None)
            assert raised.value.code() is wanted[0]
            assert wanted[1] in (None, raised.value.details())
        call = of["FullDuplexCall"](iter([asking(*SIZES)]))
        next(call)
        call.cancel()
        with pytest.raises(grpc.RpcError) as cancelled:
            list(call)
        assert cancelled.value.code() is grpc.StatusCode.CANCELLED
        with pytest.raises(grpc.RpcError) as late:
            list(of["StreamingOutputCall"](asking(*SIZES, pause=30_000_000), timeout=0.05))
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        answer, echoed = of["UnaryCall"].with_call(padded("SimpleRequest", 8, response_size=8), metadata=_ECHOED)
        assert len(answer.payload.body) == 8
        assert set(_ECHOED) <= {*echoed.initial_metadata(), *echoed.trailing_metadata()}


async def test_our_client_for_asyncio_at_grpcs_server(theirs: str) -> None:
    async with imagewire.AsyncClient(theirs, timeout=60) as client:
        of = methods(client._connections.here().channel)
        assert await of["EmptyCall"](message("Empty")()) == message("Empty")()
        big = await of["UnaryCall"](padded("SimpleRequest", 271_828, response_size=314_159))
        assert len(big.payload.body) == 314_159
        assert lengths([one async for one in of["StreamingOutputCall"](asking(*SIZES))]) == SIZES
        pieces = [padded("StreamingInputCallRequest", size) for size in (27182, 8, 1828, 45904)]
        assert (await of["StreamingInputCall"](iter(pieces))).aggregated_payload_size == 74_922
        assert lengths([one async for one in of["FullDuplexCall"](asking(size) for size in SIZES)]) == SIZES
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await of["UnaryCall"](failing(2, STATUS))
        assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.UNKNOWN, STATUS)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await of["UnimplementedCall"](message("Empty")())
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
        call = of["UnaryCall"](padded("SimpleRequest", 8, response_size=8), metadata=_ECHOED)
        assert len((await call).payload.body) == 8
        assert set(_ECHOED) <= {*await call.initial_metadata(), *await call.trailing_metadata()}
