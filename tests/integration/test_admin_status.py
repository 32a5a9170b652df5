"""/status of the operator's port, while the emulator fails, a budget is spent and a stream runs."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire_server.config.routing import Routing
from imagewire_server.contract import pb
from imagewire_server.core.overview.last_calls import MOST
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration import processes
from tests.integration.caller_keys import FLASH, create, policy, shown
from tests.integration.shared_store import running_redis

ONCE = Routing(allowed_fails=0, cooldown_time=3600, num_retries=0)


@asynccontextmanager
async def watched(*args: Any, **options: Any) -> AsyncIterator[tuple[Stack, httpx.AsyncClient]]:
    """A server, and a client of its operator's port."""
    async with running_stack(*args, admin="127.0.0.1:0", **options) as stack:
        url = f"http://127.0.0.1:{await stack.server.admin.start()}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            yield stack, client


async def status(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/status")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of(told: dict[str, Any], name: str) -> dict[str, Any]:
    """A caller's row. There may be those of earlier tests: the counts are the process's."""
    (found,) = (one for one in told["callers"] if one["name"] == name)
    return found


async def until(client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first status of which something holds."""
    async with asyncio.timeout(60):
        while not holds(told := await status(client)):  # noqa: ASYNC110  # it asks a server, which tells nobody
            await asyncio.sleep(0.05)
    return told


async def failing(stack: Stack, name: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError):
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(name)))


async def test_it_is_json_that_is_not_kept() -> None:
    async with watched(drain_delay=0.0) as (stack, client):
        answer = await client.get("/status")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        server = answer.json()["server"]
        assert (server["state"], server["workers"], server["drawing"]) == ("ready", 1, 0)
        assert server["open_calls"] == {"grpc": 0, "rest": 0}
        assert server["started"] <= server["now"]
        stack.server.admin.announce_stop()
        assert (await status(client))["server"]["state"] == "stopping"
        assert ((await client.head("/status")).content, (await client.post("/status")).status_code) == (b"", 405)


async def test_a_cooldown_is_seen_with_its_reason_and_ends() -> None:
    one = google("sick", "draw", "gemini", "emulator-503-burst-1", api_key="emulator-key")
    async with watched((one,), ONCE) as (stack, client):
        (row,) = (await status(client))["deployments"]
        assert (row["state"], row["cooldown_seconds"], row["recent_failures"]) == ("available", None, [])
        assert row["address"] == f"{stack.emulator.base_url}/v1beta/models/emulator-503-burst-1:generateContent"
        await failing(stack, "draw")
        told = await until(client, lambda told: bool(told["calls"]))
        (row,) = told["deployments"]
        assert (row["id"], row["name"], row["provider"]) == ("sick", "draw", "gemini")
        assert (row["state"], row["failures_in_a_row"], row["asked_by_provider"]) == ("cooling_down", 1, False)
        assert 3000 < row["cooldown_seconds"] <= 3600
        (failure,) = row["recent_failures"]
        assert (failure["reason"], failure["time"]) == ("UPSTREAM_UNAVAILABLE", told["calls"][0]["time"])
        assert failure["request_id"] == told["calls"][0]["request_id"]
        # Nothing stands in for it, so our own cooldown refuses nobody; and now it answers.
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("draw")))
        (row,) = (await status(client))["deployments"]
        assert (row["state"], row["cooldown_seconds"], row["failures_in_a_row"]) == ("available", None, 0)
        assert row["attempts"]["UPSTREAM_UNAVAILABLE"] >= 1
        assert row["attempts"]["OK"] >= 1


async def test_a_cooldown_that_the_provider_asked_for_ends_by_time() -> None:
    one = google("limited", "draw", "gemini", "emulator-429-1", api_key="emulator-key")
    async with watched((one,), ONCE) as (stack, client):
        await failing(stack, "draw")
        (row,) = (await status(client))["deployments"]
        if row["state"] == "cooling_down":  # a busy machine may have slept through it
            assert row["asked_by_provider"]
            assert row["cooldown_seconds"] <= 1.0
        told = await until(client, lambda told: told["deployments"][0]["state"] != "cooling_down")
        (row,) = told["deployments"]
        assert (row["state"], row["cooldown_seconds"], row["asked_by_provider"]) == ("half_open", None, False)


async def test_of_a_wildcard_it_names_the_models_that_do_not_answer() -> None:
    async with watched(routing=ONCE) as (stack, client):
        await failing(stack, "gemini/emulator-429-3600")
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
        row = next(one for one in (await status(client))["deployments"] if one["id"] == "gemini")
        assert (row["model"], row["state"], row["asked_by_provider"]) == ("*", "cooling_down", True)
        assert [(one["model"], one["state"]) for one in row["models"]] == [("emulator-429-3600", "cooling_down")]


async def test_a_budget_that_is_spent() -> None:
    callers = (
        policy("status-rich", usd_per_day=0.06, usd_per_call=0.05, calls_at_once=7),
        policy("status-idle"),
    )
    async with watched(callers=callers, rest=True, master_key="status-master") as (stack, client):
        reason, usd = await create(stack, "status-rich")
        assert reason == "OK"
        assert (await create(stack, "status-rich"))[0] == "BUDGET_EXHAUSTED"
        told = await until(client, lambda told: len(told["calls"]) == 2)
        rich, idle = of(told, "status-rich"), of(told, "status-idle")
        assert (rich["calls"], rich["failed"], rich["pictures"], rich["revoked"]) == (2, 1, 1, False)
        assert rich["usd"] == pytest.approx(usd)
        assert rich["limits"] == {"calls_at_once": 7, "requests_per_minute": None, "pictures_per_minute": None}
        budget = rich["budget"]
        assert (budget["usd_per_day"], budget["usd_here"], budget["reserved_usd"]) == (0.06, 0.06, 0.0)
        assert budget["spent_usd"] == pytest.approx(usd)
        assert budget["left_usd"] == pytest.approx(0.06 - usd)
        assert 0 < budget["resets_in_seconds"] <= 86400
        assert (idle["calls"], idle["budget"]) == (0, None)
        assert (await stack.rest.get("/v1/models", headers={"x-api-key": "status-master"})).status_code == 200
        assert (await stack.rest.get("/v1/models", headers={"x-api-key": "status-wrong"})).status_code == 401
        again = await until(client, lambda told: len(told["calls"]) == 4)
        assert again["other_callers"]["calls"] == told["other_callers"]["calls"] + 2
        models = [(one["model"], one["pictures"]) for one in again["spend"]["days"]]
        assert models == [(FLASH, 1)]
        called = [(one["caller"], one["status"], one["reason"]) for one in again["calls"]]
        assert called == [
            ("anonymous", "401", "KEY_INVALID"),
            ("master key", "200", "OK"),
            ("status-rich", "RESOURCE_EXHAUSTED", "BUDGET_EXHAUSTED"),
            ("status-rich", "OK", "OK"),
        ]


async def test_a_caller_that_is_gone_from_the_file_is_revoked() -> None:
    async with watched(callers=(policy("status-gone"), policy("status-stays"))) as (stack, client):
        assert (await create(stack, "status-gone"))[0] == "OK"
        await until(client, lambda told: bool(told["calls"]))
        config = stack.server._config
        await stack.server.reload(type(config)(config.settings, config.deployments, callers=(config.callers[1],)))
        told = {one["name"]: one["revoked"] for one in (await status(client))["callers"]}
        assert (told["status-gone"], told["status-stays"]) == (True, False)


async def test_a_stream_that_runs_is_open_and_holds_its_reservation() -> None:
    callers = (policy("status-streams", usd_per_day=10.0, usd_per_call=1.0),)
    async with watched(callers=callers) as (stack, client):
        request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-60000"))
        stream = stack.chat.StreamCompletion(request, metadata=shown("status-streams"))
        await stream.read()
        told = await status(client)
        assert told["server"]["open_calls"] == {"grpc": 1, "rest": 0}
        assert told["server"]["drawing"] == 1
        row = next(one for one in told["deployments"] if one["id"] == "gemini")
        assert row["running"] == 1
        caller = of(told, "status-streams")
        assert (caller["budget"]["reserved_usd"], caller["budget"]["left_usd"]) == (1.0, 9.0)
        assert told["calls"] == []
        stream.cancel()
        calls = (await until(client, lambda told: bool(told["calls"])))["calls"]
        assert (calls[0]["reason"], calls[0]["attempts"][0]["deployment"]) == ("CANCELLED", "gemini")


async def test_no_prompt_no_answer_and_no_key_is_in_it() -> None:
    caller = policy("status-secret", usd_per_day=5.0)
    one = google("leaks", "draw", "gemini", "emulator-leak", api_key="emulator-key")
    two = google("talks", "talk", "gemini", "gemini-2.5-flash-image", api_key="emulator-key")
    options = {"callers": (caller,), "master_key": "planted-master", "metrics_key": "planted-metrics", "rest": True}
    async with watched((one, two), ONCE, **options) as (stack, client):
        prompt = "planted prompt of a secret lighthouse"
        texts = []
        for name in ("draw", "talk"):
            await create(stack, "status-secret", name, prompt)
        headers = {"x-goog-api-key": "planted-master"}
        asked = {"model": "talk", "messages": [{"role": "user", "content": prompt}]}
        answer = await stack.rest.post("/v1/chat/completions", json=asked, headers=headers)
        texts.append(answer.json()["choices"][0]["message"]["content"] or "no text")
        await stack.rest.get(f"/v1beta/models?key=planted-url-{prompt.replace(' ', '-')}")
        await until(client, lambda told: len(told["calls"]) == 4)
        body = (await client.get("/status")).text
        assert body.count("status-secret") >= 3
        digests = [digest.hex() for digest in (*caller.key_sha256, hashlib.sha256(b"planted-master").digest())]
        planted = [prompt, "lighthouse", "planted", "emulator-key", "key-status-secret", *digests, *texts]
        assert [one for one in planted if one in body] == []
        assert "127.0.0.1:" not in body.replace(stack.emulator.base_url, "")  # no client's address


async def test_only_the_last_calls_are_remembered() -> None:
    async with watched(rest=True) as (stack, client):
        for number in range(MOST + 5):
            await stack.rest.get("/v1/models", headers={"x-request-id": f"call-{number}"})
            await stack.rest.get("/health/liveliness")  # housekeeping
        newest = f"call-{MOST + 4}"
        calls = (await until(client, lambda told: told["calls"][0]["request_id"] == newest))["calls"]
        assert [one["request_id"] for one in calls] == [f"call-{number}" for number in range(MOST + 4, 4, -1)]


async def test_without_the_port_nothing_is_remembered() -> None:
    async with running_stack(rest=True) as stack:
        await stack.rest.get("/v1/models")
        assert stack.server.admin._overview._last_calls.read() == []


async def test_another_site_does_not_read_it() -> None:
    async with watched() as (_, client):
        for path in ("/status", "/", "/page/main.js"):
            for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}):
                refused = await client.get(path, headers=headers)
                assert (refused.status_code, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")
                assert "version" not in refused.text
        own = await client.get("/status", headers={"origin": str(client.base_url).rstrip("/")})
        assert (own.status_code, own.headers.get("access-control-allow-origin")) == (200, None)


async def test_budgets_that_redis_counts_are_of_all_servers(tmp_path: Path) -> None:
    caller = policy("status-shared", usd_per_day=5.0)
    with running_redis(tmp_path) as redis:
        given: dict[str, Any] = {"limits_redis": redis.url, "replicas": 2, "callers": (caller,)}
        async with running_stack(**given) as first, watched(beside=first, **given) as (_, client):
            reason, usd = await create(first, "status-shared")
            assert reason == "OK"
            # What a drawing cost is told without waiting for it.
            told = await until(client, lambda told: not of(told, "status-shared")["budget"]["reserved_usd"])
            caller_row = of(told, "status-shared")
            assert caller_row["budget"]["spent_usd"] == pytest.approx(usd)
            assert told["counted_by"]["budgets"] == "all servers"
            redis.kill()
            caller_row = of(await status(client), "status-shared")
            assert (caller_row["budget"]["usd_per_day"], caller_row["budget"]["left_usd"]) == (5.0, None)


@pytest.mark.system
def test_a_worker_says_what_is_its_own() -> None:
    arguments = ("--workers", "2", "--admin", "127.0.0.1:0")
    with processes.emulator() as emulator, processes.server(emulator.address, *arguments) as served:
        told = httpx.get(f"{served.admin}/status", timeout=60, trust_env=False).json()
        assert told["server"]["workers"] == 2
        assert told["counted_by"]["calls"] == "this process"
        assert told["counted_by"]["callers"] == "all workers"
