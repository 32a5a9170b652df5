"""Who may call Google's own API, how much, and what of a call is counted and logged: as of every other API."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from imagewire_emulator.credentials import API_KEY
from imagewire_server.config.caller_policies import METHODS
from tests.conftest import Stack, running_stack
from tests.deployments import google
from tests.integration import processes
from tests.integration.caller_keys import policy
from tests.integration.native import FLASH, VERTEX, body, post, reason
from tests.integration.otlp_receiver import attributes, receiving
from tests.integration.raw_client import Client
from tests.integration.rest_requests import body as chat

GENERATE = f"/v1beta/models/{FLASH}:generateContent"
LISTS = {
    "/v1beta/models": "models/",
    f"/v1beta/models/gemini/{FLASH}": "models/",
    f"/v1alpha/models/{FLASH}": "models/",
    "/v1/models?key=key-all": "models/",
    f"/v1/models/gemini/{FLASH}?key=key-all": "models/",
    f"{VERTEX}/models": "publishers/google/models/",
    "/v1beta1/publishers/google/models": "publishers/google/models/",
    f"/v1beta1/publishers/google/models/gemini/{FLASH}": "publishers/google/models/",
}


def key(name: str) -> dict[str, str]:
    return {"x-goog-api-key": f"key-{name}"}


async def test_f24_the_matrix_of_paths_and_callers() -> None:
    callers = tuple(policy(method, methods=frozenset({method})) for method in METHODS)
    rows = {("POST", place + f"/models/x:{method}"): "draw" for place in ("/v1beta", "/v1", VERTEX) for method in "ab"}
    rows |= {("POST", path): "draw" for path in (GENERATE, "/v1/models/x:generateContent", "/v1beta/files")}
    rows |= {("GET", path.partition("?")[0]): "models" for path in LISTS}
    rows |= {("GET", "/v1beta/files"): "draw", ("HEAD", "/v1beta/models"): "models"}
    async with running_stack(callers=callers, rest=True) as stack:
        for (verb, path), needed in rows.items():
            for name in METHODS:
                answer = await stack.rest.request(verb, path, headers=key(name), json={})
                assert (answer.status_code == 403) == (needed != name), (verb, path, name, answer.text)
            assert (await stack.rest.request(verb, path, headers=key("stranger"))).status_code in {400, 401}
        assert all(entry.status >= 400 for entry in stack.emulator.ledger.entries)  # of empty requests


async def test_where_a_caller_shows_its_key() -> None:
    async with running_stack(callers=(policy("a"),), rest=True) as stack:
        shown: list[tuple[str, dict[str, str], int]] = [
            ("", key("a"), 200),
            ("?key=key-a", {}, 200),
            ("?key=key%2Da", {}, 200),
            ("?alt=json&key=key-a", {}, 200),
            ("?key=key-a", key("a"), 200),
            ("", {"authorization": "Bearer key-a"}, 200),
            ("?key=key-a", {"authorization": "Bearer other"}, 200),
            ("?key=key-a", key("other"), 400),
            ("?key=key-a&key=key-a", {}, 403),
            ("?key=", {}, 403),
            ("?KEY=key-a", {}, 403),
        ]
        for query, headers, status in shown:
            answer = await stack.rest.post(GENERATE + query, json=body(), headers=headers)
            assert answer.status_code == status, (query, headers, answer.text)
        # The key of a URL is one of Google's API alone.
        assert (await stack.rest.post("/v1/chat/completions?key=key-a", json=chat())).status_code == 401
        assert {entry.path for entry in stack.emulator.ledger.entries} == {GENERATE}


async def test_the_limits_of_a_caller_hold() -> None:
    callers = (
        policy("few", requests_per_minute=1),
        policy("alone", calls_at_once=1),
        policy("poor", usd_per_day=0.07),
        policy("some", models=("gemini/gemini-3-pro-image",)),
        policy("one", pictures_per_minute=1),
    )

    async def told(name: str, **more: Any) -> str:
        answer = await post(stack, headers=key(name), **more)
        return "OK" if answer.status_code == 200 else reason(answer)

    async with running_stack(callers=callers, rest=True) as stack:
        assert [await told("few"), await told("few")] == ["OK", "CALLER_LIMITED"]
        assert [await told("one"), await told("one")] == ["OK", "CALLER_LIMITED"]
        assert await told("some") == "CALLER_NOT_ALLOWED"
        assert [await told("poor"), await told("poor")] == ["OK", "BUDGET_EXHAUSTED"]
        path = "/v1beta/models/emulator-drip-60000-4000000:generateContent"
        async with stack.rest.stream("POST", path, json=body(), headers=key("alone")) as answer:
            await anext(answer.aiter_raw())
            assert await told("alone") == "CALLER_LIMITED"
    callers = (policy("poor", usd_per_day=10.0),)
    several: dict[str, Any] = {"generationConfig": {"candidateCount": 2.0}}
    video = {"contents": [{"parts": [{"fileData": {"fileUri": "https://a.example/b.mp4"}}]}]}
    async with running_stack(callers=callers, rest=True) as stack:
        for unpriced in (several, video, {"cachedContent": "cachedContents/x"}, {"serviceTier": "new"}):
            assert await told("poor", json=body(**unpriced)) == "PRICE_UNKNOWN"
        assert not stack.emulator.ledger.entries
        # To count tokens is no drawing.
        counted = await stack.rest.post(f"/v1beta/models/{FLASH}:countTokens", json=body(), headers=key("poor"))
        assert counted.status_code == 200


@pytest.mark.parametrize(("path", "prefix"), LISTS.items())
async def test_the_models_that_a_caller_may_ask_are_listed(path: str, prefix: str) -> None:
    callers = (policy("all"), policy("one", models=(f"gemini/{FLASH}",)))
    async with running_stack(callers=callers, rest=True) as stack:
        answer = await stack.rest.get(path, headers=key("all"))
        assert answer.status_code == 200
        found = answer.json()
        listed = found.get("models") or found.get("publisherModels") or [found]
        assert all(one["name"].startswith(prefix) for one in listed)
        if "?" in path:
            return
        only = await stack.rest.get(path, headers=key("one"))
        if FLASH not in path:
            assert f"{prefix}{FLASH}" in {one["name"] for one in listed}
            listed = only.json().get("models") or only.json().get("publisherModels")
            # Here "*" serves Google's own id as a model of its own, which this caller may not ask.
            assert [one["name"] for one in listed] == [f"{prefix}gemini/{FLASH}"]
        hidden = await stack.rest.get(f"{path.partition('/gemini')[0]}/gemini-3-pro-image", headers=key("one"))
        assert hidden.status_code in {403, 404}


@pytest.mark.parametrize("wildcards", [("gemini/*", "vertex_ai/*"), ("gemini/*", "vertex_ai/*", "*"), ("vertex_ai/*",)])
async def test_each_name_that_is_listed_is_one_model_and_can_be_asked(wildcards: tuple[str, ...]) -> None:
    made = {
        "gemini/*": google("g", "gemini/*", "gemini", "*", api_key=API_KEY),
        "vertex_ai/*": google("v", "vertex_ai/*", "vertex_ai", "*", api_key=API_KEY),
        "*": google("a", "*", "gemini", "*", api_key=API_KEY),
    }
    callers = (policy("all"), policy("full", models=("gemini/*", "vertex_ai/*")))
    async with running_stack(tuple(made[one] for one in wildcards), callers=callers, rest=True) as stack:
        openais = (await stack.rest.get("/v1/models", headers=key("all"))).json()["data"]
        for caller in ("all", "full"):
            listed = (await stack.rest.get("/v1beta/models?pageSize=1000", headers=key(caller))).json()["models"]
            names = [one["name"] for one in listed]
            assert len(set(names)) == len(names) == len(openais)
            for name in names:
                path = f"/v1beta/{name}:countTokens"
                answer = await stack.rest.post(path, json=body(), headers=key(caller))
                assert answer.status_code == 200, (name, answer.text)


async def test_lists_have_pages_and_openais_list_stays_what_it_was(rest: Stack) -> None:
    first = (await rest.rest.get("/v1beta/models?pageSize=2")).json()
    assert len(first["models"]) == 2
    second = (await rest.rest.get(f"/v1beta/models?pageSize=1000&pageToken={first['nextPageToken']}")).json()
    everything = (await rest.rest.get("/v1beta/models")).json()["models"]
    assert first["models"] + second["models"] == everything
    assert "nextPageToken" not in second
    assert (await rest.rest.get("/v1beta/models?pageSize=x")).status_code == 400
    assert (await rest.rest.get("/v1/models", headers=key("any"))).json()["object"] == "list"
    assert "models" in (await rest.rest.get("/v1/models", headers={"x-goog-api-client": "genai"})).json()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["host: localhost", "content-type: application/json"], 200),
        (["host: evil.example", "content-type: application/json"], 403),
        (["host: localhost", "content-type: application/json", "origin: https://evil.example"], 403),
        (["host: localhost", "content-type: text/plain"], 415),
    ],
)
async def test_d12_pages_of_other_sites_do_not_draw(headers: list[str], status: int) -> None:
    async with running_stack(rest=True) as stack, Client(str(stack.rest.base_url)) as client:
        content = json.dumps({}).encode()
        path = f"/v1beta/models/{FLASH}:countTokens"
        lines = [f"POST {path} HTTP/1.1", f"content-length: {len(content)}", "connection: close", *headers]
        await client.send("\r\n".join([*lines, "", ""]).encode() + content)
        answer = await client.rest()
        assert int(answer.split()[1]) == status


async def test_cors_is_as_elsewhere() -> None:
    async with running_stack(rest=True, rest_cors_origins="https://a.example") as stack:
        asked = {
            "origin": "https://a.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-goog-api-key,x-goog-api-client,content-type",
        }
        answer = await stack.rest.options(GENERATE, headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        drawn = await post(stack, headers={"origin": "https://a.example"})
        assert drawn.headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.system
async def test_a_call_is_counted_logged_and_traced_and_no_key_is() -> None:
    secret = "sk-secret-of-the-url"
    with receiving() as collector, processes.emulator() as emulator:
        environ = {"otlp": collector.url, "log_level": "debug"}
        with processes.server(emulator.address, master_key=secret, **environ) as server:
            async with httpx.AsyncClient(base_url=server.rest, trust_env=False) as client:
                streamed = f"/v1beta/models/{FLASH}:streamGenerateContent?alt=sse&key={secret}"
                assert (await client.post(streamed, json=body())).status_code == 200
                line = await asyncio.to_thread(server.log_line, "call")
                await client.post("/v1/chat/completions", json=chat(), headers={"authorization": f"Bearer {secret}"})
                other = await asyncio.to_thread(server.log_line, "call")
                await client.post(f"/v1beta/models/nope:generateContent?key={secret}", json=body())
                await client.get(f"/v1beta/{secret}?key={secret}")
                page = (await client.get("/metrics", headers={"authorization": f"Bearer {secret}"})).text
            spans = await asyncio.to_thread(collector.spans, 4)
            server.ask_to_stop()
            await asyncio.to_thread(server.process.wait, 20)
            logged = []
            while not server.lines.empty():
                logged.append(server.lines.get())
    assert line["method"] == "POST /v1beta/models/{model:path}:streamGenerateContent"
    for field in ("code", "charged", "finish_reason", "model", "caller", "image_bytes", "cost_usd"):
        assert line[field] == other[field], field
    assert line["cost_usd"] > 0
    assert line["first_image_byte"] > 0
    assert f'method="{line["method"]}"' in page
    said = [str(span) + str(attributes(span.attributes)) for span in spans]
    assert not [text for text in (*logged, json.dumps(line), *said, page) if secret in text]
