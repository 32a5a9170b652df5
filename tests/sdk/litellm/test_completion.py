"""LiteLLM's arguments: each moves what is sent, or is refused by name."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

import imagewire
from imagewire.litellm import params
from imagewire.litellm.connection import ConnectionKey
from imagewire.litellm.options import CompletionOptions
from imagewire.litellm.params import read, requests
from imagewire.v1.spec_pb2 import Modality, Spec
from tests.sdk.conftest import Script, scripted

MODEL = "gemini/gemini-2.5-flash-image"

SAY = [{"role": "user", "content": "A banana"}]

UUID = "0a4f2b1e-7c3d-4e5f-8a9b-1c2d3e4f5a6b"


def spec(**options: Any) -> Spec:
    return read(MODEL, SAY, options).spec


# Every argument, with a value that must show in what is asked.
SHOWS: dict[str, tuple[Any, Callable[[params.CompletionRequest], bool]]] = {
    "target": ("host:1", lambda asked: asked.connection == ConnectionKey("host:1", None, 2)),
    "api_key": ("k", lambda asked: asked.connection.variables == (("IMAGEWIRE_GEMINI_API_KEY", "k"),)),
    "api_base": ("http://a", lambda asked: asked.connection.variables == (("IMAGEWIRE_GEMINI_API_BASE", "http://a"),)),
    "base_url": ("http://a", lambda asked: asked.connection.variables == (("IMAGEWIRE_GEMINI_API_BASE", "http://a"),)),
    "vertex_project": ("p", lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_PROJECT", "p"),)),
    "vertex_location": ("eu", lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_LOCATION", "eu"),)),
    "vertex_ai_project": ("p", lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_PROJECT", "p"),)),
    "vertex_ai_location": ("eu", lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_LOCATION", "eu"),)),
    "vertex_credentials": (
        {"a": "b"},
        lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_CREDENTIALS", '{"a": "b"}'),),
    ),
    "vertex_ai_credentials": (
        "/f.json",
        lambda asked: asked.connection.variables == (("IMAGEWIRE_VERTEX_CREDENTIALS", "/f.json"),),
    ),
    "custom_llm_provider": ("vertex_ai", lambda asked: asked.spec.model == f"vertex_ai/{MODEL}"),
    "timeout": (3.0, lambda asked: asked.timeout == 3.0),
    "request_timeout": (3.0, lambda asked: asked.timeout == 3.0),
    "stream_timeout": (3.0, lambda asked: read(MODEL, SAY, {"stream_timeout": 3.0}, stream=True).timeout == 3.0),
    "max_retries": (0, lambda asked: asked.connection.retries == 0),
    "request_id": (UUID, lambda asked: asked.request_id == UUID),
    "fallbacks": (
        ["gemini/m"],
        lambda asked: (
            [one.spec.model for one in requests(MODEL, SAY, {"fallbacks": ["gemini/m"]})] == [MODEL, "gemini/m"]
        ),
    ),
    "extra_headers": ({"X-Request-Id": "a"}, lambda asked: asked.metadata == (("x-request-id", "a"),)),
    "headers": ({"traceparent": "a"}, lambda asked: asked.metadata == (("traceparent", "a"),)),
    "drop_params": (True, lambda asked: asked.drops.enabled),
    "additional_drop_params": (
        ["seed"],
        lambda asked: read(MODEL, SAY, {"seed": 1, "additional_drop_params": ["seed"]}).drops.names == ["seed"],
    ),
    "num_retries": (0, lambda asked: asked.connection.retries == 0),
    "stream_options": ({"include_usage": True}, lambda asked: asked.include_usage),
    "modalities": (["image"], lambda asked: list(asked.spec.response_modalities) == [Modality.MODALITY_IMAGE]),
    "image_config": (
        {"aspectRatio": "16:9", "image_size": "2K"},
        lambda asked: (asked.spec.image_config.aspect_ratio, asked.spec.image_config.image_size) == ("16:9", "2K"),
    ),
    "imageConfig": ({"imageSize": "2K"}, lambda asked: asked.spec.image_config.image_size == "2K"),
    "aspectRatio": ("16:9", lambda asked: asked.spec.image_config.aspect_ratio == "16:9"),
    "imageSize": ("2K", lambda asked: asked.spec.image_config.image_size == "2K"),
    "aspect_ratio": ("16:9", lambda asked: asked.spec.image_config.aspect_ratio == "16:9"),
    "size": ("1792x1024", lambda asked: asked.spec.image_config.aspect_ratio == "16:9"),
    "quality": ("hd", lambda asked: asked.spec.image_config.image_size == "2K"),
    "image_size": ("2K", lambda asked: asked.spec.image_config.image_size == "2K"),
    "temperature": (0.0, lambda asked: asked.spec.generation_config.HasField("temperature")),
    "top_p": (0.5, lambda asked: asked.spec.generation_config.top_p == 0.5),
    "top_k": (3, lambda asked: asked.spec.generation_config.top_k == 3),
    "n": (1, lambda asked: not asked.spec.generation_config.HasField("candidate_count")),
    "max_tokens": (9, lambda asked: asked.spec.generation_config.max_output_tokens == 9),
    "max_completion_tokens": (9, lambda asked: asked.spec.generation_config.max_output_tokens == 9),
    "stop": ("END", lambda asked: list(asked.spec.generation_config.stop_sequences) == ["END"]),
    "seed": (0, lambda asked: asked.spec.generation_config.HasField("seed")),
    "presence_penalty": (0.5, lambda asked: asked.spec.generation_config.presence_penalty == 0.5),
    "frequency_penalty": (0.5, lambda asked: asked.spec.generation_config.frequency_penalty == 0.5),
    "reasoning_effort": ("high", lambda asked: asked.spec.generation_config.thinking_config.thinking_level == "HIGH"),
    "thinking": (
        {"type": "enabled", "budget_tokens": 5},
        lambda asked: asked.spec.generation_config.thinking_config.thinking_budget == 5,
    ),
    "tool_choice": ("required", lambda asked: asked.spec.tool_config.mode == "ANY"),
    "web_search_options": ({}, lambda asked: asked.spec.tools[0].HasField("google_search")),
    "media_resolution": ("R", lambda asked: asked.spec.generation_config.media_resolution == "R"),
    "cached_content": ("c", lambda asked: asked.spec.cached_content == "c"),
    "labels": ({"team": "a"}, lambda asked: dict(asked.spec.labels) == {"team": "a"}),
    "tools": ([{"googleSearch": {}}], lambda asked: asked.spec.tools[0].HasField("google_search")),
    "safety_settings": (
        [{"category": "C", "threshold": "T", "method": "SEVERITY"}],
        lambda asked: (
            [(s.category, s.threshold, s.method) for s in asked.spec.safety_settings] == [("C", "T", "SEVERITY")]
        ),
    ),
    "service_tier": ("flex", lambda asked: asked.spec.service_tier == "flex"),
    "output_config": (
        {"outputUriPrefix": "gs://b/f/"},
        lambda asked: asked.spec.output_config.uri_prefix == "gs://b/f/",
    ),
    "continuation_token": ("/3Q=", lambda asked: asked.spec.continuation_token == b"\xfft"),
    "user": ("me", lambda asked: dict(read("vertex_ai/m", SAY, {"user": "me"}).spec.labels) == {"user": "me"}),
    "metadata": (
        {"team": "a"},
        lambda asked: dict(read("vertex_ai/m", SAY, {"metadata": {"team": "a"}}).spec.labels) == {"team": "a"},
    ),
    "extra_body": ({"x": {"y": 1}}, lambda asked: asked.spec.extra_body["x"]["y"] == 1),
}


@pytest.mark.parametrize("name", CompletionOptions.__annotations__)
def test_every_argument_shows(name: str) -> None:
    value, shows = SHOWS[name]
    beside = {"tools": [{"function": {"name": "f"}}]} if name == "tool_choice" else {}
    assert shows(read(MODEL, SAY, {**beside, name: value}))


@pytest.mark.parametrize("name", CompletionOptions.__annotations__)
def test_none_is_not_given(name: str) -> None:
    assert read(MODEL, SAY, {name: None}) == read(MODEL, SAY, {})


@pytest.mark.parametrize("model", [None, "", 3])
def test_a_model_is_named(model: Any) -> None:
    with pytest.raises(imagewire.InvalidRequest, match=r"^model is missing"):
        read(model, SAY, {})


def test_a_key_does_not_show_in_what_is_kept() -> None:
    assert "secret" not in repr(read(MODEL, SAY, {"api_key": "secret"}))
    assert "secret" not in repr(read(MODEL, SAY, {"api_key": "secret", "target": "host:1"}))


def test_no_thinking_is_a_budget_of_nothing() -> None:
    assert spec(reasoning_effort="none").generation_config.thinking_config.thinking_budget == 0


@pytest.mark.parametrize(("said", "asked"), [("auto", ""), ("default", "standard"), ("priority", "priority")])
def test_a_service_tier_in_openais_words(said: str, asked: str) -> None:
    assert spec(service_tier=said).service_tier == asked


@pytest.mark.parametrize(
    "options",
    [
        {
            "search_types": ["WEB", "IMAGE"],
            "exclude_domains": ["example.com"],
            "time_range": {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-02-01T00:00:00Z"},
            "blocking_confidence": "BLOCK_LOW_AND_ABOVE",
        },
        {
            "searchTypes": {"webSearch": {}, "imageSearch": {}},
            "excludeDomains": ["example.com"],
            "timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"},
            "blockingConfidence": "BLOCK_LOW_AND_ABOVE",
        },
    ],
    ids=["ours", "google's"],
)
def test_a_search_has_its_options(options: Any) -> None:
    days = [datetime.datetime(2026, month, 1, tzinfo=datetime.UTC) for month in (1, 2)]
    made = imagewire.google_search(
        search_types=["WEB", "IMAGE"],
        exclude_domains=["example.com"],
        time_range=(days[0], days[1]),
        blocking_confidence="BLOCK_LOW_AND_ABOVE",
    )
    assert list(spec(tools=[{"google_search": options}]).tools) == [made]


def test_vertex_has_a_base_of_its_own() -> None:
    connection = read(
        "vertex_ai/gemini-2.5-flash-image", SAY, {"api_base": "http://a", "vertex_project": "p"}
    ).connection
    assert connection.variables == (("IMAGEWIRE_VERTEX_API_BASE", "http://a"), ("IMAGEWIRE_VERTEX_PROJECT", "p"))


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"n": 2}, "n", "call again"),
        ({"temperature": "hot"}, "temperature", "must be a number"),
        ({"max_tokens": 1.5}, "max_tokens", "must be a whole number"),
        ({"seed": 2**40}, "seed", "of 32 bits"),
        ({"stop": 3}, "stop", "must be text or a list"),
        ({"modalities": ["audio"]}, "modalities", "text or image"),
        ({"image_config": "16:9"}, "image_config", "must be a mapping"),
        ({"reasoning_effort": 3}, "reasoning_effort", "must be text"),
        ({"timeout": "3"}, "timeout", "must be a number"),
        ({"num_retries": -1}, "num_retries", "at least 0"),
        ({"api_key": 3}, "api_key", "must be text"),
        ({"style": "vivid"}, "style", "say it in the prompt"),
        ({"aspect_ration": "1:1"}, "aspect_ration", "did you mean aspect_ratio"),
        ({"quite_unknown": 1}, "quite_unknown", "it takes target"),
        ({"functions": [{}]}, "functions", "use tools"),
        ({"tools": [{"googleSearch": {}}, {"type": "function"}]}, "tools[1]", "must be"),
        ({"image_config": {"quality": "hd"}}, "image_config.quality", "aspect_ratio and image_size are"),
        ({"image_config": {"image_size": "1K"}, "image_size": "2K"}, "image_size", "set only one of them"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "set only one of them"),
        ({"api_base": "http://a", "base_url": "http://b"}, "api_base", "set only one of them"),
        ({"custom_llm_provider": "vertex_ai", "user": "a", "metadata": {"user": "b"}}, "user", "set only one of them"),
        ({"stream_options": {"obfuscation": True}}, "stream_options.obfuscation", "include_usage is"),
        ({"safety_settings": [{"category": "C"}]}, "safety_settings[0]", "category and threshold"),
        ({"safety_settings": [{"category": "C", "threshold": "T"}] * 2}, "safety_settings[1].category", "twice"),
        ({"service_tier": 3}, "service_tier", "must be text"),
        ({"output_config": {"bucket": "b"}}, "output_config", "uri_prefix"),
        ({"output_config": {"uri_prefix": "a", "uriPrefix": "b"}}, "output_config.uri_prefix", "set only one of them"),
        ({"continuation_token": "%"}, "continuation_token", "is not base64"),
        ({"extra_body": {"a": [2**53 + 1]}}, "extra_body", "beyond 2\\^53"),
        ({"tools": [{"google_search": {"x": 1}}]}, "tools[0].google_search.x", "it has blocking"),
        ({"tools": [{"google_search": {"search_types": "WEB"}}]}, "tools[0].google_search.search_types", "a list"),
        ({"tools": [{"google_search": {"time_range": 3}}]}, "tools[0].google_search.time_range", "start_time"),
        (
            {"tools": [{"google_search": {"blockingConfidence": 3}}]},
            "tools[0].google_search.blockingConfidence",
            "text",
        ),
        (
            {"tools": [{"google_search": {"excludeDomains": ["a"], "exclude_domains": ["a"]}}]},
            "tools[0].google_search.exclude_domains",
            "two spellings",
        ),
        ({"tools": [{"type": "web_search"}, {"googleSearch": {"searchTypes": ["WEB"]}}]}, "tools[1]", "contradicts"),
        ({"target": "host:1", "api_base": "http://a"}, "api_base", "leave it out"),
        ({"target": "host:1", "vertex_project": "p"}, "vertex_project", "leave it out"),
    ],
)
def test_a_wrong_argument_is_named(options: Any, field: str, words: str) -> None:
    with pytest.raises(imagewire.InvalidRequest, match=words) as caught:
        read(MODEL, SAY, options)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_key_of_google_ai_studio_is_none_of_vertex() -> None:
    with pytest.raises(imagewire.InvalidRequest, match="api_key is Google AI Studio's"):
        read("vertex_ai/gemini-2.5-flash-image", SAY, {"api_key": "k"})


def test_the_same_place_has_one_client_and_another_key_another() -> None:
    script = Script()
    with scripted(script) as target:
        imagewire.completion(MODEL, SAY, target=target)
        imagewire.completion(MODEL, SAY, target=target)
        imagewire.completion(MODEL, SAY, target=target, api_key="k")
    assert [sent.get("authorization") for sent in script.metadata] == [None, None, "Bearer k"]


def test_each_fallback_has_a_request_id_of_its_own() -> None:
    given = {"fallbacks": ["gemini/a", "gemini/b", {"model": "gemini/c", "request_id": UUID}], "request_id": UUID}
    first, *others, last = [one.request_id for one in requests(MODEL, SAY, given)]
    assert first == last == UUID
    assert len({first, *others}) == 3
    assert [one.request_id for one in requests(MODEL, SAY, given)] == [first, *others, last]
    with pytest.raises(imagewire.InvalidRequest, match="request_id must be a UUID"):
        read(MODEL, SAY, {"request_id": "order 17"})
