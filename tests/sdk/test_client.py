"""Both clients by one table: what they send, what they give, how they fail."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

import imagewire
from imagewire import AsyncClient, Client, _channel, build_spec, collect
from imagewire._channel import Target, parse_target
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import Message, Role
from imagewire.v1.spec_pb2 import Spec
from tests.integration.processes import Program, ledger
from tests.pictures import PNG
from tests.sdk.conftest import Event, Script, good_stream, scripted

MODEL = "gemini/gemini-2.5-flash-image"


# `made` is what the client is made with; all else goes into the call.
def streamed(target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any) -> list[Event]:
    with Client(target, **made) as client:
        return list(client.stream_completion(*arguments, **rest))


def created(
    target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any
) -> CreateCompletionResponse:
    with Client(target, **made) as client:
        return client.create_completion(*arguments, **rest)


def astreamed(target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any) -> list[Event]:
    async def run() -> list[Event]:
        async with AsyncClient(target, **made) as client:
            return [event async for event in client.stream_completion(*arguments, **rest)]

    return asyncio.run(run())


def acreated(
    target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any
) -> CreateCompletionResponse:
    async def run() -> CreateCompletionResponse:
        async with AsyncClient(target, **made) as client:
            return await client.create_completion(*arguments, **rest)

    return asyncio.run(run())


def certified(host: str) -> tuple[bytes, bytes]:
    """A key and a certificate of its own making, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, certificate.public_bytes(pem)


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


CHAT = [Message(role=Role.ROLE_USER, content="draw"), Message(role=Role.ROLE_ASSISTANT, content="done")]


@everything
def test_a_chat_or_a_whole_spec_is_sent_as_it_is(ask: Ask) -> None:
    script = Script()
    spec = Spec(model="m", messages=CHAT, labels={"a": "b"})
    with scripted(script) as target:
        ask(target, MODEL, messages=CHAT, image_size="2K")
        ask(target, spec=spec)
    assert list(script.requests[0].spec.messages) == CHAT
    assert script.requests[0].spec.image_config.image_size == "2K"
    assert script.requests[1].spec == spec


@everything
@pytest.mark.parametrize(
    ("wishes", "kind", "words"),
    [
        ({"spec": Spec(), "aspect_ratio": "1:1"}, ValueError, "spec says all"),
        ({"spec": Spec(), "prompt": "x"}, ValueError, "spec says all"),
        ({"spec": Spec(), "seed": 0}, ValueError, "spec says all"),
        ({"messages": CHAT, "prompt": "x"}, ValueError, "whole chat"),
        ({"messages": CHAT, "images": [PNG]}, ValueError, "whole chat"),
        ({"aspekt_ratio": "1:1"}, TypeError, "aspekt_ratio"),
        ({"prompt": "x", "images": ["none.png"]}, FileNotFoundError, "none.png"),
    ],
)
def test_nothing_asked_is_ignored(ask: Ask, wishes: dict[str, Any], kind: type[Exception], words: str) -> None:
    script = Script()
    with scripted(script) as target, pytest.raises(kind, match=words):
        ask(target, **wishes)
    assert script.requests == []


def test_images_come_from_paths_bytes_and_messages(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    images = [tmp_path / "a.png", str(tmp_path / "a.png"), PNG, Image(image_id="i"), "data:image/png;base64,AA=="]
    parts = build_spec("m", images=images).messages[0].parts
    assert [part.image.data for part in parts[:3]] == [PNG] * 3
    assert [part.image.WhichOneof("source") for part in parts[3:]] == ["image_id", "uri"]


async def test_what_the_client_was_made_with_goes_with_each_call() -> None:
    script = Script(hold=True, events=[])
    made: dict[str, Any] = {"metadata": [("authorization", "Bearer k")], "timeout": 0.3}
    with scripted(script) as target:
        with Client(target, **made) as client, pytest.raises(imagewire.DeadlineExceeded, match="allow more time"):
            await asyncio.to_thread(list, client.stream_completion(MODEL, "x"))
        async with AsyncClient(target, **made) as aclient:
            with pytest.raises(imagewire.DeadlineExceeded, match="allow more time"):
                await anext(aclient.stream_completion(MODEL, "x"))
            await aclient.create_completion(MODEL, "x", max_inline_bytes=7)
    assert [sent["authorization"] for sent in script.metadata] == ["Bearer k"] * 3
    assert all(str(sent["user-agent"]).startswith("imagewire-python/0.") for sent in script.metadata)
    assert script.requests[-1].max_inline_bytes == 7


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
            ErrorInfo(reason=reason, domain="imagewire.dev", metadata={"use": "it"}),
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
    ("NOT_FOUND", "MODEL_NOT_FOUND", imagewire.ModelNotFound),
    ("NOT_FOUND", "OTHER_NOT_FOUND", imagewire.NotFound),
    ("RESOURCE_EXHAUSTED", "OVERLOADED", imagewire.RateLimited),
    ("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE", imagewire.AnswerTooLarge),
    ("RESOURCE_EXHAUSTED", "UPSTREAM_TOO_LARGE", imagewire.ServerError),
    ("DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", imagewire.DeadlineExceeded),
    ("UNAVAILABLE", "UPSTREAM_UNREACHABLE", imagewire.Unavailable),
    ("UNIMPLEMENTED", "NOT_BUILT", imagewire.NotSupported),
    ("DATA_LOSS", "UPSTREAM_CUT", imagewire.CorruptAnswer),
    ("INTERNAL", "INTERNAL", imagewire.ServerError),
    ("FAILED_PRECONDITION", "UPSTREAM_CREDENTIALS", imagewire.ServerError),
    ("ABORTED", "CLIENT_STALLED", imagewire.ServerError),
    ("OUT_OF_RANGE", "X", imagewire.InvalidRequest),
    ("CANCELLED", "X", imagewire.Cancelled),
    ("UNKNOWN", "X", imagewire.ServerError),
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
            assert (str(error), error.retry_after, error.metadata) == ("words", 7.0, {"use": "it"})
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


DIES = """
import os
from tests.sdk.conftest import Script, scripted

class Dies(Script):
    def CreateCompletion(self, request, context):
        os.kill(os.getpid(), 9)

    def StreamCompletion(self, request, context):
        yield self.events[0]
        os.kill(os.getpid(), 9)

with scripted(Dies()) as target:
    print(target, flush=True)
    input()
"""


@everything
def test_a_server_that_dies_may_have_charged(ask: Ask) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", DIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as dying:
        assert dying.stdout is not None
        target = dying.stdout.readline().strip()
        with pytest.raises(imagewire.Unavailable, match=r"broke off .* charged") as failed:
            ask(target, MODEL, "x")
    assert not failed.value.retryable


@creates
def test_an_answer_larger_than_the_channel_takes(create: Ask) -> None:
    script = Script()
    script.answer.candidates.add().message.content = "x" * 65 * 1024 * 1024
    with scripted(script) as target, pytest.raises(imagewire.AnswerTooLarge, match="stream_completion"):
        create(target, MODEL, "x")


@everything
def test_a_request_larger_than_the_server_takes(ask: Ask) -> None:
    with scripted(Script()) as target, pytest.raises(imagewire.InvalidRequest, match="smaller pictures"):
        ask(target, MODEL, "x", images=[bytes(5_000_000)])


def test_details_that_cannot_be_read_are_left_out() -> None:
    def fail(context: Any) -> None:
        broken = Status(
            message="words", details=[Packed(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"x")]
        )
        context.set_trailing_metadata([("grpc-status-details-bin", broken.SerializeToString())])
        context.abort(grpc.StatusCode.INTERNAL, "words")

    for trailer in (fail, lambda c: (c.set_trailing_metadata([("grpc-status-details-bin", b"x")]), fail(c))):
        with scripted(Script(fail=trailer)) as target, pytest.raises(imagewire.ServerError, match="words"):
            created(target, MODEL, "x")


def test_errors_travel_between_processes() -> None:
    error = imagewire.RateLimited("words", code="RESOURCE_EXHAUSTED", retry_after=3.0, metadata={"a": "b"})
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (type(copy), vars(copy)) == (imagewire.RateLimited, vars(error))


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


async def test_breaking_out_of_a_loop_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        with Client(target) as client:
            for _ in client.stream_completion(MODEL, "x"):
                break
            assert await asyncio.to_thread(script.ended.wait, 5)
        script.ended.clear()
        async with AsyncClient(target) as aclient:
            async for _ in aclient.stream_completion(MODEL, "x"):
                break
            assert await asyncio.to_thread(script.ended.wait, 5)


async def test_cancelling_a_task_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target) as client:

            async def run() -> None:
                async for _ in client.stream_completion(MODEL, "x"):
                    pass

            task = asyncio.create_task(run())
            assert await asyncio.to_thread(script.sent.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(script.ended.wait, 5)


@everything
def test_tls(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = certified("localhost")
    script = Script()
    with scripted(script, grpc.ssl_server_credentials([(key, certificate)])) as target:
        port = target.rpartition(":")[2]
        given = grpc.ssl_channel_credentials(certificate)
        ask(f"localhost:{port}", MODEL, "x", made={"credentials": given})
        monkeypatch.setattr(_channel, "default_credentials", lambda: given)  # for the system's roots
        ask(f"localhost:{port}", MODEL, "x", made={"tls": True})
        ask(f"https://localhost:{port}", MODEL, "x")
    assert len(script.requests) == 3


@pytest.mark.parametrize("given", ["https://a:99999", "https://", "https://a/path", "https://a?x=1", "https://u@a"])
def test_a_url_that_is_no_target_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="write https://host:port"):
        Client(given)


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
        ("https://[::1]", "[::1]:443", True),
        ("[::1]:5", "[::1]:5", False),
    ],
)
def test_targets(monkeypatch: pytest.MonkeyPatch, given: str | None, address: str, secure: bool) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
    assert parse_target(given) == Target(address, secure)


def test_importing_the_package_loads_neither_grpc_nor_the_command_line() -> None:
    code = "import sys, imagewire; print(sorted({'grpc', 'typer', 'rich', 'google.protobuf'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert all(getattr(imagewire, name) is not None for name in imagewire.__all__)
    with pytest.raises(AttributeError):
        imagewire.nothing_of_the_kind  # noqa: B018
