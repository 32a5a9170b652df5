"""Each fault and each bad input: the status, the reason, the words a user can act on, and nothing that leaks."""

import socket
import uuid
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_emulator.credentials import API_KEY
from imagewire_server.contract import pb
from tests.conftest import Stack, ended_upstream, rest_of, running_stack, spec
from tests.integration.status import Told, told

PROMPT = "a very private prompt"


async def failing(stack: Stack, asked: pb.Spec, *, seconds: float = 30) -> Told:
    call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=asked), timeout=seconds)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await anext(event async for event in call if event.HasField("finished"))
    return told(failed.value)


# scenario, code, reason, words, pushback, attempts upstream
FAULTS: list[tuple[str, str, str, str, str | None, int]] = [
    ("429-30", "RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", "quota", "30000", 1),
    ("429-header", "RESOURCE_EXHAUSTED", "UPSTREAM_RATE_LIMITED", "exhausted", "7000", 1),
    ("500", "UNAVAILABLE", "UPSTREAM_INTERNAL", "try again", None, 3),
    ("503", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE", "try again", None, 3),
    ("leak", "UNAVAILABLE", "UPSTREAM_INTERNAL", "try again", None, 3),
    ("reset", "DATA_LOSS", "UPSTREAM_CUT", "charged", "-1", 1),
    ("cut", "DATA_LOSS", "UPSTREAM_CUT", "charged", "-1", 1),
    ("cut-clean", "DATA_LOSS", "UPSTREAM_CUT", "charged", "-1", 1),
    ("stuck", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", "paused", "-1", 1),
    ("silent", "DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", "did not answer within", "-1", 1),
    ("bad-base64", "INTERNAL", "UPSTREAM_MALFORMED", "base64", "-1", 1),
    ("bad-type", "INTERNAL", "UPSTREAM_MALFORMED", "neither JSON", "-1", 1),
    ("redirect", "INTERNAL", "UPSTREAM_UNEXPECTED_STATUS", "base URL", None, 1),
    ("no-candidates", "INTERNAL", "UPSTREAM_MALFORMED", "no candidate", "-1", 1),
    ("error-in-stream", "ABORTED", "UPSTREAM_UNAVAILABLE", "middle of its answer", "-1", 1),
    ("bare-error-in-stream", "ABORTED", "UPSTREAM_UNAVAILABLE", "middle of its answer", "-1", 1),
    ("array-error", "INVALID_ARGUMENT", "UPSTREAM_INVALID_ARGUMENT", "invalid argument", None, 1),
    ("bomb", "RESOURCE_EXHAUSTED", "UPSTREAM_TOO_LARGE", "max_answer_bytes", "-1", 1),
]


@pytest.mark.parametrize(
    ("scenario", "code", "reason", "words", "pushback", "attempts"), FAULTS, ids=[f[0] for f in FAULTS]
)
@pytest.mark.parametrize("provider", ["gemini", "vertex_ai"])
async def test_a_fault_upstream(
    provider: str, scenario: str, code: str, reason: str, words: str, pushback: str | None, attempts: int
) -> None:
    async with running_stack(idle_timeout=1.0, first_byte_timeout=2.0, max_answer_bytes=8_000_000) as stack:
        said = await failing(stack, spec(f"{provider}/emulator-{scenario}", PROMPT))
        assert (said.code, said.info.reason, said.info.domain) == (code, reason, "imagewire.dev")
        assert words in said.message
        assert said.pushback == pushback
        assert said.request.request_id
        assert len(stack.emulator.ledger.entries) == attempts
        for secret in (API_KEY, PROMPT, "Traceback", "aiohttp", "127.0.0.1"):
            assert secret not in f"{said}"


@pytest.mark.parametrize("scenario", ["500-burst", "503-burst-2", "429-burst"])
async def test_a_fault_that_passes_is_not_seen(stack: Stack, scenario: str) -> None:
    request = pb.StreamCompletionRequest(spec=spec(f"gemini/emulator-{scenario}"))
    events = [event async for event in stack.chat.StreamCompletion(request)]
    assert events[-1].HasField("finished")


async def test_retry_info_reaches_the_caller(stack: Stack) -> None:
    said = await failing(stack, spec("gemini/emulator-429-22"))
    assert said.retry.retry_delay.seconds == 22


async def test_an_upstream_that_refuses_connections_is_unavailable(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with running_stack(gemini_base_url=f"http://127.0.0.1:{port}") as alone:
        said = await failing(alone, spec())
    assert (said.code, said.info.reason, said.pushback) == ("UNAVAILABLE", "UPSTREAM_UNREACHABLE", None)


async def test_a_proxy_of_the_environment_is_used(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    # The emulator stands for the proxy: it answers whatever host it is asked for.
    monkeypatch.setenv("http_proxy", stack.emulator.base_url)
    monkeypatch.setenv("no_grpc_proxy", "127.0.0.1")
    async with running_stack(gemini_base_url="http://google.invalid") as proxied:
        request = pb.CreateCompletionRequest(spec=spec("gemini/emulator-no-image"))
        answer = await proxied.chat.CreateCompletion(request)
    assert answer.candidates[0].native_finish_reason == "NO_IMAGE"
    assert len(stack.emulator.ledger.entries) == 1


async def test_a_wrong_key_is_the_operators_to_mend() -> None:
    async with running_stack(gemini_api_key="wrong-key-of-mine") as stack:
        said = await failing(stack, spec())
    assert (said.code, said.info.reason) == ("FAILED_PRECONDITION", "UPSTREAM_CREDENTIALS")
    assert "GEMINI_API_KEY" in said.message
    assert "wrong-key-of-mine" not in f"{said}"


async def test_an_unknown_model_is_not_found(stack: Stack) -> None:
    said = await failing(stack, spec("gemini/no-such-model"))
    assert (said.code, said.info.reason) == ("NOT_FOUND", "MODEL_NOT_FOUND")
    said = await failing(stack, spec("openai/gemini-3-pro-image"))
    assert (said.code, said.info.reason) == ("NOT_FOUND", "MODEL_NOT_FOUND")
    assert "gemini/" in said.message


BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no messages", {"messages": []}, ["spec.messages"]),
    ("bad aspect ratio", {"image_config": {"aspect_ratio": "16x9"}}, ["spec.image_config.aspect_ratio"]),
    ("ratio it lacks", {"image_config": {"aspect_ratio": "8:1"}}, ["spec.image_config.aspect_ratio"]),
    ("size it lacks", {"image_config": {"image_size": "4K"}}, ["spec.image_config.image_size"]),
    (
        "an undecodable image",
        {"messages": [{"role": 2, "image": {"data": b"not a picture"}}]},
        ["spec.messages[0].image.data"],
    ),
    ("labels on the Gemini API", {"labels": {"team": "a"}}, ["spec.labels"]),
    (
        "several at once",
        {"model": "", "generation_config": {"temperature": 9, "top_p": 2}},
        ["spec.model", "spec.generation_config.temperature", "spec.generation_config.top_p"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_bad_input_names_every_field_and_asks_nobody(
    stack: Stack, fields: dict[str, Any], paths: list[str]
) -> None:
    given = {"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": 2, "content": "x"}], **fields}
    said = await failing(stack, pb.Spec(**given))
    assert (said.code, said.info.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert [violation.field for violation in said.bad.field_violations] == paths
    assert all(violation.description for violation in said.bad.field_violations)
    assert stack.emulator.ledger.entries == []


async def test_m2_a_picture_that_may_not_fit_is_refused_before_it_is_drawn(stack: Stack) -> None:
    asked = spec("gemini/gemini-3-pro-image", image_config={"image_size": "2K"})
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked))
    said = told(failed.value)
    assert (said.code, said.info.reason) == ("INVALID_ARGUMENT", "ANSWER_WILL_NOT_FIT")
    assert dict(said.info.metadata) == {"use": "StreamCompletion", "max_inline_bytes": "3932160"}
    assert [violation.field for violation in said.bad.field_violations] == ["max_inline_bytes"]
    assert said.pushback is None
    assert stack.emulator.ledger.entries == []


async def test_an_answer_too_large_names_the_way_out(stack: Stack) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("gemini/emulator-size-8MB")))
    said = told(failed.value)
    assert (said.code, said.info.reason) == ("RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE")
    assert said.info.metadata["use"] == "StreamCompletion"
    assert said.pushback == "-1"


async def test_the_callers_deadline_is_kept(stack: Stack) -> None:
    said = await failing(stack, spec("gemini/emulator-silent"), seconds=0.4)
    assert (said.code, said.info.reason, said.pushback) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "-1")


async def test_more_calls_than_places_are_refused_at_once() -> None:
    async with running_stack(max_concurrent_calls=1) as stack:
        running = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck")))
        await running.read()
        said = await failing(stack, spec())
        assert (said.code, said.info.reason, said.pushback) == ("RESOURCE_EXHAUSTED", "OVERLOADED", "1000")
        running.cancel()


async def test_a_client_that_does_not_read_is_let_go() -> None:
    async with running_stack(stall_timeout=0.3) as stack:
        options = [("grpc.http2.lookahead_bytes", 65536), ("grpc.http2.bdp_probe", 0)]
        async with grpc.aio.insecure_channel(stack.target, options=options) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-size-30MB")))
            await call.read()
            await ended_upstream(stack.emulator.ledger.entries[-1])
            assert stack.emulator.ledger.entries[-1].outcome == "client_disconnected"
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await rest_of(call)
            assert told(ended.value).info.reason == "CLIENT_STALLED"


async def test_a_server_that_keeps_nothing_says_so(stack: Stack) -> None:
    request = pb.StreamCompletionRequest(spec=spec(), request_id=str(uuid.uuid4()))
    for call in (
        stack.chat.ResumeCompletion(pb.ResumeCompletionRequest(completion_id="x")),
        stack.chat.StreamCompletion(request),
        stack.images.DownloadImage(pb.DownloadImageRequest(image_id="x")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call.read()
        assert (told(failed.value).code, told(failed.value).info.reason) == ("FAILED_PRECONDITION", "KEEP_OFF")


async def test_bytes_that_are_no_message_are_the_callers_fault(stack: Stack) -> None:
    call = stack.channel.unary_unary("/imagewire.v1.ChatService/CreateCompletion")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(b"\xff\xff\xff")
    assert told(failed.value).code == "INVALID_ARGUMENT"


async def test_a_request_over_the_cap_is_refused() -> None:
    async with running_stack(max_request_bytes=1_000_000) as stack:
        request = pb.CreateCompletionRequest(spec=spec(prompt="x" * 1_100_000))
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(request)
        assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
