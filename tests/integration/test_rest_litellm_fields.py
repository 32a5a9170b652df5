"""LiteLLM's fields of a request that are honoured over REST: `timeout` and `fallbacks`; and what is said of a model."""

import json
from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, ask, body
from tests.integration.test_routing import GOOD, asked, deployments
from tests.pictures import PNG

SILENT = "gemini/emulator-silent"
BASES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "A banana"}]},
    "/v1/images/generations": {"prompt": "A banana"},
    "/v1/responses": {"input": "A banana"},
}


def fields(answer: Any) -> list[str]:
    error = answer.json()["error"]
    return [one["field"] for one in error.get("violations", [{"field": error["param"]}])]


@pytest.mark.parametrize("path", BASES)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_timeout_is_the_deadline_of_the_call(rest: Stack, path: str, stream: bool) -> None:
    answer = await ask(rest, {**BASES[path], "model": SILENT, "timeout": 0.2, "stream": stream}, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert (await ask(rest, {**BASES[path], "model": MODEL, "timeout": 600, "stream": stream}, path)).status_code == 200


async def test_a_timeout_of_an_edit(rest: Stack) -> None:
    form = {"model": SILENT, "prompt": "A banana", "timeout": "0.2"}
    answer = await rest.rest.post("/v1/images/edits", data=form, files={"image": ("a.png", PNG)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")


async def test_the_header_comes_before_the_body(rest: Stack) -> None:
    headers = {"x-litellm-timeout": "0.2"}
    answer = await ask(rest, body(SILENT, timeout=600), headers=headers)
    assert answer.json()["error"]["code"] == "deadline_exceeded"


@pytest.mark.parametrize("drops", [False, True])
@pytest.mark.parametrize("value", [0, -1, "soon", "0", True, [5], 1e400], ids=str)
async def test_a_wrong_timeout_is_named(rest: Stack, value: Any, drops: bool) -> None:
    text = json.dumps(body(timeout=value, drop_params=drops)).replace("Infinity", "1e400")
    answer = await rest.rest.post("/v1/chat/completions", content=text, headers={"content-type": "application/json"})
    assert (answer.status_code, fields(answer)) == (400, ["timeout"])


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan"])
async def test_a_wrong_header_is_named(rest: Stack, value: str) -> None:
    answer = await ask(rest, body(), headers={"x-litellm-timeout": value})
    assert (answer.status_code, fields(answer)) == (400, ["x-litellm-timeout"])


@pytest.mark.parametrize("path", BASES)
async def test_a_request_names_its_own_fallbacks(path: str) -> None:
    routing = Routing(fallbacks=(("draw", ("other",)),))
    models = deployments(draw__a="emulator-503", other__b=GOOD, mine__c=GOOD)
    async with running_stack(models, routing, rest=True) as stack:
        base = {**BASES[path], "model": "draw"}
        for given, expected in ((None, "other"), (["mine"], "mine"), ([{"model": "mine"}], "mine")):
            answer = await ask(stack, {**base, "fallbacks": given}, path)
            assert (answer.status_code, answer.headers.get("x-imagewire-fallbacks")) == (200, expected)
        answer = await ask(stack, {**base, "fallbacks": []}, path)
        assert (answer.status_code, answer.headers.get("x-imagewire-fallbacks")) == (503, None)


async def test_a_fallback_that_cannot_be_asked_is_named_or_left_out() -> None:
    models = deployments(draw__a=GOOD, mine__c=GOOD)
    async with running_stack(models, rest=True) as stack:
        given = [{"model": "mine", "temperature": 0.1}, "nosuch", "mine"]
        answer = await ask(stack, body("draw", fallbacks=given))
        assert (answer.status_code, fields(answer)) == (400, ["fallbacks[0]", "fallbacks[1]"])
        assert asked(stack) == {}
        answer = await ask(stack, body("draw", fallbacks=given, drop_params=True))
        assert (answer.status_code, answer.headers["x-imagewire-dropped"]) == (200, "fallbacks[0],fallbacks[1]")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, None),
        ({"odd": 1}, ["odd", "model"]),
        ({"top_p": 7}, ["top_p", "model"]),
        ({"size": "9000x10"}, ["size", "model"]),
        ({"fallbacks": ["nosuch/other"]}, ["fallbacks[0]", "model"]),
        ({"seed": "x", "top_p": 7}, ["seed", "top_p", "model"]),
    ],
    ids=str,
)
async def test_a_model_that_is_not_served_is_named_with_the_other_fields(
    rest: Stack, wrong: dict[str, Any], expected: list[str] | None
) -> None:
    answer = await ask(rest, body("nosuch/model", **wrong))
    assert "no model 'nosuch/model' is served here" in answer.json()["error"]["message"]
    if expected is None:
        assert answer.status_code == 404
    else:
        assert (answer.status_code, fields(answer)) == (400, expected)


async def test_it_is_named_with_a_picture_that_would_have_to_be_fetched(rest: Stack) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    given = body("nosuch/model", messages=[{"role": "user", "content": parts}])
    assert (await ask(rest, given)).status_code == 404
    assert fields(await ask(rest, {**given, "top_p": 7})) == ["top_p", "model"]
