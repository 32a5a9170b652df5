"""A recorded program runs on its recording, also where the answers repeat its texts and names, which no file has."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google import genai
from google.genai import types

from imagewire_emulator import Emulator, running
from imagewire_emulator.transcripts import Recorder, Replayer, hidden

MODEL = "gemini-3.1-flash-image"
PROMPTS = ("An Ærø lighthouse <at> dusk & fog", "Let it snow on the rocks")
Program = Callable[[str, str], Awaitable[Any]]

# Google's SDK subclasses aiohttp's session, which aiohttp advises against.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


def get_weather(location_of_it: str) -> str:
    """The weather."""
    return f"sunny in {location_of_it}"


async def functions(url: str, key: str) -> Any:
    async with genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url)).aio as client:
        config = types.GenerateContentConfig(tools=[get_weather])
        prompt = "A banana x-emulate: size=100KB\ncall:get_weather"
        answer = await client.models.generate_content(model=MODEL, contents=prompt, config=config)
        assert answer.automatic_function_calling_history
        return answer.model_dump(exclude={"sdk_http_response"})


async def chat(url: str, key: str) -> Any:
    async with genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url)).aio as client:
        made = client.chats.create(model=MODEL)
        return [(await made.send_message(prompt)).text for prompt in PROMPTS]


@pytest.fixture
async def quoting() -> AsyncIterator[str]:
    """The address of a model that quotes the prompt, and at last the caller's key."""

    async def answer(request: web.Request) -> web.Response:
        said = (await request.json())["contents"][-1]["parts"][0]["text"]
        text = f"Here is your picture: {said} (xxxx)"
        if said == PROMPTS[-1]:
            text += request.headers["x-goog-api-key"]
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
        return web.json_response({"candidates": [candidate]})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url(""))


def written(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.iterdir())


async def recorded_and_replayed(program: Program, upstream: str, folder: Path, key: str) -> tuple[Any, Any]:
    """What a program got, and what it gets again."""
    async with running(answerer=Recorder(folder, upstream)) as made:
        recorded = await program(made.base_url, key)
    async with running(answerer=Replayer(folder)) as made:
        return recorded, await program(made.base_url, "another-key")


async def test_functions_are_called_at_replay(emulator: Emulator, tmp_path: Path) -> None:
    recorded, replayed = await recorded_and_replayed(functions, emulator.base_url, tmp_path, emulator.api_key)
    assert replayed == recorded
    assert "get_weather" not in written(tmp_path)
    assert "location_of_it" not in written(tmp_path)


async def test_a_chat_goes_on_after_a_quotation(quoting: str, tmp_path: Path) -> None:
    key = "a-secret-key-1"
    recorded, replayed = await recorded_and_replayed(chat, quoting, tmp_path, key)
    first, second = (f"Here is your picture: {prompt} (xxxx)" for prompt in PROMPTS)
    assert recorded == [first, second + key]
    assert replayed == [text.replace(key, "x" * len(key)) for text in recorded]
    assert not any(word in written(tmp_path) for word in ("lighthouse", "snow", key))


def test_only_the_secret_gives_back_what_is_hidden() -> None:
    plain, masked = b'{"text": "a xbox for me"}', b'{"text": "a xxxx for me"}'
    made = hidden.hide(plain, masked, b"secret")
    assert made is not None
    assert made.spans == ((12, 4),), "where the text has an x itself is not told"
    assert hidden.restore(masked, made, b"secret") == plain
    assert hidden.restore(masked, made, b"other") != plain
    other = hidden.hide(plain, masked, b"secret")
    assert other is not None
    assert made.data != other.data


def test_nothing_is_hidden_of_an_answer_that_repeats_nothing() -> None:
    assert hidden.hide(b"x", b"x", b"secret") is None


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        hidden.restore(b"abc", hidden.Hidden(b"", ((2, 2),), b"ab"), b"secret")
