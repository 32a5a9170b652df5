"""Wishes of OpenAI's and LiteLLM's callers: all wrong ones are named at once, dropped on request, or change nothing."""

from typing import Any

import pytest

from imagewire_server.config.routing import Routing
from tests.conftest import Stack, running_stack
from tests.integration.rest_requests import MODEL, THREE, ask, body


async def test_one_answer_names_every_wrong_field(rest: Stack) -> None:
    answer = await ask(rest, body(temperatur=1, temperature=9, image_config={"image_size": "4K"}, n=2))
    error = answer.json()["error"]
    assert answer.status_code == 400
    named = ["temperatur", "n", "temperature", "image_config.image_size"]
    assert sorted(one["field"] for one in error["violations"]) == sorted(named)
    assert all(f"{name}: " in error["message"] for name in named)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"output_format": "png", "output_compression": 50}, ["output_compression"]),
        ({"output_format": "jpeg", "output_compression": 100}, ["output_format"]),
        ({"output_format": "jpeg", "output_compression": 50}, ["output_format", "output_compression"]),
        ({"output_format": "png", "output_compression": 100}, []),
    ],
)
@pytest.mark.parametrize("prefix", ["", "tools[0]."])
async def test_of_a_file_format_only_what_is_wrong_is_named(
    rest: Stack, given: dict[str, Any], wrong: list[str], prefix: str
) -> None:
    path = "/v1/responses" if prefix else "/v1/images/generations"
    fields = {"input": "A", "tools": [{"type": "image_generation", **given}]} if prefix else {"prompt": "A", **given}
    answer = await ask(rest, {"model": MODEL, **fields}, path)
    error = answer.json().get("error") or {"param": None}
    found = [one["field"] for one in error.get("violations", [])] or [error["param"]]
    assert found == ([prefix + name for name in wrong] or [None])
    assert answer.status_code == (400 if wrong else 200)
    again = await ask(rest, {"model": MODEL, **fields, "drop_params": True}, path)
    assert again.status_code == 200, again.text
    assert again.headers.get("x-imagewire-dropped", "") == ",".join(prefix + name for name in wrong)


@pytest.mark.parametrize(
    ("path", "base", "known"),
    [
        ("/v1/chat/completions", body(), {"prediction": {}, "audio": {}, "response_format.json_schema": {}}),
        ("/v1/images/generations", {"model": MODEL, "prompt": "A"}, {"style": "natural", "svg": {}}),
        ("/v1/responses", {"model": MODEL, "input": "A"}, {"max_tool_calls": 1, "conversation": "c", "prompt": {}}),
    ],
)
@pytest.mark.parametrize("drops", [False, True])
async def test_no_field_of_openais_is_an_unknown_one(
    rest: Stack, path: str, base: dict[str, Any], known: dict[str, Any], drops: bool
) -> None:
    given = {name: value for name, value in known.items() if "." not in name}
    if len(given) < len(known):
        given["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}
    answer = await ask(rest, {**base, **given, "drop_params": drops, "timeout": "x", "cache": {"ttl": "y"}}, path)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert "unknown" not in error["message"]
    assert "did you mean" not in error["message"]
    refused = {"max_tool_calls"} if drops else set(known)
    assert refused & set(known) == {one["field"] for one in error["violations"]} & set(known)


@pytest.mark.parametrize("effort", ["huge", "max"])
async def test_an_effort_that_no_model_has_is_named_with_the_others(rest: Stack, effort: str) -> None:
    answer = await ask(rest, body(THREE, reasoning_effort=effort, foo=1))
    error = answer.json()["error"]
    assert [one["field"] for one in error["violations"]] == ["foo", "reasoning_effort"]
    assert "use MINIMAL, LOW, MEDIUM, HIGH, XHIGH" in error["message"]
    answer = await ask(rest, body(THREE, reasoning_effort=effort, foo=1, drop_params=True))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-imagewire-dropped"] == "foo,reasoning_effort"
    level = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HUGE"}}}
    answer = await ask(rest, body(THREE, extra_body=level))
    assert (answer.status_code, answer.json()["error"]["param"]) == (
        400,
        "extra_body.generationConfig.thinkingConfig.thinkingLevel",
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/v1/chat/completions", body()),
        ("/v1/images/generations", {"model": MODEL, "prompt": "A banana"}),
        ("/v1/responses", {"model": MODEL, "input": "A banana"}),
    ],
)
async def test_what_was_dropped_is_in_a_header(rest: Stack, path: str, base: dict[str, Any], stream: bool) -> None:
    fields = {"logit_bias": {"1": 2}, "image_config": {"image_size": "4K"}, "size": "1792x1024", "stream": stream}
    if path.endswith("completions"):
        fields["image_config"] = {}
        fields["reasoning_effort"] = "high"
    refused = await ask(rest, {**base, **fields}, path)
    assert refused.status_code == 400
    assert rest.emulator.ledger.entries == []
    answer = await ask(rest, {**base, **fields, "drop_params": True}, path)
    assert answer.status_code == 200, answer.text
    expected = "logit_bias,reasoning_effort" if path.endswith("completions") else "logit_bias,image_config.image_size"
    assert answer.headers["x-imagewire-dropped"] == expected
    assert answer.headers["x-imagewire-image"] == "1K 16:9"


async def test_drop_params_of_the_file_is_the_default() -> None:
    async with running_stack(rest=True, routing=Routing(drop_params=True)) as stack:
        answer = await ask(stack, body(logit_bias={"1": 2}))
        assert (answer.status_code, answer.headers["x-imagewire-dropped"]) == (200, "logit_bias")
        assert (await ask(stack, body(logit_bias={"1": 2}, drop_params=False))).status_code == 400


async def test_an_answer_as_asked_has_no_such_header(rest: Stack) -> None:
    answer = await ask(rest, body(size="1024x1024", drop_params=True, user="Me@example.com", metadata={"a": [1]}))
    assert answer.status_code == 200
    assert not {"x-imagewire-dropped", "x-imagewire-image"} & set(answer.headers)


# OpenAI's fields with the values that are so anyway.
USUAL: dict[str, Any] = {
    "n": 1,
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
    "tools": [],
    "tool_choice": "auto",
    "functions": [],
    "function_call": "auto",
    "parallel_tool_calls": False,
    "stop": [],
    "stream": False,
    "stream_options": None,
    "store": False,
    "user": "Me@example.com",
    "safety_identifier": "hash",
    "metadata": {"nested": {"a": 1}},
    "service_tier": "auto",
    "prompt_cache_key": "key",
    "prompt_cache_retention": "in_memory",
    "response_format": {"type": "text"},
    "modalities": [],
    "reasoning_effort": "medium",
    "verbosity": "medium",
    "audio": None,
    "prediction": None,
    "size": "auto",
    "quality": "auto",
    "background": "auto",
    "image_config": {"image_size": "1K", "aspect_ratio": "auto"},
    "thinking": {"type": "disabled"},
    "include_reasoning": False,
}


@pytest.mark.parametrize("field", USUAL)
async def test_a_wish_that_changes_nothing_is_taken(rest: Stack, field: str) -> None:
    assert (await ask(rest, body())).status_code == 200
    plain = rest.emulator.ledger.entries[-1].body
    answer = await ask(rest, body(**{field: USUAL[field]}))
    assert answer.status_code == 200, answer.text
    sent = rest.emulator.ledger.entries[-1].body
    for name, value in (("candidateCount", 1), ("temperature", 1), ("topP", 1)):
        if sent["generationConfig"].get(name) == value:
            del sent["generationConfig"][name]
    assert sent == plain


async def test_messages_of_other_clients_are_taken(rest: Stack) -> None:
    messages = [
        {"role": "system", "content": "Be brief", "name": "setup"},
        {"role": "user", "content": "A banana", "name": "ann"},
        {"role": "assistant", "content": "Here", "refusal": None, "annotations": [], "reasoning_details": []},
        {"role": "user", "content": "Another", "cache_control": {"type": "ephemeral"}},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Now", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        },
    ]
    assert (await ask(rest, body(messages=messages))).status_code == 200


@pytest.mark.parametrize(
    "guard",
    [
        {"google": {"safety_settings": [{"category": "X"}]}},
        {"provider": {"a": [{"data_collection": "deny"}]}},
        {"metadata": {"guardrails": ["pii"]}},
    ],
    ids=lambda guard: next(iter(guard)),
)
async def test_drop_params_drops_no_guard_that_stands_inside_another_field(rest: Stack, guard: dict[str, Any]) -> None:
    answer = await ask(rest, body(drop_params=True, **guard))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith(next(iter(guard)))


@pytest.mark.parametrize(
    ("path", "fields"), [("/v1/chat/completions", body()), ("/v1/responses", {"input": "A banana"})]
)
@pytest.mark.parametrize("model", ["gemini/gemini-2.5-flash", "vertex_ai/gemini-flash-latest", "gemini-2.5-pro"])
async def test_a_text_model_behind_a_wildcard_is_not_asked_for_pictures(
    rest: Stack, model: str, path: str, fields: dict[str, Any]
) -> None:
    await ask(rest, {**fields, "model": model}, path)  # the emulator has none, but it sees what is asked
    assert rest.emulator.ledger.entries[-1].body["generationConfig"]["responseModalities"] == ["TEXT"]
