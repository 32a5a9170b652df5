"""The REST API on loopback: paths, headers, keys, other origins, models, pages and the log."""

import json
import re

import pytest
import structlog

from imagewire_server.core import settle
from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, ask, body, form


async def test_calls_and_their_results_go_around(rest: Stack) -> None:
    call = {"id": "call_imagewire_x_0", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    history = [
        {"role": "user", "content": "A banana"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "yellow"},
    ]
    assert (await ask(rest, body(messages=history))).status_code == 200
    sent = rest.emulator.ledger.entries[-1].body["contents"]
    assert sent[1]["parts"] == [{"functionCall": {"name": "look", "args": {"a": 1}}}]
    assert sent[2]["parts"] == [{"functionResponse": {"name": "look", "response": {"result": "yellow"}}}]


async def test_headers_tell_of_the_call(rest: Stack) -> None:
    answer = await ask(rest, body(), headers={"x-request-id": "mine-1"})
    headers = answer.headers
    assert headers["x-request-id"] == headers["x-imagewire-request-id"] == headers["x-litellm-call-id"] == "mine-1"
    assert headers["x-imagewire-model"] == MODEL
    assert headers["x-litellm-model-id"] == headers["x-imagewire-deployment"] == "gemini"
    assert float(headers["x-litellm-response-cost"]) == pytest.approx(answer.json()["usage"]["cost"])
    other = await ask(rest, body(), headers={"x-request-id": "no good\tid"})
    assert other.headers["x-request-id"] != "no good\tid"


async def test_the_master_key() -> None:
    async with running_stack(rest=True, master_key="sk-right") as stack:
        for headers in ({}, {"authorization": "Bearer sk-wrong"}, {"authorization": "Basic sk-right"}):
            answer = await stack.rest.post("/v1/chat/completions", content=b"{", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["error"]["type"] == "authentication_error"
        assert (await stack.rest.get("/v1/models")).status_code == 401
        assert (await stack.rest.get("/health")).status_code == 401
        for path in ("/", "/docs", "/openapi.json", "/health/liveliness", "/health/readiness"):
            assert (await stack.rest.get(path)).status_code == 200
        assert stack.emulator.ledger.entries == []
        answer = await ask(stack, body(), headers={"authorization": "bearer sk-right"})
        assert answer.status_code == 200


async def test_other_origins_are_answered_only_where_configured() -> None:
    preflight = {"origin": "https://a.example", "access-control-request-method": "POST"}
    async with running_stack(rest=True) as stack:
        assert "access-control-allow-origin" not in (await ask(stack, body(), headers=preflight)).headers
    async with running_stack(rest=True, master_key="sk", rest_cors_origins="https://a.example") as stack:
        answer = await stack.rest.options("/v1/chat/completions", headers=preflight)
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        other = await stack.rest.options("/v1/chat/completions", headers={**preflight, "origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_pages_of_other_origins_may_read_what_is_told() -> None:
    origin = {"origin": "https://a.example"}
    async with running_stack(rest=True, rest_cors_origins="https://a.example") as stack:
        good = await ask(stack, body(), headers=origin)
        told = {name for name in good.headers if name.startswith(("x-imagewire-", "x-litellm-", "x-request"))}
        assert len(told) >= 8
        for model, more in (("gemini/emulator-429", {"retry-after", "retry-after-ms"}), ("gemini/emulator-reset", {})):
            failed = await ask(stack, body(model), headers=origin)
            told |= {"x-should-retry", *more} & set(failed.headers)
            assert told <= set(failed.headers["access-control-expose-headers"].split(", "))
    assert {"x-should-retry", "retry-after", "retry-after-ms"} <= told


async def test_paths_and_methods_that_are_not_there(rest: Stack) -> None:
    assert (await rest.rest.get("/nothing")).status_code == 404
    answer = await rest.rest.get("/v1/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_models_and_health(rest: Stack) -> None:
    models = (await rest.rest.get("/v1/models")).json()
    assert MODEL in [model["id"] for model in models["data"]]
    flash, lite = [
        (await rest.rest.get(f"/v1/models/gemini/gemini-{name}-image")).json()
        for name in ("2.5-flash", "3.1-flash-lite")
    ]
    assert flash["object"] == "model"
    assert (flash["image_sizes"], flash["thinking_levels"], flash["system_instruction"]) == ([], [], False)  # none
    assert "max_input_images" not in flash  # unknown
    assert "aspect_ratios" not in lite  # unknown
    assert (lite["max_input_images"], lite["image_sizes"]) == (14, ["1K"])
    assert (await rest.rest.get("/health")).json()["unhealthy_count"] == 0
    await ask(rest, body("gemini/emulator-429"))
    assert (await rest.rest.get("/health")).json()["unhealthy_count"] == 1
    assert rest.emulator.ledger.entries[-1].scenario == "429"  # health asked nobody


async def test_the_log_names_routes_and_nothing_that_a_caller_wrote(
    rest: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = structlog.testing.CapturingLogger()
    monkeypatch.setattr(settle, "_log", log)
    for path in ("/v1/models/AIzaSecret", "/models/AIza/Secret", "/AIzaSecret", f"/v1/models/{MODEL}?key=AIza"):
        await rest.rest.get(path)
    await rest.rest.put("/v1/models/AIzaSecret")
    await ask(rest, body(), "/chat/completions")
    await rest.server.rest.drain()  # a call's line is written when its answer is already out
    assert [call.kwargs["method"] for call in log.calls] == [
        "GET /v1/models/{model:path}",
        "GET /models/{model:path}",
        "GET (unknown path)",
        "GET /v1/models/{model:path}",
        "PUT /v1/models/{model:path}",
        "POST /chat/completions",
    ]
    assert "AIza" not in str(log.calls)


async def test_every_path_is_there_without_v1_too(rest: Stack) -> None:
    prompt = {"model": MODEL, "prompt": "A"}
    for path, given in (
        ("/chat/completions", body()),
        ("/responses", {"model": MODEL, "input": "A"}),
        ("/images/generations", prompt),
    ):
        assert (await ask(rest, given, path)).status_code == 200, path
    headers = {"content-type": "multipart/form-data; boundary=BB"}
    assert (await rest.rest.post("/images/edits", content=form(b"Blue"), headers=headers)).status_code == 200
    assert (await rest.rest.get("/models")).json() == (await rest.rest.get("/v1/models")).json()
    assert (await rest.rest.get(f"/models/{MODEL}")).json()["id"] == MODEL


@pytest.mark.parametrize("setting", ["both", "image", "images"])
async def test_the_setting_says_where_pictures_go_and_the_header_says_otherwise(setting: str) -> None:
    places = {"both": {"image", "images"}, "image": {"image"}, "images": {"images"}}
    async with running_stack(rest=True, rest_image_fields=setting) as stack:
        for header, expected in (({}, setting), *(({"x-image-fields": name}, name) for name in places)):
            unary = (await ask(stack, body(), headers=header)).json()["choices"][0]["message"]
            assert places[expected] == {"image", "images"} & set(unary)
            stream = (await ask(stack, body(stream=True), headers=header)).text
            deltas = [
                json.loads(line[6:])["choices"][0]["delta"] for line in stream.split("\n") if line[:7] == "data: {"
            ]
            assert places[expected] == {"image", "images"} & {name for delta in deltas for name in delta}


async def test_the_pages_need_nothing_from_elsewhere() -> None:
    async with running_stack(rest=True, ui=False) as stack:
        for path in ("/", "/docs"):
            page = (await stack.rest.get(path)).text
            assert not re.search(r"<script|<img|<link|@import|url\(", page, re.IGNORECASE)
            links = re.findall(r'href="([^"]*)"', page)
            assert len(links) == len(re.findall(r"(?:src|href|action)\s*=", page, re.IGNORECASE)) > 0
            for link in links:
                assert re.match(r"/(?!/)|#", link), link
                assert (await stack.rest.get(link)).status_code == 200, link
