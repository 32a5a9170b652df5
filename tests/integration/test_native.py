"""Google's own API over REST: the answer's bytes are Google's, and all that the core does holds for them."""

import json
from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration.keeping import draws, resume
from tests.integration.native import FLASH, PATHS, VERTEX, body, directly, post, read, reason
from tests.integration.test_routing import deployments
from tests.unit.core.test_trace_context import PARENT
from tests.upstream import Noting, answering

# Scenarios of which each answer comes through as it is, whatever stands in it.
SCENARIOS = (
    *(FLASH, "gemini-3-pro-image", "emulator-two-images", "emulator-drafts", "emulator-thought-only"),
    *("emulator-snake-case", "emulator-unicode", "emulator-nulls", "emulator-native-parts", "emulator-invented-kind"),
    *(
        "emulator-data-first",
        "emulator-base64-urlsafe",
        "emulator-audio",
        "emulator-file-data",
        "emulator-model-status",
    ),
    *("emulator-usage-odd", "emulator-usage-split", "emulator-safety", "emulator-image-safety", "emulator-block-other"),
    *("emulator-early-stop", "emulator-finish-twice", "emulator-executable-code", "emulator-tool-call"),
    *("emulator-continuation", "emulator-done", "emulator-bom", "emulator-sse-as-json", "emulator-empty-data"),
)


def _changing(answer: bytes) -> bytes:
    """An answer without what differs each time: its id."""
    found = json.JSONDecoder().raw_decode
    text, at = answer.decode(), 0
    while (at := text.find('"responseId": ', at)) >= 0:
        begin = at + len('"responseId": ')
        end = found(text, begin)[1]
        text, at = text[:begin] + '""' + text[end:], begin
    return text.encode()


@pytest.mark.parametrize("way", PATHS)
async def test_the_bytes_of_an_answer_are_googles(rest: Stack, way: str) -> None:
    for model in SCENARIOS:
        through, straight = await post(rest, model, way), await directly(rest, model, way)
        assert through.status_code == straight.status_code == 200, (model, through.text[:500])
        assert _changing(through.content) == _changing(straight.content), model
        kind, ours = straight.headers["content-type"].lower(), through.headers["content-type"].lower()
        assert ours == kind or model == "emulator-sse-as-json", model


async def test_a_request_goes_on_as_it_came() -> None:
    google = Noting('{"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}')
    sent = (
        '{ "zz_unknown": {"b": 1.50, "a": [null]}, "contents":[{"parts":[{"text":"\\u0041 \\/"}], "new":1}],'
        ' "generationConfig": {"imageConfig": {"imageSize": "1K", "later": true}}, "contents": [] }'
    )
    async with answering(google.take) as url, running_stack(rest=True, gemini_base_url=url) as stack:
        for way in PATHS:
            answer = await post(stack, way=way, json=None, content=sent, headers={"content-type": "application/json"})
            assert answer.status_code == 200, answer.text
    assert google.bodies == [sent] * 3


async def test_what_the_headers_say_and_where_it_goes(rest: Stack) -> None:
    headers = {"traceparent": PARENT, "x-request-id": "mine", "x-goog-api-client": "genai", "x-goog-user-project": "p"}
    answer = await post(rest, headers=headers)
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["x-imagewire-model"] == f"gemini/{FLASH}"
    assert answer.headers["x-imagewire-attempts"] == "1"
    (entry,) = rest.emulator.ledger.entries
    assert (entry.path, entry.auth) == (f"/v1beta/models/{FLASH}:generateContent", "key")
    assert "x-goog-user-project" not in entry.headers
    assert entry.headers["user-agent"].startswith("imagewire/")


@pytest.mark.parametrize(
    ("place", "model", "api"),
    [
        ("/v1", FLASH, "gemini"),
        ("/v1alpha", FLASH, "gemini"),
        ("/litellm/v1beta", FLASH, "gemini"),
        ("/v1beta", f"gemini/{FLASH}", "gemini"),
        ("/v1beta", f"vertex_ai/{FLASH}", "express"),
        (VERTEX, FLASH, "gemini"),
        ("/v1beta1/projects/p/locations/l/publishers/google", f"vertex_ai/{FLASH}", "express"),
        ("/v1beta1/projects/p/locations/l/publishers/vertex_ai", FLASH, "express"),
        ("/v1beta1/publishers/google", FLASH, "gemini"),
    ],
)
async def test_every_path_leads_to_a_deployment(rest: Stack, place: str, model: str, api: str) -> None:
    for way in PATHS:
        assert (await post(rest, model, way, place=place)).status_code == 200
    assert {entry.api for entry in rest.emulator.ledger.entries} == {api}


async def test_a_model_without_its_provider_is_found_by_it() -> None:
    only = (deployments(d="emulator-finish-stop")[0],)
    async with running_stack(only, rest=True) as stack:
        assert (await post(stack, "emulator-finish-stop")).status_code == 200  # as gemini/emulator-finish-stop
        assert (await post(stack, "d")).status_code == 200
        assert (await post(stack, "other")).status_code == 404
    async with running_stack(only, Routing(blocked=frozenset({"emulator-finish-stop"})), rest=True) as stack:
        assert (await post(stack, "emulator-finish-stop")).status_code == 404
        assert draws(stack) == 0


async def test_another_deployment_answers_where_the_first_fails_before_its_first_byte() -> None:
    routing = Routing(fallbacks=(("a", ("b",)),), num_retries=2)
    async with running_stack(deployments(a="emulator-503", b=FLASH), routing, rest=True) as stack:
        answer = await post(stack, "a", "sse")
        assert answer.status_code == 200
        assert answer.headers["x-imagewire-fallbacks"] == "b"
        assert _changing(answer.content) == _changing((await directly(stack, FLASH, "sse")).content)
        assert answer.headers["x-imagewire-tried"].endswith("b=OK")


async def test_a_blocked_prompt_leads_on_or_comes_through_as_it_is() -> None:
    routing = Routing(content_policy_fallbacks=(("a", ("b",)), ("c", ("d",))), num_retries=0)
    given = deployments(a="emulator-block-safety", b=FLASH, c="emulator-block-safety", d="emulator-503")
    async with running_stack(given, routing, rest=True) as stack:
        led = await post(stack, "a", "sse")
        blocked = await post(stack, "c", "sse")
        straight = await directly(stack, "emulator-block-safety", "sse")
    assert any("inlineData" in part for event in read(led) for part in event["candidates"][0]["content"]["parts"])
    assert _changing(blocked.content) == _changing(straight.content)


async def test_a_stream_that_fails_ends_with_an_error_of_googles_form(rest: Stack) -> None:
    events = read(await post(rest, "emulator-error-in-stream", "sse"))
    assert "candidates" in events[0]
    error = events[-1]["error"]
    assert (error["status"], error["details"][0]["reason"]) == ("ABORTED", "UPSTREAM_UNAVAILABLE")
    for model, way in (("emulator-cut", "sse"), ("emulator-reset", "array"), ("emulator-cut", "generateContent")):
        with pytest.raises(Exception, match=r"incomplete|closed|peer|reset"):
            await post(rest, model, way)


async def test_counting_tokens_costs_nothing_and_is_relayed() -> None:
    async with running_stack(rest=True) as stack:
        path = f"/v1beta/models/{FLASH}:countTokens"
        answer = await stack.rest.post(path, json=body())
        assert (answer.status_code, answer.json()["totalTokens"]) == (200, 2)
        assert "x-litellm-response-cost" not in answer.headers
        refused = await stack.rest.post(path, json={"nothing": 1})
        assert (refused.status_code, reason(refused)) == (400, "UPSTREAM_INVALID_ARGUMENT")


async def test_one_who_leaves_ends_the_drawing_where_nothing_is_kept(rest: Stack) -> None:
    async with rest.rest.stream(
        "POST", "/v1beta/models/emulator-drip-60000-4000000:streamGenerateContent?alt=sse", json=body()
    ) as answer:
        await anext(answer.aiter_raw())
    (entry,) = rest.emulator.ledger.entries
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


async def test_what_is_drawn_is_kept_and_goes_on_alone(tmp_path: Any) -> None:
    async with running_stack(rest=True, keep="local", keep_dir=str(tmp_path)) as stack:
        whole = await post(stack, "emulator-size-3MB")
        kept = await resume(stack, completion_id=whole.headers["x-imagewire-completion-id"])
        drawn = stack.emulator.ledger.entries[0].images[0]["sha256"]
        assert [event.part_finished.image.sha256.hex() for event in kept if event.part_finished.HasField("image")] == [
            drawn
        ]
        path = "/v1beta/models/emulator-drip-1000-4000000:generateContent"
        async with stack.rest.stream("POST", path, json=body()) as answer:
            ident = answer.headers["x-imagewire-completion-id"]
            await anext(answer.aiter_raw())
        events = await resume(stack, completion_id=ident)
        assert events[-1].HasField("finished")
        entry = stack.emulator.ledger.entries[1]
        await ended_upstream(entry)
        assert entry.outcome == "ok"
        # The request is not kept: no chat goes on from it.
        spec = pb.Spec(model=f"gemini/{FLASH}", previous_completion_id=ident)
        spec.messages.add(role=pb.Role.ROLE_USER, content="x")
        with pytest.raises(Exception, match="you have no answer"):
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec))
