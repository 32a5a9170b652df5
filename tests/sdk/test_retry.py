"""What a client asks for again: only what the server said cannot have been charged, never after the first event."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

import imagewire
from imagewire._grpc.loops import Connection
from imagewire._grpc.retry import Attempts
from imagewire.errors import RateLimited, Unavailable
from imagewire.v1 import image_service_pb2_grpc, model_service_pb2_grpc
from imagewire.v1.image_pb2 import Image
from imagewire.v1.image_service_pb2 import DownloadImageRequest, DownloadImageResponse, ImageData
from imagewire.v1.model_service_pb2 import ListModelsResponse
from tests.integration.processes import Program, ledger
from tests.sdk.asks import Ask, everything, failing
from tests.sdk.conftest import Script, good_stream, scripted


def refusing(times: int, reason: str = "UPSTREAM_UNAVAILABLE", *, pushback: str = "") -> Any:
    """A failure for the first calls; RetryInfo would say 7 s, so it is left out."""
    left = iter(range(times))

    def fail(context: Any) -> None:
        if next(left, None) is not None:
            failing("UNAVAILABLE", reason, pushback=pushback)(context)

    return fail


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, which take no time."""
    made: list[float] = []

    async def asleep(connection: Connection, seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(imagewire.Client, "_wait", lambda client, seconds: made.append(seconds))
    monkeypatch.setattr(Connection, "wait", asleep)
    return made


@everything
def test_a_refusal_is_asked_again_with_the_same_id(ask: Ask, pauses: list[float]) -> None:
    script = Script(events=[], fail=refusing(3))
    with scripted(script) as target, pytest.raises(imagewire.ImagewireError):
        ask(target, "m", "x")
    assert len(script.requests) == 3
    assert len({sent["x-request-id"] for sent in script.metadata}) == 1
    assert all(pause >= 7 for pause in pauses)  # never earlier than the server's hint


@everything
def test_what_may_have_been_charged_is_asked_once(ask: Ask, pauses: list[float]) -> None:
    script = Script(events=[], fail=refusing(9, pushback="-1"))
    with scripted(script) as target, pytest.raises(Unavailable):
        ask(target, "m", "x")
    assert (len(script.requests), pauses) == (1, [])


@everything
def test_no_retries_where_none_are_wanted(ask: Ask, pauses: list[float]) -> None:
    script = Script(events=[], fail=refusing(9))
    with scripted(script) as target, pytest.raises(Unavailable):
        ask(target, "m", "x", made={"retries": 0})
    assert (len(script.requests), pauses) == (1, [])


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_nothing_is_asked_again_once_the_answer_has_begun(kind: str, pauses: list[float]) -> None:
    from tests.sdk.asks import astreamed, streamed  # noqa: PLC0415

    script = Script(events=good_stream()[:5], fail=refusing(9))
    with scripted(script) as target, pytest.raises(Unavailable):
        (streamed if kind == "sync" else astreamed)(target, "m", "x")
    assert (len(script.requests), pauses) == (1, [])


def test_an_overload_of_the_real_provider_passes(target: str, emulator: Program) -> None:
    """The server asks three times, and the client once more."""
    before = len(ledger(emulator.address))
    with imagewire.Client(target) as client:
        assert client.draw("x", model="gemini/emulator-503-burst-3").size_bytes > 0
    assert [entry["status"] for entry in ledger(emulator.address)[before:]] == [503, 503, 503, 200]


class Models(model_service_pb2_grpc.ModelServiceServicer):
    asked = 0

    def ListModels(self, request: Any, context: Any) -> ListModelsResponse:
        self.asked += 1
        if self.asked == 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return ListModelsResponse()


@contextmanager
def serving(add: Any, servicer: Any) -> Iterator[str]:
    """Its address."""
    server = grpc.server(futures.ThreadPoolExecutor(1))
    add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def test_what_is_free_is_asked_again_by_the_channel() -> None:
    models = Models()
    add = model_service_pb2_grpc.add_ModelServiceServicer_to_server
    with serving(add, models) as target, imagewire.Client(target) as client:
        assert (client.list_models(), models.asked) == ([], 2)


class BreakingOff(image_service_pb2_grpc.ImageServiceServicer):
    """Each download breaks off behind as many bytes as are given."""

    def __init__(self, data: bytes, brought: int) -> None:
        self.data, self.brought = data, brought
        self.offsets: list[int] = []

    def DownloadImage(self, request: DownloadImageRequest, context: Any) -> Iterator[DownloadImageResponse]:
        self.offsets.append(request.offset)
        digest = hashlib.sha256(self.data).digest()
        yield DownloadImageResponse(image=Image(size_bytes=len(self.data), sha256=digest))
        data = self.data[request.offset : request.offset + self.brought]
        yield DownloadImageResponse(chunk=ImageData(offset=request.offset, data=data))
        if request.offset + len(data) < len(self.data):
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")


def downloaded(kind: str, target: str) -> bytes:
    async def run() -> bytes:
        async with imagewire.AsyncClient(target) as client:
            return (await client.download("img-1")).data

    if kind == "async":
        return asyncio.run(run())
    with imagewire.Client(target) as client:
        return client.download("img-1").data


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_download_may_break_off_at_any_number_of_bytes_but_not_for_ever_at_the_same(
    kind: str, pauses: list[float]
) -> None:
    growing, stuck = BreakingOff(bytes(range(30)), 1), BreakingOff(b"abc", 0)
    add = image_service_pb2_grpc.add_ImageServiceServicer_to_server
    with serving(add, growing) as target:
        assert downloaded(kind, target) == growing.data
    assert growing.offsets == list(range(30))
    with serving(add, stuck) as target, pytest.raises(Unavailable, match="broke off"):
        downloaded(kind, target)
    assert len(stuck.offsets) == 9
    assert len(pauses) == 29 + 8


def test_the_pauses_grow_and_end() -> None:
    attempts = Attempts(retries=5, timeout=None)
    error = Unavailable("x", retryable=True)
    made = [attempts.delay(error) for _ in range(5)]
    assert all(0.25 * 2**i <= pause <= 8 for i, pause in enumerate(made))
    with pytest.raises(Unavailable):
        attempts.delay(error)


@pytest.mark.parametrize(
    ("error", "timeout"),
    [
        (Unavailable("x"), None),
        (RateLimited("x", retryable=True, retry_after=3600.0), None),
        (RateLimited("x", retryable=True, retry_after=5.0), 4.0),
        (Unavailable("x", retryable=True), 0.0),
    ],
)
def test_no_pause_that_is_worth_nothing(error: imagewire.ImagewireError, timeout: float | None) -> None:
    with pytest.raises(type(error)):
        Attempts(2, timeout).delay(error)


def test_all_attempts_share_the_timeout() -> None:
    attempts = Attempts(2, timeout=500.0, _begun=time.monotonic() - 400.0)
    left = attempts.left()
    assert left is not None
    assert 0 < left <= 100.0
