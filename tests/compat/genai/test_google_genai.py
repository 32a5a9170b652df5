"""Google's own SDK, unmodified, against the emulator: sync and async, unary and streamed, both APIs."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from imagewire_emulator import Emulator, in_thread
from tests.compat.genai import native_clients

# Google's SDK subclasses aiohttp's session, which aiohttp advises against.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

MODEL = "gemini-3-pro-image"
CONFIG = types.GenerateContentConfig(
    response_modalities=["TEXT", "IMAGE"],
    image_config=types.ImageConfig(aspect_ratio="16:9", image_size="1K"),
    thinking_config=types.ThinkingConfig(include_thoughts=True),
    safety_settings=[types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_ONLY_HIGH")],
    seed=7,
)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with in_thread() as made:
        yield made


def made_client(emulator: Emulator, api: str) -> genai.Client:
    key = emulator.token if api == "vertex" else emulator.api_key
    return native_clients.client(emulator.base_url, key, vertex=api == "vertex", express=api == "express")


@pytest.fixture(params=["gemini", "express", "vertex"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[genai.Client]:
    with made_client(emulator, request.param) as made:
        yield made


def finals(parts: list[types.Part] | None) -> list[bytes]:
    return [p.inline_data.data for p in parts or () if p.inline_data and p.inline_data.data and not p.thought]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check(emulator: Emulator, parts: list[types.Part]) -> None:
    (data,) = finals(parts)
    entry = emulator.ledger.entries[-1]
    assert digest(data) == entry.images[-1]["sha256"]
    assert any(part.text for part in parts)
    assert any(part.thought for part in parts)


def test_unary(emulator: Emulator, client: genai.Client) -> None:
    answer = client.models.generate_content(model=MODEL, contents="a banana", config=CONFIG)
    assert answer.candidates is not None
    check(emulator, answer.parts or [])
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.candidates_tokens_details is not None
    assert usage.candidates_tokens_details[0].token_count == 1120


def test_streamed(emulator: Emulator, client: genai.Client) -> None:
    chunks = client.models.generate_content_stream(model=MODEL, contents="a banana", config=CONFIG)
    check(emulator, [part for chunk in chunks for part in chunk.parts or ()])


async def test_async_unary_and_streamed(emulator: Emulator, client: genai.Client) -> None:
    answer = await client.aio.models.generate_content(model=MODEL, contents="a banana", config=CONFIG)
    check(emulator, answer.parts or [])
    stream = await client.aio.models.generate_content_stream(model=MODEL, contents="a banana", config=CONFIG)
    check(emulator, [part async for chunk in stream for part in chunk.parts or ()])
    await client.aio.aclose()


def test_a_chat_edits_and_keeps_its_signatures(emulator: Emulator, client: genai.Client) -> None:
    chat = client.chats.create(model=MODEL, config=CONFIG)
    first = chat.send_message("a banana")
    second = chat.send_message("make it blue")
    assert finals(first.parts) != finals(second.parts)
    assert len(emulator.ledger.entries[-1].body["contents"]) == 3


@pytest.mark.parametrize(("model", "code"), [("emulator-429", 429), ("emulator-500", 500), ("nope", 404)])
def test_errors_are_googles(client: genai.Client, model: str, code: int) -> None:
    with pytest.raises(errors.APIError) as failed:
        client.models.generate_content(model=model, contents="x")
    assert failed.value.code == code


def test_a_wrong_key(emulator: Emulator) -> None:
    options: Any = types.HttpOptions(base_url=emulator.base_url)
    with (
        genai.Client(api_key="wrong", http_options=options) as client,
        pytest.raises(errors.ClientError, match="not valid"),
    ):
        client.models.generate_content(model=MODEL, contents="x")


def test_googles_sdk_goes_on_with_a_continuation(emulator: Emulator, client: genai.Client) -> None:
    answer = client.models.generate_content(model="emulator-continuation", contents="a banana")
    assert [entry.images == [] for entry in emulator.ledger.entries] == [True, False]
    assert digest(finals(answer.parts)[0]) == emulator.ledger.entries[-1].images[0]["sha256"]


def test_googles_sdk_reads_native_parts_and_a_models_status(emulator: Emulator) -> None:
    with made_client(emulator, "gemini") as client:
        code = client.models.generate_content(model="emulator-executable-code", contents="a banana").executable_code
        assert code == "print(6 * 7)"
        calls = client.models.generate_content(model="emulator-tool-call", contents="a banana").parts or []
        assert [part.tool_call.tool_type for part in calls if part.tool_call] == [types.ToolType.GOOGLE_SEARCH_WEB]
        status = client.models.generate_content(model="emulator-model-status", contents="a banana").model_status
        assert status is not None
        assert status.model_stage == types.ModelStage.DEPRECATED


def test_googles_sdk_sends_what_the_emulator_takes(emulator: Emulator) -> None:
    config = types.GenerateContentConfig(
        service_tier=types.ServiceTier.FLEX,
        generation_output_config=types.GenerationOutputConfig(output_uri_prefix="gs://bucket/"),
        safety_settings=[
            types.SafetySetting(category="HARM_CATEGORY_IMAGE_HATE", threshold="OFF", method="SEVERITY"),
        ],
        tools=[
            types.Tool(
                google_search=types.GoogleSearch(
                    search_types=types.SearchTypes(image_search=types.ImageSearch()), exclude_domains=["a.com"]
                )
            )
        ],
    )
    with made_client(emulator, "vertex") as client:
        answer = client.models.generate_content(model=MODEL, contents="a banana", config=config)
    uris = [part.file_data.file_uri for part in answer.parts or () if part.file_data]
    assert uris == [f"gs://bucket/{emulator.ledger.entries[-1].images[0]['sha256'][:16]}.png"]
    assert emulator.ledger.entries[-1].body["serviceTier"] == "flex"


@pytest.mark.parametrize("streamed", [False, True])
def test_python_functions_are_tools(client: genai.Client, streamed: bool) -> None:
    called: list[str] = []

    def colour(data: str, n: int) -> str:
        """The colour of a banana."""
        called.append(f"{data} {n}")
        return "blue"

    asked: Any = {"model": MODEL, "contents": "a banana call:colour", "config": {"tools": [colour]}}
    if streamed:
        parts = [part for chunk in client.models.generate_content_stream(**asked) for part in chunk.parts or ()]
    else:
        parts = client.models.generate_content(**asked).parts or []
    assert called == ["abc 3"]
    assert len(finals(parts)) == 1
