"""Interceptors: they see each call of both APIs before its body is read, may refuse it, and learn how it ended."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from starlette.exceptions import HTTPException

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server import embedded
from imagewire_server.contract import pb
from imagewire_server.contract.errors import Code, Error, Overloaded
from imagewire_server.core.access.caller import ANONYMOUS, MASTER_KEY, Caller, Permission
from imagewire_server.core.call import Call
from tests.conftest import Stack, running_stack, spec
from tests.integration.status import told
from tests.integration.watching import CHAT, HEADERS, JSON, KEY, METADATA, STREAM, Watching, request, stream


@pytest.fixture
async def watched() -> AsyncIterator[tuple[Stack, Watching]]:
    watching = Watching()
    async with running_stack(master_key=KEY, rest=True, interceptors=[watching]) as stack:
        yield stack, watching


async def test_calls_of_both_apis_are_seen_with_their_caller_their_cost_and_their_end(
    watched: tuple[Stack, Watching],
) -> None:
    stack, watching = watched
    events = await stream(stack)
    answer = await stack.rest.post("/v1/chat/completions", json=request(), headers=HEADERS)
    assert answer.status_code == 200
    assert watching.begun == [(STREAM, MASTER_KEY), (CHAT, MASTER_KEY)]
    over_grpc, over_rest = watching.ended
    for call in (over_grpc, over_rest):
        assert (call.code, call.model, call.charged) == ("OK", "gemini/gemini-2.5-flash-image", "yes")
        assert call.seconds > 0
        assert call.header("traceparent") == "00-a-b-01"
    assert over_grpc.cost_nano_usd == events[-1].finished.usage.cost_nano_usd
    assert str(over_rest.cost_usd) == answer.headers["x-litellm-response-cost"]
    assert over_rest.request_id == answer.headers["x-request-id"]
    assert over_rest.method == CHAT


async def test_a_failed_call_ends_with_its_reason_over_both_apis(watched: tuple[Stack, Watching]) -> None:
    stack, watching = watched
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stream(stack, "gemini/emulator-reset")
    assert told(caught.value).info.reason == "UPSTREAM_CUT"
    refused = await stack.rest.post("/v1/chat/completions", json=request("gemini/emulator-reset"), headers=HEADERS)
    assert refused.status_code == 502
    assert [call.code for call in watching.ended] == ["UPSTREAM_CUT", "UPSTREAM_CUT"]


async def test_a_refusal_is_the_callers_answer_before_its_request_is_read() -> None:
    refusing = Watching(lambda: Overloaded("this caller drew enough for today: come back tomorrow", retry_after=7))
    outer = Watching()
    async with running_stack(rest=True, interceptors=[outer, refusing]) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream(stack)
        answer = await stack.rest.post("/v1/chat/completions", content=b"no JSON at all", headers=HEADERS | JSON)
        assert stack.emulator.ledger.entries == []
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.value.details() == "this caller drew enough for today: come back tomorrow"
    assert dict(caught.value.trailing_metadata() or ())["grpc-retry-pushback-ms"] == "7000"
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    # Those before it have seen the call, and learn how it ended; it has no end of its own to learn of.
    assert [call.code for call in outer.ended] == ["OVERLOADED", "OVERLOADED"]
    assert refusing.ended == []


async def test_they_run_behind_the_check_of_the_key() -> None:
    watching = Watching()
    async with running_stack(master_key=KEY, rest=True, interceptors=[watching]) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec())).read()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert (await stack.rest.post("/v1/chat/completions", json=request())).status_code == 401
    assert watching.begun == []


class _NotAllowed(Error):
    """What an interceptor's author may add to the errors."""

    code = Code.PERMISSION_DENIED
    reason = "NOT_ALLOWED"


async def test_a_refusal_may_be_an_error_of_the_authors_own() -> None:
    async with running_stack(rest=True, interceptors=[Watching(lambda: _NotAllowed("guests do not draw"))]) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream(stack)
        answer = await stack.rest.post("/v1/chat/completions", json=request())
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.PERMISSION_DENIED, "guests do not draw")
    assert told(caught.value).info.reason == "NOT_ALLOWED"
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert answer.json()["error"]["message"] == "guests do not draw"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/v1/chat/completions", CHAT),
        ("/v1/models/a/b", "POST /v1/models/{model:path}"),
        ("/secret", "POST (unknown path)"),
    ],
)
async def test_a_refused_rest_call_is_known_by_its_route(path: str, known: str) -> None:
    outer, refusing = Watching(), Watching(lambda: Overloaded("come back tomorrow"))
    async with running_stack(rest=True, interceptors=[outer, refusing]) as stack:
        await stack.rest.post(path, json=request())
    assert [call.method for call in outer.ended] == [known]


async def test_a_caller_that_an_interceptor_knows_passes_for_one_with_a_key() -> None:
    alice = Caller("alice")
    first, second = Watching(alias=alice), Watching()
    page = {"origin": "https://elsewhere.example"}
    async with running_stack(rest=True, interceptors=[second]) as stack:
        refused = await stack.rest.post("/v1/chat/completions", json=request(), headers=page)
        assert refused.json()["error"]["code"] == "origin_not_allowed"
    async with running_stack(rest=True, interceptors=[first, second]) as stack:
        assert (await stack.rest.post("/v1/chat/completions", json=request(), headers=page)).status_code == 200
    assert [caller for _, caller in second.begun] == [ANONYMOUS, alice]


@pytest.mark.parametrize(
    "fault",
    [
        lambda: ValueError("a secret"),
        lambda: HTTPException(418, "a secret"),
        lambda: asyncio.CancelledError("a secret"),
    ],
)
async def test_a_fault_of_an_interceptors_is_the_same_fault_over_both_apis(fault: Callable[[], BaseException]) -> None:
    async with running_stack(rest=True, interceptors=[Watching(fault)]) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream(stack)
        answer = await stack.rest.post("/v1/chat/completions", json=request())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "a secret" not in f"{caught.value.details()}{answer.text}"


async def test_housekeeping_is_marked_as_such() -> None:
    seen: list[Call] = []

    class All:
        async def intercept(self, call: Call) -> None:
            seen.append(call)

    async with running_stack(master_key=KEY, rest=True, interceptors=[All()]) as stack:
        await health_pb2_grpc.HealthStub(stack.channel).Check(health_pb2.HealthCheckRequest())
        assert (await stack.rest.get("/health/readiness")).status_code == 200
        assert (await stack.rest.get("/v1/models", headers=HEADERS)).status_code == 200
    assert [(call.method, call.quiet, call.permission, call.caller) for call in seen] == [
        ("/grpc.health.v1.Health/Check", True, Permission.NONE, ANONYMOUS),
        ("GET /health/readiness", True, Permission.NONE, ANONYMOUS),
        ("GET /v1/models", False, Permission.MODELS, MASTER_KEY),
    ]


def test_an_embedded_server_has_them_too() -> None:
    seen: list[str] = []

    class Noting:
        async def intercept(self, call: Call) -> None:
            seen.append(call.method)

    target = embedded.start({"GEMINI_API_KEY": "k"}, [Noting()])
    with grpc.insecure_channel(target) as channel:
        model_service_pb2_grpc.ModelServiceStub(channel).ListModels(pb.ListModelsRequest())
    assert seen == ["/imagewire.v1.ModelService/ListModels"]


async def test_a_reload_changes_the_keys_of_both_apis() -> None:
    async with running_stack(master_key=KEY, rest=True) as stack:

        async def codes(key: str) -> tuple[str, int]:
            shown = {"authorization": f"Bearer {key}"}
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stack.models.GetModel(pb.GetModelRequest(name=""), metadata=tuple(shown.items()))
            return caught.value.code().name, (await stack.rest.get("/v1/models", headers=shown)).status_code

        assert await codes("sk-new") == ("UNAUTHENTICATED", 401)
        await stack.server.reload(dataclasses.replace(stack.server._config, master_key="sk-new"))
        assert await codes("sk-new") == ("INVALID_ARGUMENT", 200)
        assert await codes(KEY) == ("UNAUTHENTICATED", 401)


async def test_a_cancelled_call_ends_with_what_was_tried(watched: tuple[Stack, Watching]) -> None:
    stack, watching = watched
    call = stack.chat.StreamCompletion(
        pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck")), metadata=METADATA
    )
    await call.read()
    call.cancel()
    await asyncio.wait_for(watching.some_ended.wait(), 60)
    (ended,) = watching.ended
    assert (ended.code, ended.tried) == ("CANCELLED", [("gemini", "OK")])
