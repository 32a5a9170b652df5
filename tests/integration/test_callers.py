"""Callers with keys of their own: what each may use, how much, and what it is told otherwise."""

import asyncio
import re
import time
from typing import Any

import grpc
import pytest

from imagewire_server.config.caller_policies import METHODS
from imagewire_server.contract import pb
from tests.conftest import running_stack, spec
from tests.integration.caller_keys import FLASH, create, policy, race, shown
from tests.integration.http2 import Call
from tests.integration.keeping import draws
from tests.integration.status import told

SERVICES = {
    "/imagewire.v1.ChatService/CreateCompletion": "draw",
    "/imagewire.v1.ChatService/StreamCompletion": "draw",
    "/imagewire.v1.ChatService/ResumeCompletion": "draw",
    "/imagewire.v1.ImageService/UploadImage": "images",
    "/imagewire.v1.ImageService/DownloadImage": "images",
    "/imagewire.v1.ImageService/DeleteImage": "images",
    "/imagewire.v1.ModelService/ListModels": "models",
    "/imagewire.v1.ModelService/GetModel": "models",
    "/grpc.channelz.v1.Channelz/GetServers": "inspect",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "inspect",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": "inspect",
    "/grpc.health.v1.Health/Check": "none",
}
PATHS = {
    ("POST", "/v1/chat/completions"): "draw",
    ("POST", "/openai/deployments/x/chat/completions"): "draw",
    ("POST", "/v1/images/generations"): "draw",
    ("POST", "/images/edits"): "draw",
    ("POST", "/v1/responses"): "draw",
    ("GET", "/v1/responses/x"): "draw",
    ("GET", "/no/such/path"): "draw",
    ("POST", "/v1/files"): "images",
    ("GET", "/files/x/content"): "images",
    ("DELETE", "/v1/files/x"): "images",
    ("GET", "/v1/models"): "models",
    ("GET", "/litellm/models/x"): "models",
    ("GET", "/metrics"): "metrics",
    ("GET", "/health"): "inspect",
    ("GET", "/health/liveliness"): "none",
    ("GET", "/docs"): "none",
}


async def test_f24_the_matrix_of_methods_and_callers() -> None:
    callers = tuple(policy(method, methods=frozenset({method})) for method in METHODS)
    async with running_stack(callers=callers, rest=True) as stack:
        for method, needed in SERVICES.items():
            for name in (*METHODS, "stranger"):
                async with Call(stack.target, method, *shown(name)) as call:
                    await call.send(b"", end=True)
                    code = await call.ended()
                refused = "16" if name == "stranger" else "7"
                assert (code == refused) == (needed not in {name, "none"}), (method, name, code)
        for (verb, path), needed in PATHS.items():
            for name in (*METHODS, "stranger"):
                answer = await stack.rest.request(verb, path, headers=dict(shown(name)), json={})
                refused_with = 401 if name == "stranger" else 403
                assert (answer.status_code == refused_with) == (needed not in {name, "none"}), (path, name, answer)
        assert not stack.emulator.ledger.entries


@pytest.fixture
def web() -> Any:
    return policy("web", models=(FLASH, "vertex_ai/*"))


async def test_f24_models_are_named_by_the_request_and_its_fallbacks(web: Any) -> None:
    async with running_stack(callers=(web, policy("all")), rest=True) as stack:
        assert (await create(stack, "web"))[0] == "OK"
        for model in ("gemini/gemini-3-pro-image", "gemini-2.5-flash-image", "no/such"):
            assert (await create(stack, "web", model))[0] == "CALLER_NOT_ALLOWED"
        assert (await create(stack, "all", "gemini/gemini-3-pro-image"))[0] == "OK"
        asked = {"model": FLASH, "messages": [{"role": "user", "content": "A banana"}]}
        headers = dict(shown("web"))
        with_fallback = {**asked, "fallbacks": ["gemini/gemini-3-pro-image"]}
        for path, body, status in (
            ("/v1/chat/completions", asked, 200),
            ("/v1/chat/completions", with_fallback, 403),
            ("/v1/images/generations", {"model": "gemini/gemini-3-pro-image", "prompt": "A banana"}, 403),
            ("/v1/responses", {"model": "gemini/gemini-3-pro-image", "input": "A banana"}, 403),
        ):
            answer = await stack.rest.post(path, json=body, headers=headers)
            assert answer.status_code == status, answer.text
            assert status == 200 or answer.json()["error"]["code"] == "caller_not_allowed"
        assert len(stack.emulator.ledger.entries) == 3


async def test_lists_have_only_the_models_that_the_caller_may_use(web: Any) -> None:
    async with running_stack(callers=(web,), rest=True) as stack:
        listed = await stack.models.ListModels(pb.ListModelsRequest(), metadata=shown("web"))
        names = {model.name for model in listed.models}
        assert FLASH in names
        assert all(name == FLASH or name.startswith("vertex_ai/") for name in names)
        rest = await stack.rest.get("/v1/models", headers=dict(shown("web")))
        assert {model["id"] for model in rest.json()["data"]} == names
        other = "gemini/gemini-3-pro-image"
        assert (await stack.rest.get(f"/v1/models/{other}", headers=dict(shown("web")))).status_code == 403
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.models.GetModel(pb.GetModelRequest(name=other), metadata=shown("web"))
        assert told(failed.value).info.reason == "CALLER_NOT_ALLOWED"


async def test_each_caller_has_its_own_answers(tmp_path: Any) -> None:
    callers = (policy("a"), policy("b"))
    async with running_stack(callers=callers, keep="local", keep_dir=str(tmp_path)) as stack:
        request = pb.StreamCompletionRequest(spec=spec(FLASH))
        events = [event async for event in stack.chat.StreamCompletion(request, metadata=shown("a"))]
        asked = pb.ResumeCompletionRequest(completion_id=events[0].started.completion_id)
        assert [event async for event in stack.chat.ResumeCompletion(asked, metadata=shown("a"))]
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            [event async for event in stack.chat.ResumeCompletion(asked, metadata=shown("b"))]
        assert told(failed.value).info.reason == "COMPLETION_NOT_FOUND"


async def test_a_refusal_says_when_to_come_back_before_the_body_is_read() -> None:
    async with running_stack(callers=(policy("a", requests_per_minute=2),), rest=True) as stack:
        for _ in range(2):
            assert (await stack.rest.get("/v1/models", headers=dict(shown("a")))).status_code == 200
        async with Call(stack.target, "/imagewire.v1.ChatService/CreateCompletion", *shown("a")) as call:
            assert await call.ended() == "8"  # nothing of the body was sent
            assert 0 < int(call.trailers["grpc-retry-pushback-ms"]) <= 60_000
        answer = await stack.rest.post("/v1/chat/completions", headers=dict(shown("a")), json={})
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "caller_limited"
        assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_calls_at_once_end_however_a_call_ends() -> None:
    async with running_stack(callers=(policy("a", calls_at_once=1), policy("b"))) as stack:
        request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck"))
        for _ in range(2):
            call = stack.chat.StreamCompletion(request, metadata=shown("a"))
            await call.read()
            assert (await create(stack, "a"))[0] == "CALLER_LIMITED"
            assert (await create(stack, "b"))[0] == "OK"
            call.cancel()
            async with asyncio.timeout(30):
                while (await create(stack, "a"))[0] != "OK":
                    pass


async def test_f26_a_budget_raced_by_200_calls_is_never_overspent() -> None:
    async with running_stack(callers=(policy("a", usd_per_day=1.0),), rest=True) as stack:
        ended, spent = await race([stack], "a", 200)
        more, rest = await race([stack], "a", 60)
        assert set(ended) | set(more) == {"OK", "BUDGET_EXHAUSTED"}
        assert 0.9 < spent + rest <= 1.0
        answer = await stack.rest.post(
            "/v1/images/generations", headers=dict(shown("a")), json={"model": FLASH, "prompt": "A banana"}
        )
        assert (answer.status_code, answer.headers["x-should-retry"]) == (429, "false")
        midnight = 86400 - time.time() % 86400
        assert abs(int(answer.headers["retry-after"]) - midnight) < 60
        drawn = len(stack.emulator.ledger.entries)
        assert drawn == ended["OK"] + more.get("OK", 0)


async def test_f26_failed_and_cancelled_drawings_settle() -> None:
    callers = (policy("a", usd_per_day=1.0, usd_per_call=0.4),)
    async with running_stack(callers=callers) as stack:
        for _ in range(4):  # a refusal costs nothing
            assert (await create(stack, "a", "gemini/emulator-503"))[0] == "UPSTREAM_UNAVAILABLE"
        call = stack.chat.StreamCompletion(
            pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck")), metadata=shown("a")
        )
        async for event in call:
            if event.HasField("image_chunk"):
                break
        call.cancel()
        # Nobody knows what the cancelled one cost: all that was reserved stays spent.
        assert [(await create(stack, "a"))[0] for _ in range(7)].count("OK") == 6
        assert (await create(stack, "a"))[0] == "BUDGET_EXHAUSTED"


async def test_f26_what_running_calls_have_reserved_is_soon_free_and_said_so() -> None:
    callers = (policy("a", usd_per_day=0.06, usd_per_call=0.05),)
    asked = {"headers": dict(shown("a")), "json": {"model": FLASH, "prompt": "A banana"}}
    async with running_stack(callers=callers, rest=True) as stack:
        request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-stuck"))
        running = stack.chat.StreamCompletion(request, metadata=shown("a"))
        await running.read()
        answer = await stack.rest.post("/v1/images/generations", **asked)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "budget_exhausted")
        assert "running calls have reserved" in answer.json()["error"]["message"]
        assert (answer.headers["retry-after"], answer.headers.get("x-should-retry")) == ("5", None)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(FLASH)), metadata=shown("a"))
        assert told(failed.value).retry.retry_delay.seconds == 5
        assert told(failed.value).pushback == "5000"
        running.cancel()


async def test_a_call_that_costs_more_than_a_day_s_budget_is_refused_for_good() -> None:
    async with running_stack(callers=(policy("a", usd_per_day=0.25),), rest=True) as stack:
        large = spec("gemini/gemini-3-pro-image")
        large.image_config.image_size = "4K"
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=large), metadata=shown("a")).read()
        said = told(failed.value)
        assert (said.code, said.info.reason) == ("FAILED_PRECONDITION", "BUDGET_TOO_SMALL")
        assert not said.retry.HasField("retry_delay")
        given = {"model": "gemini/gemini-3-pro-image", "prompt": "A banana", "image_size": "4K"}
        answer = await stack.rest.post("/v1/images/generations", json=given, headers=dict(shown("a")))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "budget_too_small")
        assert "retry-after" not in answer.headers
        assert "ask for a smaller picture, or another model" in answer.json()["error"]["message"]
        assert (await create(stack, "a", "gemini/gemini-3-pro-image"))[0] == "OK"
        assert len(stack.emulator.ledger.entries) == 1


async def test_what_is_not_drawn_costs_nothing(tmp_path: Any) -> None:
    callers = (policy("a", usd_per_day=0.06, pictures_per_minute=1),)
    keep = {"keep": "local", "keep_dir": str(tmp_path), "cache_ttl": 60.0}
    async with running_stack(callers=callers, **keep) as stack:
        ident = "5f9cbd3c-7cb0-4c17-9d0c-94b7e64ad3c6"
        first = await create(stack, "a", request_id=ident)
        assert first[0] == "OK"
        assert (await create(stack, "a", request_id=ident))[0] == "OK"
        assert (await create(stack, "a"))[0] == "OK"
        other = pb.CreateCompletionRequest(spec=spec(FLASH, prompt="Another banana"))
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(other, metadata=shown("a"))
        assert told(failed.value).info.reason == "BUDGET_EXHAUSTED"
        assert draws(stack) == 1


async def test_a_price_that_is_unknown_is_refused_with_what_to_do() -> None:
    async with running_stack(callers=(policy("a", usd_per_day=1.0),)) as stack:
        request = pb.CreateCompletionRequest(spec=spec("gemini/gemini-9-unheard-of"))
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(request, metadata=shown("a"))
        said = told(failed.value)
        assert (said.code, said.info.reason) == ("FAILED_PRECONDITION", "PRICE_UNKNOWN")
        assert "usd_per_call" in said.message


async def test_the_metrics_name_the_callers_of_the_file() -> None:
    callers = (policy("metered", methods=frozenset(METHODS)),)
    async with running_stack(callers=callers, rest=True) as stack:
        _, cost = await create(stack, "metered")
        page = (await stack.rest.get("/metrics", headers=dict(shown("metered")))).text
        assert 'imagewire_caller_calls_total{caller="metered",code="OK"} 1.0' in page
        assert 'imagewire_caller_pictures_total{caller="metered"} 1.0' in page
        (spent,) = re.findall(r'^imagewire_caller_cost_usd_total{caller="metered"} (.+)$', page, re.MULTILINE)
        assert float(spent) == pytest.approx(cost)
