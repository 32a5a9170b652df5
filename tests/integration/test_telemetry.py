"""Spans over OTLP: one trace from the caller over this server to the provider."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from tests.conftest import running_stack
from tests.integration.connect_calls import CONNECT, WEB, enveloped, messages, spec
from tests.integration.otlp_receiver import Receiver, attributes, receiving
from tests.integration.rest_requests import MODEL, ask, body
from tests.integration.test_routing import GOOD, deployments
from tests.integration.watching import CHAT, STREAM, request, stream
from tests.unit.core.test_trace_context import PARENT, SPAN, TRACE


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with receiving() as receiver:
        yield receiver


async def taken(collector: Receiver, count: int) -> list[Span]:
    return await asyncio.to_thread(collector.spans, count)


async def test_one_trace_goes_from_the_caller_over_this_server_to_the_provider(collector: Receiver) -> None:
    headers = {"traceparent": PARENT, "tracestate": "vendor=1"}
    async with running_stack(rest=True, otlp=collector.url, trace_upstream=True) as stack:
        await stream(stack, headers=headers)
        over_grpc = await taken(collector, 2)
        answer = await stack.rest.post("/v1/chat/completions", json=request(), headers=headers)
        assert answer.status_code == 200
        over_rest = (await taken(collector, 4))[2:]
        asked = [entry.headers for entry in stack.emulator.ledger.entries]
    for (server, attempt), seen in zip((over_grpc, over_rest), asked, strict=True):
        assert {span.trace_id.hex() for span in (server, attempt)} == {TRACE}
        assert (server.parent_span_id.hex(), server.kind) == (SPAN, Span.SPAN_KIND_SERVER)
        assert (attempt.parent_span_id, attempt.kind) == (server.span_id, Span.SPAN_KIND_CLIENT)
        assert (seen["traceparent"], seen["tracestate"]) == (f"00-{TRACE}-{attempt.span_id.hex()}-01", "vendor=1")
        assert server.start_time_unix_nano <= attempt.start_time_unix_nano
        assert attempt.end_time_unix_nano <= server.end_time_unix_nano
    assert [over_grpc[0].name, over_rest[0].name] == [STREAM[1:], CHAT]
    (resource, *_) = collector.resources
    assert (resource["service.name"], set(resource) >= {"service.version", "service.instance.id"}) == (
        "imagewire",
        True,
    )


async def test_what_the_spans_of_a_call_say(collector: Receiver) -> None:
    async with running_stack(otlp=collector.url, baggage="team") as stack:
        events = await stream(stack, headers={"baggage": "team=art,secret=no", "x-request-id": "mine"})
        server, attempt = await taken(collector, 2)
        port = int(stack.emulator.base_url.rpartition(":")[2])
    used = events[-1].finished.usage
    said, asked = attributes(server.attributes), attributes(attempt.attributes)
    assert said.pop("imagewire.first_image_byte") > 0
    cost = {"imagewire.cost_usd": used.cost_usd}
    assert said == cost | {
        "rpc.system.name": "grpc",
        "rpc.method": STREAM[1:],
        "rpc.response.status_code": "OK",
        "gen_ai.request.model": "gemini/gemini-2.5-flash-image",
        "gen_ai.response.model": "gemini/gemini-2.5-flash-image",
        "imagewire.request_id": "mine",
        "imagewire.attempts": 1,
        "imagewire.charged": "yes",
        "imagewire.image_bytes": said["imagewire.image_bytes"],
        "baggage.team": "art",
    }
    details = {f"imagewire.usage.input_tokens.{one.modality.lower()}": one.tokens for one in used.prompt_tokens_details}
    details |= {
        f"imagewire.usage.output_tokens.{one.modality.lower()}": one.tokens for one in used.candidates_tokens_details
    }
    assert "imagewire.usage.output_tokens.image" in details
    assert asked == details | {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": port,
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-2.5-flash-image",
        "gen_ai.response.finish_reasons": ["STOP"],
        "gen_ai.usage.input_tokens": used.prompt_tokens,
        "gen_ai.usage.output_tokens": used.candidates_tokens,
        "imagewire.deployment": "gemini",
    }


@pytest.mark.parametrize(("headers", "system"), [(CONNECT, "connect_rpc"), (WEB, "grpc")])
async def test_a_span_says_how_the_call_came(collector: Receiver, headers: dict[str, str], system: str) -> None:
    async with running_stack(rest=True, otlp=collector.url) as stack:
        asked = enveloped(pb.StreamCompletionRequest(spec=spec()))
        messages(await stack.rest.post(STREAM, content=asked, headers=headers))
        server, _ = await taken(collector, 2)
    said = attributes(server.attributes)
    assert (said["rpc.system.name"], said["rpc.method"], said["rpc.response.status_code"]) == (system, STREAM[1:], "OK")


async def test_each_attempt_is_a_span_with_its_own_error(collector: Receiver) -> None:
    models = deployments(draw__a="emulator-503", other__b=GOOD)
    routing = Routing(fallbacks=(("draw", ("other",)),), num_retries=0)
    async with running_stack(models, routing, otlp=collector.url) as stack:
        await stream(stack, "draw")
        server, failed, answered = await taken(collector, 3)
    assert [span.parent_span_id for span in (failed, answered)] == [server.span_id] * 2
    said = [attributes(span.attributes) for span in (failed, answered)]
    assert [one.get("error.type") for one in said] == ["UPSTREAM_UNAVAILABLE", None]
    assert [one["http.response.status_code"] for one in said] == [503, 200]
    assert [one["gen_ai.request.model"] for one in said] == ["emulator-503", GOOD]
    asked, drew = (attributes(server.attributes)[f"gen_ai.{kind}.model"] for kind in ("request", "response"))
    assert (asked, drew) == ("draw", f"gemini/{GOOD}")
    assert [span.status.code for span in (server, failed, answered)] == [0, 2, 0]


async def test_the_span_of_a_call_for_several_pictures_has_one_below_it_for_each(collector: Receiver) -> None:
    async with running_stack(rest=True, otlp=collector.url) as stack:
        sent = {"model": MODEL, "prompt": "A banana", "n": 2}
        assert (await stack.rest.post("/v1/images/generations", json=sent)).status_code == 200
        server, *attempts = await taken(collector, 3)
    assert [span.parent_span_id for span in attempts] == [server.span_id] * 2
    assert [attributes(span.attributes)["gen_ai.response.finish_reasons"] for span in attempts] == [["STOP"]] * 2
    said = attributes(server.attributes)
    assert (said["gen_ai.request.model"], said["imagewire.attempts"]) == (MODEL, 2)


@pytest.mark.parametrize(
    ("model", "code", "is_error"),
    [("gemini/emulator-reset", "UPSTREAM_CUT", True), ("nothing/here", "MODEL_NOT_FOUND", False)],
)
async def test_a_failed_call_says_why_over_both_apis(
    collector: Receiver, model: str, code: str, is_error: bool
) -> None:
    async with running_stack(deployments(a__a=GOOD) if not is_error else None, rest=True, otlp=collector.url) as stack:
        with pytest.raises(grpc.aio.AioRpcError):
            await stream(stack, model)
        await stack.rest.post("/v1/chat/completions", json=request(model))
        spans = await taken(collector, 4 if is_error else 2)
    servers = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert [attributes(span.attributes)["error.type"] for span in servers] == [code] * 2
    assert [span.status.code == 2 for span in servers] == [is_error] * 2


async def test_a_call_that_is_refused_has_a_span_and_housekeeping_has_none(collector: Receiver) -> None:
    async with running_stack(rest=True, master_key="sk-right", otlp=collector.url) as stack:
        assert (await stack.rest.get("/health/readiness")).status_code == 200
        answer = await ask(stack, body(MODEL, prompt="a-prompt"), headers={"authorization": "Bearer sk-wrong"})
        assert answer.status_code == 401
        (span,) = await taken(collector, 1)
    said = attributes(span.attributes)
    assert (said["http.route"], said["http.response.status_code"]) == ("/v1/chat/completions", 401)


async def test_an_unsampled_trace_is_not_sent_but_passed_on(collector: Receiver) -> None:
    async with running_stack(otlp=collector.url, trace_upstream=True) as stack:
        await stream(stack, headers={"traceparent": f"{PARENT[:-1]}0"})
        await stream(stack, headers={"traceparent": PARENT})
        spans = await taken(collector, 2)
        seen = [entry.headers["traceparent"] for entry in stack.emulator.ledger.entries]
    assert len(spans) == 2
    assert [one[:35] + one[-3:] for one in seen] == [f"00-{TRACE}-00", f"00-{TRACE}-01"]
    assert SPAN not in seen[0]


async def test_no_span_holds_a_prompt_a_key_or_a_path_of_the_callers(collector: Receiver) -> None:
    secrets = ["a-secret-prompt", "sk-secret", "a-secret-path", "a-secret-model"]
    async with running_stack(rest=True, master_key="sk-secret", otlp=collector.url) as stack:
        headers = {"authorization": "Bearer sk-secret"}
        sent: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "a-secret-prompt"}]}
        assert (await stack.rest.post("/v1/chat/completions", json=sent, headers=headers)).status_code == 200
        for path in ("/a-secret-path", "/v1/images/files/a-secret-path", "/v1/models/a-secret-model"):
            await stack.rest.get(path, headers=headers)
        spans = await taken(collector, 5)
    assert len(spans) == 5
    assert not any(secret.encode() in body for secret in secrets for body in collector.bodies)
    assert stack.emulator.api_key.encode() not in b"".join(collector.bodies)
