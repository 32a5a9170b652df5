"""Both clients by one table: what they send, what they give, how they fail."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

import imagewire
from imagewire import AsyncClient, Client, collect
from imagewire._channel import parse_target
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse
from tests.integration.processes import Program, ledger
from tests.pictures import PNG
from tests.sdk.conftest import Event, Script, good_stream, scripted

MODEL = "gemini/gemini-2.5-flash-image"


def streamed(target: str, *arguments: Any, **rest: Any) -> list[Event]:
    with Client(target) as client:
        return list(client.stream_completion(*arguments, **rest))


def created(target: str, *arguments: Any, **rest: Any) -> CreateCompletionResponse:
    with Client(target) as client:
        return client.create_completion(*arguments, **rest)


def astreamed(target: str, *arguments: Any, **rest: Any) -> list[Event]:
    async def run() -> list[Event]:
        async with AsyncClient(target) as client:
            return [event async for event in client.stream_completion(*arguments, **rest)]

    return asyncio.run(run())


def acreated(target: str, *arguments: Any, **rest: Any) -> CreateCompletionResponse:
    async def run() -> CreateCompletionResponse:
        async with AsyncClient(target) as client:
            return await client.create_completion(*arguments, **rest)

    return asyncio.run(run())


Ask = Callable[..., Any]
streams = pytest.mark.parametrize("stream", [streamed, astreamed], ids=["sync", "async"])
creates = pytest.mark.parametrize("create", [created, acreated], ids=["sync", "async"])
everything = pytest.mark.parametrize("ask", [streamed, astreamed, created, acreated], ids=lambda ask: ask.__name__)


@streams
def test_a_stream_of_the_real_server(target: str, emulator: Program, stream: Ask) -> None:
    answer = collect(stream(target, MODEL, "a banana", aspect_ratio="16:9", seed=3))
    entry = ledger(emulator.address)[-1]
    assert answer.candidates[0].message.image.sha256.hex() == entry["images"][0]["sha256"]
    assert entry["body"]["generationConfig"]["seed"] == 3


@creates
def test_a_unary_answer_larger_than_grpcs_default_limit(target: str, create: Ask) -> None:
    answer = create(target, "gemini/emulator-size-9MB", "a banana")
    assert len(answer.candidates[0].message.image.data) == 9_000_000


@creates
def test_as_much_is_asked_for_as_the_channel_takes(create: Ask) -> None:
    script = Script()
    with scripted(script) as target:
        create(target, MODEL, "x")
    assert script.requests[0].max_inline_bytes == 63 * 1024 * 1024


@everything
def test_pictures_go_before_the_prompt(ask: Ask) -> None:
    script = Script()
    with scripted(script) as target:
        ask(target, MODEL, "join them", images=[PNG, "https://example.com/a.png"])
    parts = script.requests[0].spec.messages[0].parts
    assert [part.WhichOneof("content") for part in parts] == ["image", "image", "text"]
    assert (parts[0].image.data, parts[1].image.uri) == (PNG, "https://example.com/a.png")


@streams
@pytest.mark.parametrize("damage", [lambda e: e.pop(), lambda e: e.pop(8)], ids=["cut", "gap"])
def test_a_damaged_stream_raises(stream: Ask, damage: Any) -> None:
    events = good_stream()
    damage(events)
    with scripted(Script(events=events)) as target, pytest.raises(imagewire.CorruptAnswer):
        stream(target, MODEL, "x")


@creates
def test_a_damaged_unary_answer_raises(create: Ask) -> None:
    answer = collect(good_stream())
    answer.candidates[0].message.image.data = b"other"
    with scripted(Script(answer=answer)) as target, pytest.raises(imagewire.CorruptAnswer):
        create(target, MODEL, "x")


def failing(code: str, reason: str, *, pushback: str = "") -> Callable[[Any], None]:
    """A failure with all details that a server may send."""

    def fail(context: Any) -> None:
        status = Status(code=grpc.StatusCode[code].value[0], message="words")
        details = (
            ErrorInfo(reason=reason, domain="imagewire.dev"),
            RequestInfo(request_id="id-1"),
            RetryInfo(retry_delay=Duration(seconds=7)),
            BadRequest(field_violations=[BadRequest.FieldViolation(field="spec.model", description="is required")]),
        )
        for detail in details:
            packed = Packed()
            packed.Pack(detail)
            status.details.append(packed)
        trailers = [("grpc-status-details-bin", status.SerializeToString())]
        context.set_trailing_metadata([*trailers, ("grpc-retry-pushback-ms", pushback)] if pushback else trailers)
        context.abort(grpc.StatusCode[code], "words")

    return fail


KINDS: list[tuple[str, str, type[imagewire.ImagewireError]]] = [
    ("INVALID_ARGUMENT", "INVALID_REQUEST", imagewire.InvalidRequest),
    ("UNAUTHENTICATED", "KEY", imagewire.Unauthenticated),
    ("PERMISSION_DENIED", "X", imagewire.PermissionDenied),
    ("NOT_FOUND", "MODEL_NOT_FOUND", imagewire.NotFound),
    ("RESOURCE_EXHAUSTED", "OVERLOADED", imagewire.RateLimited),
    ("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE", imagewire.AnswerTooLarge),
    ("RESOURCE_EXHAUSTED", "UPSTREAM_TOO_LARGE", imagewire.ServerError),
    ("DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", imagewire.DeadlineExceeded),
    ("UNAVAILABLE", "UPSTREAM_UNREACHABLE", imagewire.Unavailable),
    ("UNIMPLEMENTED", "NOT_BUILT", imagewire.NotSupported),
    ("DATA_LOSS", "UPSTREAM_CUT", imagewire.CorruptAnswer),
    ("INTERNAL", "INTERNAL", imagewire.ServerError),
    ("FAILED_PRECONDITION", "UPSTREAM_CREDENTIALS", imagewire.ServerError),
]


@pytest.mark.parametrize(("code", "reason", "kind"), KINDS)
def test_every_status_has_its_class(code: str, reason: str, kind: type[imagewire.ImagewireError]) -> None:
    with scripted(Script(fail=failing(code, reason))) as target:
        for ask in (streamed, created, astreamed, acreated):
            with pytest.raises(imagewire.ImagewireError) as failed:
                ask(target, MODEL, "x")
            error = failed.value
            assert type(error) is kind
            assert (error.code, error.reason, error.request_id) == (code, reason, "id-1")
            assert (str(error), error.retry_after) == ("words", 7.0)
            assert error.violations == (imagewire.Violation("spec.model", "is required"),)


@pytest.mark.parametrize(("pushback", "retryable"), [("", True), ("1500", True), ("-1", False)])
def test_pushback_decides_what_may_be_repeated(pushback: str, retryable: bool) -> None:
    script = Script(fail=failing("UNAVAILABLE", "UPSTREAM_UNAVAILABLE", pushback=pushback))
    with scripted(script) as target, pytest.raises(imagewire.Unavailable) as failed:
        created(target, MODEL, "x")
    assert failed.value.retryable is retryable
    assert len(script.requests) == 1, "the channel itself repeats no call that draws"


@everything
def test_no_server_is_told_with_what_to_do(ask: Ask) -> None:
    with scripted(Script()) as target:
        pass
    with pytest.raises(imagewire.Unavailable, match="imagewire-server serve") as failed:
        ask(target, MODEL, "x")
    assert target in str(failed.value)
    assert not failed.value.retryable


@everything
def test_a_deadline_is_kept(target: str, ask: Ask) -> None:
    with pytest.raises(imagewire.DeadlineExceeded):
        ask(target, "gemini/emulator-silent", "x", timeout=0.2)


def test_leaving_a_stream_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target, Client(target) as client:
        stream = client.stream_completion(MODEL, "x")
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # a generator
        assert script.ended.wait(5)


async def test_leaving_an_async_stream_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target) as client:
            stream = client.stream_completion(MODEL, "x")
            await anext(stream)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(script.ended.wait, 5)


@pytest.mark.parametrize(
    ("given", "address", "secure"),
    [
        (None, "127.0.0.1:50051", False),
        ("localhost:1", "localhost:1", False),
        ("unix:/run/x.sock", "unix:/run/x.sock", False),
        ("dns:///a:5", "dns:///a:5", False),
        ("https://draw.example", "draw.example:443", True),
        ("https://draw.example:8443/", "draw.example:8443", True),
        ("http://draw.example", "draw.example:80", False),
    ],
)
def test_targets(monkeypatch: pytest.MonkeyPatch, given: str | None, address: str, secure: bool) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
    assert parse_target(given) == (target := parse_target(given))
    assert (target.address, target.secure) == (address, secure)


def test_importing_the_package_loads_neither_grpc_nor_the_command_line() -> None:
    code = "import sys, imagewire; print(sorted({'grpc', 'typer', 'rich', 'google.protobuf'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert all(getattr(imagewire, name) is not None for name in imagewire.__all__)
    with pytest.raises(AttributeError):
        imagewire.nothing_of_the_kind  # noqa: B018
