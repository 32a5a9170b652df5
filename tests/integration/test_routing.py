"""Several deployments of one name, fallbacks, cooldowns and recovery, as callers and the emulator's ledger see them."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.providers.registry import load
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration import processes
from tests.integration.status import told

GOOD = "gemini-2.5-flash-image"


def deployments(**models: str) -> tuple[Deployment, ...]:
    """name__id=model: a deployment of a name."""
    return tuple(
        google(key, key.partition("__")[0], "gemini", model, api_key="emulator-key") for key, model in models.items()
    )


def text(name: str) -> pb.CreateCompletionRequest:
    """A call that draws nothing, so that a thousand are soon done."""
    return pb.CreateCompletionRequest(spec=spec(name, response_modalities=[pb.Modality.MODALITY_TEXT]))


async def called(stack: Stack, name: str) -> tuple[str, dict[str, str]]:
    """The code (OK or an error's) and the x-imagewire trailers."""
    call = stack.chat.CreateCompletion(text(name))
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code().name, dict(error.trailing_metadata() or ())
    return "OK", dict(await call.trailing_metadata())


def asked(stack: Stack) -> Counter[str]:
    return Counter(entry.path.partition("models/")[2].partition(":")[0] for entry in stack.emulator.ledger.entries)


async def many(stack: Stack, name: str, count: int) -> Counter[str]:
    places = asyncio.Semaphore(16)

    async def one() -> str:
        async with places:
            return (await called(stack, name))[0]

    return Counter(await asyncio.gather(*(one() for _ in range(count))))


async def test_a_broken_deployment_costs_nobody_a_call() -> None:
    both = deployments(draw__broken="emulator-503", draw__good=GOOD)
    async with running_stack(both, Routing(allowed_fails=3, cooldown_time=5.0)) as stack:
        assert await many(stack, "draw", 1000) == {"OK": 1000}
        # Those that were under way together when it failed first, and after that a probe at the most each 5 s.
        assert asked(stack)["emulator-503"] < 20 + 16


async def test_it_comes_back_when_it_heals() -> None:
    both = deployments(draw__healing="emulator-503-burst-6", draw__good=GOOD)
    async with running_stack(both, Routing(allowed_fails=1, cooldown_time=0.05)) as stack:
        ended: Counter[str] = Counter()
        async with asyncio.timeout(30):
            while asked(stack)["emulator-503-burst-6"] < 60:
                ended += await many(stack, "draw", 50)
        assert set(ended) == {"OK"}
        failed = [e for e in stack.emulator.ledger.entries if e.status == 503]
        assert len(failed) == 6


async def test_a_rate_limit_with_a_hint_is_left_alone_until_the_hint() -> None:
    both = deployments(draw__limited="emulator-429-1", draw__good=GOOD)
    async with running_stack(both) as stack:
        rests: list[float] = []
        async with asyncio.timeout(30):
            while len(rests) < 2:
                assert await many(stack, "draw", 20) == {"OK": 20}
                starts = [e.started for e in stack.emulator.ledger.entries if e.scenario == "429"]
                # Calls that were under way together when a hint came belong to one moment.
                rests = [later - earlier for earlier, later in pairwise(starts) if later - earlier > 0.2]
        assert min(rests) >= 1.0


async def test_a_fallback_stands_in_and_says_so() -> None:
    routing = Routing(fallbacks=(("draw", ("worse", "backup")),))
    models = deployments(draw__a="emulator-503", worse__b="emulator-429", backup__c=GOOD)
    async with running_stack(models, routing) as stack:
        code, trailers = await called(stack, "draw")
    assert code == "OK"
    assert trailers["x-imagewire-model"] == f"gemini/{GOOD}"
    assert trailers["x-imagewire-deployment"] == "backup__c"
    assert trailers["x-imagewire-fallbacks"] == "worse,backup"
    tried = trailers["x-imagewire-tried"].split(",")
    assert tried[-2:] == ["worse__b=UPSTREAM_RATE_LIMITED", "backup__c=OK"]
    assert set(tried[:-2]) == {"draw__a=UPSTREAM_UNAVAILABLE"}
    assert trailers["x-imagewire-attempts"] == str(len(tried))


async def test_a_blocked_prompt_has_fallbacks_of_its_own() -> None:
    routing = Routing(content_policy_fallbacks=(("*", ("backup",)),), fallbacks=(("draw", ("other",)),))
    models = deployments(draw__a="emulator-safety", backup__c=GOOD, other__d="emulator-500")
    async with running_stack(models, routing) as stack:
        assert (await called(stack, "draw"))[1]["x-imagewire-fallbacks"] == "backup"
    routing = Routing(content_policy_fallbacks=(("*", ("backup",)),))
    models = deployments(draw__a="emulator-safety", backup__c="emulator-503")
    async with running_stack(models, routing) as stack:
        answer = await stack.chat.CreateCompletion(text("draw"))
        assert answer.prompt_feedback.block_reason == "SAFETY", "what stands in failed: the first answer counts"


@pytest.mark.parametrize("scenario", ["cut", "reset", "silent", "bad-base64", "array-error"])
async def test_nothing_stands_in_where_money_may_have_been_spent_or_the_caller_is_at_fault(scenario: str) -> None:
    routing = Routing(fallbacks=(("draw", ("backup",)),))
    models = deployments(draw__a=f"emulator-{scenario}", backup__c=GOOD)
    async with running_stack(models, routing, first_byte_timeout=1.5) as stack:
        with pytest.raises(grpc.aio.AioRpcError):
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("draw"), max_inline_bytes=10**8))
        assert asked(stack) == {f"emulator-{scenario}": 1}


async def test_a_fallback_that_may_have_cost_something_is_the_last() -> None:
    routing = Routing(fallbacks=(("draw", ("second", "third")),))
    models = deployments(draw__a="emulator-503", second__b="emulator-cut", third__c=GOOD)
    async with running_stack(models, routing) as stack:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("draw"), max_inline_bytes=10**8))
        assert told(failed.value).info.reason == "UPSTREAM_CUT"
        assert GOOD not in asked(stack)


async def test_a_request_that_is_refused_here_takes_no_place_and_no_probe() -> None:
    both = deployments(draw__healing="emulator-503-burst-1")
    async with running_stack(both, Routing(allowed_fails=0, num_retries=0, cooldown_time=0.0)) as stack:
        assert (await called(stack, "draw"))[0] == "UNAVAILABLE"
        wrong = pb.CreateCompletionRequest(spec=spec("draw", labels={"team": "a"}))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stack.chat.CreateCompletion(wrong)
        assert told(refused.value).code == "INVALID_ARGUMENT"
        assert (await called(stack, "draw"))[0] == "OK", "the probe was not used up"


async def test_m_a_cooldown_of_our_own_refuses_nobody_who_has_no_other() -> None:
    async with running_stack(deployments(draw__a="emulator-503"), Routing(allowed_fails=0, cooldown_time=30)) as stack:
        for _ in range(3):
            call = stack.chat.CreateCompletion(text("draw"))
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await call
            assert told(failed.value).info.reason == "UPSTREAM_UNAVAILABLE"
        assert asked(stack) == {"emulator-503": 3}


@pytest.mark.parametrize("wait", ["30", "999999999"])
async def test_m_a_providers_hint_does_and_the_caller_learns_until_when(wait: str) -> None:
    limited = deployments(draw__a=f"emulator-429-{wait}")
    async with running_stack(limited, Routing(allowed_fails=0), max_retry_after=30.0) as stack:
        for reason in ("UPSTREAM_RATE_LIMITED", "UPSTREAM_COOLING", "UPSTREAM_COOLING"):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await stack.chat.CreateCompletion(text("draw"))
            said = told(failed.value)
            assert (said.code, said.info.reason) == ("RESOURCE_EXHAUSTED", reason)
            assert 25 < said.retry.retry_delay.ToTimedelta().total_seconds() <= 30
        assert "temporarily disabled as the provider asked" in said.message
        assert asked(stack) == {f"emulator-429-{wait}": 1}


async def test_while_a_group_cools_down_its_fallback_is_asked_at_once() -> None:
    routing = Routing(fallbacks=(("draw", ("backup",)),), allowed_fails=0, cooldown_time=30)
    async with running_stack(deployments(draw__a="emulator-503", backup__b=GOOD), routing) as stack:
        for _ in range(3):
            assert (await called(stack, "draw"))[0] == "OK"
        assert asked(stack) == {"emulator-503": 1, GOOD: 3}


@pytest.mark.parametrize("scenario", ["cut-clean", "bad-base64", "bad-type", "no-candidates", "bomb"])
async def test_d10_what_the_content_decides_cools_nothing(scenario: str) -> None:
    both = deployments(draw__a=f"emulator-{scenario}", backup__b=GOOD)
    routing = Routing(allowed_fails=0, fallbacks=(("draw", ("backup",)),))
    async with running_stack(both, routing, max_answer_bytes=3_000_000) as stack:
        for _ in range(3):
            with pytest.raises(grpc.aio.AioRpcError):
                await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("draw"), max_inline_bytes=10**8))
        assert asked(stack) == {f"emulator-{scenario}": 3}


async def test_a_deployment_whose_key_is_refused_costs_nobody_a_call() -> None:
    both = (
        google("a", "draw", "gemini", GOOD, api_key="revoked"),
        google("b", "draw", "gemini", GOOD, api_key="emulator-key"),
    )
    async with running_stack(both) as stack:
        assert await many(stack, "draw", 20) == {"OK": 20}


async def test_a_storm_is_bounded() -> None:
    async with running_stack(deployments(draw__a="emulator-503"), Routing(allowed_fails=10**9)) as stack:
        await many(stack, "draw", 300)
        assert asked(stack)["emulator-503"] <= 1.1 * 300 + 10


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),), (("authorization", "master"),)])
async def test_the_master_key_is_asked_for_before_anything_else(metadata: Any) -> None:
    async with running_stack(master_key="master") as stack:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await stack.chat.CreateCompletion(pb.CreateCompletionRequest(), metadata=metadata)
        assert (told(failed.value).code, told(failed.value).info.reason) == ("UNAUTHENTICATED", "KEY_INVALID")
        assert stack.emulator.ledger.entries == []
        health = await health_pb2_grpc.HealthStub(stack.channel).Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        await stack.models.ListModels(pb.ListModelsRequest(), metadata=(("authorization", "Bearer master"),))


CONFIG = """\
model_list:
  - model_name: gemini-image-gen
    litellm_params:
      model: gemini/gemini-2.5-flash-image-preview
      api_key: os.environ/GEMINI_API_KEY
"""
BOTH = (
    CONFIG
    + """\
  - model_name: gemini-image-gen
    litellm_params:
      model: vertex_ai/gemini-2.5-flash-image
      api_key: os.environ/GEMINI_API_KEY
"""
)


@pytest.mark.parametrize(("text", "apis"), [(CONFIG, {"gemini"}), (BOTH, {"gemini", "express"})])
async def test_the_seeds_file_and_one_with_both_providers_serve(tmp_path: Path, text: str, apis: set[str]) -> None:
    (tmp_path / "config.yaml").write_text(text)
    made = await asyncio.to_thread(load, tmp_path / "config.yaml", {"GEMINI_API_KEY": "emulator-key"})
    async with running_stack(made.deployments, made.routing) as stack:
        for _ in range(40):
            request = pb.StreamCompletionRequest(spec=spec("gemini-image-gen"))
            events = [event async for event in stack.chat.StreamCompletion(request)]
            assert events[-1].HasField("finished")
            answer = await stack.chat.CreateCompletion(
                pb.CreateCompletionRequest(spec=spec("gemini-image-gen"), max_inline_bytes=10**8)
            )
            assert answer.candidates[0].message.image.data
        assert {entry.api for entry in stack.emulator.ledger.entries} == apis


async def test_a_hangup_reloads_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    with processes.emulator() as emulator, processes.server(emulator.address, "--config", str(file)) as server:
        async with grpc.aio.insecure_channel(server.address) as channel:
            models = model_service_pb2_grpc.ModelServiceStub(channel)

            async def names() -> list[str]:
                return [model.name for model in (await models.ListModels(pb.ListModelsRequest())).models]

            assert await names() == ["gemini-image-gen"]
            file.write_text(CONFIG.replace("gemini-image-gen", "renamed"))
            server.hang_up()
            await asyncio.to_thread(server.log_line, "reloaded")
            assert await names() == ["renamed"]
            file.write_text(CONFIG.replace("model_name", "model_nme"))
            server.hang_up()
            told_why = await asyncio.to_thread(server.log_line, "the configuration was not reloaded")
            assert f"{file}:2: unknown key 'model_nme'" in told_why["why"]
            assert await names() == ["renamed"]
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            await stub.CreateCompletion(text("renamed"))
