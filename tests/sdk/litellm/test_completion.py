"""LiteLLM's arguments: each moves what is sent, or is refused by name. Messages keep what they mean, both ways."""

import dataclasses
import datetime
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagewire
from imagewire import Media
from imagewire.answer import Answer, Part
from imagewire.images import image
from imagewire.litellm import params
from imagewire.litellm.params import CompletionOptions, ConnectionKey, read
from imagewire.litellm.types import Message as OwnMessage
from imagewire.v1.message_pb2 import FunctionCall, NativePart, Role
from imagewire.v1.spec_pb2 import Modality, Spec
from tests.pictures import JPEG, PNG
from tests.sdk.conftest import Event, Script, good_stream, scripted, three_pictures
from tests.sdk.events import everything

MODEL = "gemini/gemini-2.5-flash-image"
SAY = [{"role": "user", "content": "A banana"}]


@pytest.fixture(autouse=True)
def _no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)


def spec(**options: Any) -> Spec:
    return read(MODEL, SAY, options).spec  # type: ignore[arg-type]  # some are wrong on purpose


# Every argument, with a value that must show in what is asked.
SHOWS: dict[str, tuple[Any, Callable[[params.CompletionRequest], bool]]] = {
    "target": ("host:1", lambda asked: asked.connection == ConnectionKey("host:1", None, 2)),
    "api_key": ("k", lambda asked: asked.connection.variables == (("GEMINI_API_KEY", "k"),)),
    "api_base": ("http://a", lambda asked: asked.connection.variables == (("IMAGEWIRE_GEMINI_BASE_URL", "http://a"),)),
    "base_url": ("http://a", lambda asked: asked.connection.variables == (("IMAGEWIRE_GEMINI_BASE_URL", "http://a"),)),
    "vertex_project": ("p", lambda asked: asked.connection.variables == (("VERTEXAI_PROJECT", "p"),)),
    "vertex_location": ("eu", lambda asked: asked.connection.variables == (("VERTEXAI_LOCATION", "eu"),)),
    "timeout": (3.0, lambda asked: asked.timeout == 3.0),
    "num_retries": (0, lambda asked: asked.connection.retries == 0),
    "stream_options": ({"include_usage": True}, lambda asked: asked.include_usage),
    "modalities": (["image"], lambda asked: list(asked.spec.response_modalities) == [Modality.MODALITY_IMAGE]),
    "image_config": (
        {"aspectRatio": "16:9", "image_size": "2K"},
        lambda asked: (asked.spec.image_config.aspect_ratio, asked.spec.image_config.image_size) == ("16:9", "2K"),
    ),
    "aspect_ratio": ("16:9", lambda asked: asked.spec.image_config.aspect_ratio == "16:9"),
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
    "user": ("me", lambda asked: dict(asked.spec.labels) == {"user": "me"}),
    "metadata": ({"team": "a"}, lambda asked: dict(asked.spec.labels) == {"team": "a"}),
    "extra_body": ({"x": {"y": 1}}, lambda asked: asked.spec.extra_body["x"]["y"] == 1),
}


@pytest.mark.parametrize("name", CompletionOptions.__annotations__)
def test_every_argument_shows(name: str) -> None:
    value, shows = SHOWS[name]
    assert shows(read(MODEL, SAY, {name: value}))  # type: ignore[misc]  # each of them


@pytest.mark.parametrize("name", CompletionOptions.__annotations__)
def test_none_is_not_given(name: str) -> None:
    assert read(MODEL, SAY, {name: None}) == read(MODEL, SAY, {})  # type: ignore[misc]


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
    assert connection.variables == (("IMAGEWIRE_VERTEX_BASE_URL", "http://a"), ("VERTEXAI_PROJECT", "p"))


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
        ({"metadata": {"a": 3}}, "metadata", "must be a mapping to text"),
        ({"timeout": "3"}, "timeout", "must be a number"),
        ({"num_retries": -1}, "num_retries", "at least 0"),
        ({"api_key": 3}, "api_key", "must be text"),
        ({"size": "1024x1024"}, "size", "it takes target"),
        ({"functions": []}, "functions", "is not an argument"),
        ({"tools": [{"googleSearch": {}}, {"type": "function"}]}, "tools[1]", "for functions use Client"),
        ({"image_config": {"quality": "hd"}}, "image_config.quality", "aspect_ratio and image_size are"),
        ({"image_config": {"image_size": "1K"}, "image_size": "2K"}, "image_size", "set only one of them"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "set only one of them"),
        ({"api_base": "http://a", "base_url": "http://b"}, "api_base", "set only one of them"),
        ({"user": "a", "metadata": {"user": "b"}}, "user", "set only one of them"),
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


URL = image(PNG).data_uri
PICTURE = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ("A banana", "messages"),
        (None, "messages"),
        ([None], "messages[0]"),
        (["x"], "messages[0]"),
        ([{"role": [], "content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": ""}], "messages[0].content"),
        ([{"role": "user", "content": [{"type": "text", "text": ""}]}], "messages[0].content"),
        ([{"role": "assistant", "content": "x", "images": 3}], "messages[0].images"),
        ([{"role": "assistant", "content": "x", "image": {}}], "messages[0].image"),
        (
            [{"role": "assistant", "content": "x", "images": [PICTURE | {"mime_type": 3}]}],
            "messages[0].images[0].mime_type",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": 3}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"parts": 3}}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"thought_signatures": 3}}],
            "messages[0].provider_specific_fields",
        ),
        ({"role": "user", "content": "x"}, "messages"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": "tool", "content": "x"}], "messages[0].role"),
        ([{"role": "user", "content": "x", "name": "me"}], "messages[0].name"),
        ([{"role": "user", "content": "x", "image": {"url": URL}}], "messages[0].image"),
        ([{"role": "assistant", "content": "x", "audio": {}}], "messages[0].audio"),
        ([{"role": "assistant", "content": "x", "tool_calls": 3}], "messages[0].tool_calls"),
        ([{"role": "assistant", "content": "x", "tool_calls": [{"id": "a"}]}], "messages[0].tool_calls[0]"),
        *(
            (
                [{"role": "assistant", "content": "x", "provider_specific_fields": {name: [wrong]}}],
                f"messages[0].provider_specific_fields.{name}[0]",
            )
            for name, wrong in (
                ("native_parts", {"kind": "executableCode"}),
                ("media", {"url": "data:audio/wav;base64,AAAA"}),
                ("media", {"mime_type": "audio/wav", "url": "data:audio/wav;base64,%"}),
            )
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"native_fields": [3]}}],
            "messages[0].provider_specific_fields",
        ),
        ([{"role": "user", "content": 3}], "messages[0].content"),
        ([{"role": "user", "content": [PICTURE, {"type": "input_audio"}]}], "messages[0].content[1]"),
        ([{"role": "user", "content": [{"type": "text", "text": "x", "more": 1}]}], "messages[0].content[0]"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "cat.png"}]}],
            "messages[0].content[0].image_url",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL, "detail": "ultra"}}]}],
            "messages[0].content[0].image_url.detail",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL, "display_name": "a"}}]}],
            "messages[0].content[0].image_url.display_name",
        ),
        *(
            (
                [{"role": "assistant", "content": "x", "provider_specific_fields": extras}],
                f"messages[0].provider_specific_fields{inside}",
            )
            for extras, inside in (
                ({"parts": ["text:" + "9" * 5000]}, ""),
                ({"native_fields": [{"a": math.inf}]}, ""),
                ({"native_fields_json": [{"a": 1}]}, ""),
                ({"native_parts": [{"kind": "k", "value": math.nan}]}, ".native_parts[0]"),
                ({"refusals": []}, ".refusals"),
                ({"native_parts": [{"kind": "k", "value": 1, "value_json": "1"}]}, ".native_parts[0]"),
            )
        ),
        ([{"role": "assistant", "content": [PICTURE]}], "messages[0].content"),
        (
            [{"role": "assistant", "content": "ab", "provider_specific_fields": {"parts": ["text:1"]}}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "a", "provider_specific_fields": {"thought_signatures": ["%%%"]}}],
            "messages[0].provider_specific_fields",
        ),
    ],
)
def test_a_wrong_message_is_named(messages: Any, field: str) -> None:
    with pytest.raises(imagewire.InvalidRequest) as caught:
        read(MODEL, messages, {})
    assert [violation.field for violation in caught.value.violations] == [field]


def test_messages_as_openai_has_them() -> None:
    asked = read(
        MODEL,
        [
            {"role": "developer", "content": "Be brief"},
            {"role": "user", "content": [{"type": "text", "text": "This"}, PICTURE]},
            {"role": "assistant", "content": "Done", "image": {"url": URL, "detail": "auto"}, "refusal": None},
            {"role": "user", "content": [{"type": "image_url", "image_url": "gs://bucket/a"}]},
        ],
        {},
    )
    roles = [message.role for message in asked.spec.messages]
    assert roles == [Role.ROLE_SYSTEM, Role.ROLE_USER, Role.ROLE_ASSISTANT, Role.ROLE_USER]
    shown = [
        [part.image.data or part.image.uri if part.HasField("image") else part.text for part in message.parts]
        for message in asked.spec.messages
    ]
    assert shown == [["Be brief"], ["This", URL], ["Done", PNG], ["gs://bucket/a"]]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists, max_leaves=4
)
# Some that a reader of JSON would change, or fail at.
native_json = values.map(json.dumps) | st.sampled_from(
    ["1e400", "[9007199254740993]", '"\\ud800"', "[" * 200 + "]" * 200]
)
fields = st.dictionaries(st.sampled_from(["partMetadata", "videoMetadata"]), native_json, max_size=2)
beside: dict[str, Any] = {"thought": st.booleans(), "signature": st.binary(max_size=8), "native_fields": fields}
texts = st.builds(Part, text=st.text(min_size=1), **beside)
pictures = st.builds(
    lambda data, **told: Part(image=dataclasses.replace(image(data), thought=told["thought"]), **told),
    st.sampled_from([PNG, JPEG, PNG + b"x"]),
    **beside,
)
untold = st.builds(Part, image=st.just(image(b"?", mime_type="application/octet-stream")), thought=st.just(False))
elsewhere = st.builds(Part, image=st.just(image("gs://bucket/a.png", mime_type="image/png")), thought=st.just(False))
media = st.builds(
    Part,
    media=st.just(Media(b"RIFF", mime_type="audio/wav", display_name="a.wav"))
    | st.just(Media(uri="gs://bucket/a.mp4", mime_type="video/mp4")),
    **beside,
)
natives = st.builds(
    lambda text, **told: Part(native=NativePart(kind="executableCode", value_json=text), **told),
    native_json,
    **beside,
)
calls = st.builds(
    lambda call_id, **told: Part(function_call=FunctionCall(id=call_id, name="f", args_json='{"n": 1}'), **told),
    st.sampled_from(["", "c1"]),
    **beside,
)


@given(st.lists(texts | pictures | untold | elsewhere | media | natives | calls, min_size=1, max_size=6))
def test_an_answer_goes_back_as_it_came(parts: list[Part]) -> None:
    """As an object; and through JSON, where its order is kept as far as it is told."""
    answer = Answer(id="cmpl-1", parts=parts)
    own = OwnMessage(answer)
    (as_object,) = read(MODEL, [own], {}).spec.messages
    assert as_object == answer.message()
    (through_json,) = read(MODEL, [json.loads(json.dumps(own.model_dump()))], {}).spec.messages
    assert len(own.images or ()) == len(answer.images) + len(answer.drafts), "other media is no picture"
    assert through_json == as_object


def test_a_message_of_rest_goes_back_too() -> None:
    """Whose media type may come behind the bytes, and whose image LiteLLM's client moves."""
    shown = {"url": URL, "detail": "auto"}
    images = [
        {"type": "image_url", "index": 0, "image_url": shown, "mime_type": "audio/wav"},
        {"type": "image_url", "index": 1, "image_url": shown, "mime_type": "image/webp"},
    ]
    extras = {"image": {"url": image(JPEG).data_uri}}
    given = {"role": "assistant", "content": "", "images": images, "provider_specific_fields": extras}
    (message,) = read(MODEL, [given], {}).spec.messages
    assert [(part.media.mime_type or part.image.mime_type) for part in message.parts] == [
        "audio/wav",
        "image/webp",
        "image/jpeg",
    ]
    assert [(part.media.data or part.image.data) for part in message.parts] == [PNG, PNG, JPEG]


def test_the_same_place_has_one_client_and_another_key_another() -> None:
    script = Script()
    with scripted(script) as target:
        imagewire.completion(MODEL, SAY, target=target)
        imagewire.completion(MODEL, SAY, target=target)
        imagewire.completion(MODEL, SAY, target=target, api_key="k")
    assert [sent.get("authorization") for sent in script.metadata] == [None, None, "Bearer k"]


def chunks(events: list[Event], **options: Any) -> list[Any]:
    with scripted(Script(events)) as target:
        return [chunk.model_dump() for chunk in imagewire.completion(MODEL, SAY, stream=True, target=target, **options)]


def test_the_chunks_of_a_stream() -> None:
    made = chunks(good_stream(), stream_options={"include_usage": True})
    url = image(b"picture" * 100, mime_type="image/png").data_uri
    shown = {"url": url, "detail": "auto"}
    assert [chunk["choices"] for chunk in made] == [
        [{"index": 0, "delta": {"role": "assistant"}}],
        [{"index": 0, "delta": {"content": "Here"}}],
        [{"index": 0, "delta": {"content": " it is"}}],
        [{"index": 0, "delta": {"images": [{"type": "image_url", "index": 0, "image_url": shown}]}}],
        [{"index": 0, "delta": {"image": shown}}],
        [
            {
                "index": 0,
                "delta": {
                    "provider_specific_fields": {"thought_signatures": ["cw==", None], "parts": ["text:10", "image"]}
                },
            }
        ],
        [{"finish_reason": "stop", "index": 0, "delta": {}, "native_finish_reason": "STOP"}],
        [],
    ]
    assert made[-1]["usage"]["total_tokens"] == 5
    assert {chunk["object"] for chunk in made} == {"chat.completion.chunk"}


def test_pictures_are_counted_through_the_stream_and_the_final_one_comes_once() -> None:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(three_pictures())]
    assert [item["index"] for delta in deltas for item in delta.get("images", ())] == [0, 1, 2]
    assert sum("image" in delta for delta in deltas) == 1


def test_a_blocked_prompt_is_an_answer(target: str) -> None:
    answer = imagewire.completion("gemini/emulator-safety", SAY, target=target)
    assert (answer.choices[0].finish_reason, answer.choices[0].native_finish_reason) == ("content_filter", "SAFETY")
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].message.image is None


def test_usage_and_cost(target: str) -> None:
    used = imagewire.completion(MODEL, SAY, target=target).usage
    assert used["total_tokens"] == used.prompt_tokens + used.completion_tokens
    assert used.cost == pytest.approx((used.prompt_tokens * 0.30 + 9 * 2.50 + 1290 * 30) / 1e6)


def everything_chunks() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with scripted(Script(everything())) as target:
        whole = imagewire.completion(MODEL, SAY, target=target).model_dump()
    return chunks(everything()), whole


def test_u2_a_stream_brings_all_that_the_answer_has() -> None:
    made, whole = everything_chunks()
    json.dumps([made, whole])
    message: dict[str, Any] = {"content": "", "reasoning_content": ""}
    extras: dict[str, Any] = {}
    for chunk in made:
        delta = chunk["choices"][0]["delta"]
        for name, value in delta.pop("provider_specific_fields", {}).items():
            extras[name] = extras.get(name, []) + value
        for name, value in delta.items():
            message[name] = message[name] + value if name in message and name != "role" else value
    assert {**message, "provider_specific_fields": extras} == whole["choices"][0]["message"]
    last, choice = made[-1], whole["choices"][0]
    assert last["provider_specific_fields"] == whole["provider_specific_fields"]
    assert last["service_tier"] == whole["service_tier"]
    assert last["choices"][0]["provider_specific_fields"] == choice["provider_specific_fields"]
    assert {"safety_ratings", "grounding_metadata", "citation_metadata"} <= choice.keys()
    assert set(whole["provider_specific_fields"]) == {
        "continuation_token",
        "model_status",
        "native_fields",
        "omitted_fields",
    }


def test_u11_media_is_no_picture() -> None:
    _, whole = everything_chunks()
    message = whole["choices"][0]["message"]
    assert not any("audio" in item["image_url"]["url"] for item in message["images"])
    assert {item["image_url"]["url"].partition(":")[0] for item in message["images"]} == {"data", "gs"}
    assert len(message["provider_specific_fields"]["media"]) == 5


def test_a_picture_elsewhere_is_named_by_its_uri() -> None:
    answer = Answer(parts=[Part(image=image("gs://bucket/a.png", mime_type="image/png"))])
    assert OwnMessage(answer).model_dump()["image"] == {
        "url": "gs://bucket/a.png",
        "detail": "auto",
        "format": "image/png",
    }
