"""Callers that are known by their client certificates: by real handshakes, each has what its entry allows."""

from pathlib import Path

import grpc
import httpx
import pytest

from imagewire.v1 import model_service_pb2_grpc
from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract import pb
from tests.authority import Authority
from tests.integration.caller_keys import FLASH, policy, shown
from tests.integration.status import told
from tests.integration.tls_stack import ID, tls_stack

SERVERS, CLIENTS = Authority("servers"), Authority("clients")
WEB, ANOTHER = CLIENTS.issue(uris=(ID,)), CLIENTS.issue("another.internal")


async def _draw(client: httpx.AsyncClient, model: str = FLASH, **headers: str) -> tuple[int, str]:
    answer = await client.post("/v1/images/generations", headers=headers, json={"model": model, "prompt": "A banana"})
    return answer.status_code, answer.json().get("error", {}).get("code", "")


async def test_each_certificate_has_the_models_and_limits_of_its_entry(tmp_path: Path) -> None:
    callers = (Policy(ID, models=(FLASH,), requests_per_minute=4),)
    async with tls_stack(tmp_path, SERVERS, CLIENTS, callers=callers) as server:
        async with server.channel(WEB) as channel:
            models = model_service_pb2_grpc.ModelServiceStub(channel)
            listed = await models.ListModels(pb.ListModelsRequest())
            assert {model.name for model in listed.models} == {FLASH}
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await models.GetModel(pb.GetModelRequest(name="gemini/gemini-3-pro-image"))
            assert told(failed.value).info.reason == "CALLER_NOT_ALLOWED"
        async with server.http(WEB) as web, server.http(ANOTHER) as another:
            assert await _draw(web) == (200, "")
            assert await _draw(web, "gemini/gemini-3-pro-image") == (403, "caller_not_allowed")
            assert await _draw(web) == (429, "caller_limited")
            for _ in range(5):
                assert await _draw(another, "gemini/gemini-3-pro-image") == (200, "")
            counted = (await another.get("/metrics")).text
        assert f'imagewire_caller_calls_total{{caller="{ID}",code="CALLER_LIMITED"}} 1.0' in counted


async def test_a_key_behind_the_certificate_of_a_proxy_has_its_own_limits(tmp_path: Path) -> None:
    callers = (policy("a", usd_per_day=0.05, usd_per_call=0.04), policy("b"))
    async with tls_stack(tmp_path, SERVERS, CLIENTS, callers=callers) as server, server.http(WEB) as proxy:
        assert await _draw(proxy) == (401, "key_invalid")
        assert await _draw(proxy, **dict(shown("a"))) == (200, "")
        assert await _draw(proxy, **dict(shown("a"))) == (429, "budget_exhausted")
        assert await _draw(proxy, **dict(shown("b"))) == (200, "")
