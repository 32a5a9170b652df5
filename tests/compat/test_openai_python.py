"""openai-python, unmodified: chat, images and responses; unary and streamed; sync and async."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compat.conftest import ASK, MODEL, Rest, package, sha256_of
from tests.pictures import PNG

openai = package("openai")
_TOOL: Any = {"type": "image_generation"}


@pytest.fixture
def client(rest: Rest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=rest.v1, api_key="any") as made:
        yield made


@pytest.fixture
async def aclient(rest: Rest) -> Any:
    async with openai.AsyncOpenAI(base_url=rest.v1, api_key="any") as made:
        yield made


def _check_chat(answer: Any, rest: Rest) -> None:
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{32}", answer.id)
    assert (answer.object, answer.model) == ("chat.completion", MODEL)
    assert abs(answer.created - time.time()) < 60
    choice = answer.choices[0]
    assert choice.finish_reason == "stop"
    assert choice.message.content == "Here's the image you requested:"
    assert choice.message.image["detail"] == "auto"
    [picture] = rest.drawn()
    assert sha256_of(choice.message.image["url"]) == picture
    assert [sha256_of(entry["image_url"]["url"]) for entry in choice.message.images] == [picture]
    assert answer.usage.completion_tokens_details.model_extra["image_tokens"] == 1290
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat(client: openai.OpenAI, rest: Rest) -> None:
    _check_chat(client.chat.completions.create(model=MODEL, messages=ASK), rest)


async def test_chat_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    _check_chat(await aclient.chat.completions.create(model=MODEL, messages=ASK), rest)


def _check_chunks(chunks: list[Any], rest: Rest) -> None:
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == "Here's the image you requested:"
    finals = [delta.image for delta in deltas if getattr(delta, "image", None)]
    entries = [entry for delta in deltas for entry in getattr(delta, "images", None) or ()]
    [picture] = rest.drawn()
    assert [sha256_of(final["url"]) for final in finals] == [picture]
    assert [sha256_of(entry["image_url"]["url"]) for entry in entries] == [picture]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens_details.model_extra["image_tokens"] == 1290


def test_chat_stream(client: openai.OpenAI, rest: Rest) -> None:
    options: Any = {"include_usage": True}
    stream = client.chat.completions.create(model=MODEL, messages=ASK, stream=True, stream_options=options)
    _check_chunks(list(stream), rest)


async def test_chat_stream_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    options: Any = {"include_usage": True}
    stream = await aclient.chat.completions.create(model=MODEL, messages=ASK, stream=True, stream_options=options)
    _check_chunks([chunk async for chunk in stream], rest)


def test_the_stream_helper_keeps_two_pictures_apart(client: openai.OpenAI, rest: Rest) -> None:
    with client.chat.completions.stream(model="gemini/emulator-two-images", messages=ASK) as stream:
        for _ in stream:
            pass
        message: Any = stream.get_final_completion().choices[0].message
    first, second = rest.drawn()
    assert [sha256_of(entry["image_url"]["url"]) for entry in message.images] == [first, second]
    assert sha256_of(message.image["url"]) == second


async def test_the_stream_helper_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    async with aclient.chat.completions.stream(model=MODEL, messages=ASK) as stream:
        message: Any = (await stream.get_final_completion()).choices[0].message
    assert sha256_of(message.image["url"]) == rest.drawn()[0]


def test_an_answer_goes_back_as_it_came_with_its_signatures(client: openai.OpenAI, rest: Rest) -> None:
    model = "gemini/gemini-3-pro-image--drafts"
    answer = client.chat.completions.create(model=model, messages=ASK)
    history: Any = [*ASK, answer.choices[0].message.model_dump(), {"role": "user", "content": "Make it blue"}]
    again = client.chat.completions.create(model=model, messages=history)  # the emulator refuses a lost signature
    assert again.choices[0].finish_reason == "stop"
    parts = rest.last_request()["contents"][1]["parts"]
    assert [part.get("thought", False) for part in parts] == [True, True, False, False]
    assert all("thoughtSignature" in part for part in parts[2:])


def test_images(client: openai.OpenAI, rest: Rest) -> None:
    answer = client.images.generate(model=MODEL, prompt="A banana", n=2, size="1536x1024")
    assert answer.data is not None
    before = rest.calls()
    assert len({sha256_of(picture.b64_json or "") for picture in answer.data}) == 1  # the emulator draws alike
    assert len(answer.data) == 2
    assert answer.usage is not None
    assert answer.usage.output_tokens == 2580
    assert rest.last_request()["generationConfig"]["imageConfig"] == {"aspectRatio": "3:2"}
    assert rest.calls() == before


async def test_images_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    answer = await aclient.images.generate(model=MODEL, prompt="A banana", response_format="b64_json")
    assert answer.data is not None
    assert [sha256_of(picture.b64_json or "") for picture in answer.data] == rest.drawn()


def test_images_streamed_with_drafts_as_partial_images(client: openai.OpenAI, rest: Rest) -> None:
    stream = client.images.generate(
        model="gemini/emulator-drafts", prompt="A banana", stream=True, partial_images=2, size="1024x1024"
    )
    events = list(stream)
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert [sha256_of(event.b64_json) for event in events] == rest.drawn()
    assert events[-1].type == "image_generation.completed"
    assert events[-1].usage.total_tokens > 1000


@pytest.mark.parametrize("count", [1, 2])
def test_edits(client: openai.OpenAI, rest: Rest, count: int) -> None:
    pictures: Any = [("in.png", PNG, "image/png") for number in range(count)]
    answer = client.images.edit(model=MODEL, prompt="Blue", image=pictures if count > 1 else pictures[0])
    assert answer.data is not None
    assert [sha256_of(picture.b64_json or "") for picture in answer.data] == rest.drawn()
    parts = rest.last_request()["contents"][0]["parts"]
    assert [next(iter(part)) for part in parts] == ["text", *["inlineData"] * count]


async def test_edits_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    answer = await aclient.images.edit(model=MODEL, prompt="Blue", image=[("in.png", PNG, "image/png")])
    assert answer.data is not None
    assert [sha256_of(picture.b64_json or "") for picture in answer.data] == rest.drawn()


async def test_images_streamed_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    stream = await aclient.images.generate(model="gemini/emulator-two-images", prompt="A banana", stream=True)
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_generation.completed"] * 2
    assert [sha256_of(event.b64_json) for event in events] == rest.drawn()


def test_edits_streamed_with_drafts(client: openai.OpenAI, rest: Rest) -> None:
    file = ("in.png", PNG, "image/png")
    stream = client.images.edit(
        model="gemini/emulator-drafts", prompt="Blue", image=file, stream=True, partial_images=1
    )
    events = list(stream)
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert [sha256_of(event.b64_json) for event in events] == rest.drawn()


async def test_edits_streamed_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    stream = await aclient.images.edit(model=MODEL, prompt="Blue", image=("in.png", PNG, "image/png"), stream=True)
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.completed"]
    assert [sha256_of(event.b64_json) for event in events] == rest.drawn()


def _check_response(answer: Any, rest: Rest) -> None:
    assert answer.status == "completed"
    assert answer.output_text == "Here's the image you requested:"
    pictures = [item for item in answer.output if item.type == "image_generation_call"]
    assert [sha256_of(item.result) for item in pictures] == rest.drawn()
    assert answer.usage.input_tokens_details.cached_tokens == 0
    assert answer.usage.output_tokens_details.reasoning_tokens == 0


def test_responses(client: openai.OpenAI, rest: Rest) -> None:
    _check_response(client.responses.create(model=MODEL, input="A banana", tools=[_TOOL]), rest)


async def test_responses_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    _check_response(await aclient.responses.create(model=MODEL, input="A banana", tools=[_TOOL]), rest)


def test_responses_streamed(client: openai.OpenAI, rest: Rest) -> None:
    events = list(client.responses.create(model=MODEL, input="A banana", tools=[_TOOL], stream=True))
    _check_response(events[-1].response, rest)  # type: ignore[union-attr]
    names = [event.type.removeprefix("response.") for event in events]
    assert names[:2] == ["created", "in_progress"]
    assert names[-1] == "completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    drawn = [name.rpartition(".")[2] for name in names if name.startswith("image_generation_call")]
    assert drawn == ["in_progress", "generating", "completed"]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == (
        "Here's the image you requested:"
    )


async def test_the_responses_helper_with_partial_images_async(aclient: openai.AsyncOpenAI, rest: Rest) -> None:
    tool: Any = {**_TOOL, "partial_images": 1}
    async with aclient.responses.stream(model="gemini/emulator-drafts", input="A banana", tools=[tool]) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    partial = [e for e in events if e.type == "response.image_generation_call.partial_image"]
    draft, whole = rest.drawn()
    assert [sha256_of(event.partial_image_b64) for event in partial] == [draft]
    assert [sha256_of(i.result or "") for i in final.output if i.type == "image_generation_call"] == [whole]


def test_items_of_a_response_go_back_as_input(client: openai.OpenAI, rest: Rest) -> None:
    model = "gemini/gemini-3-pro-image"
    answer = client.responses.create(model=model, input="A banana", tools=[_TOOL])
    history: Any = [
        {"role": "user", "content": "A banana"},
        *(item.model_dump() for item in answer.output),
        {"role": "user", "content": [{"type": "input_text", "text": "Blue"}]},
    ]
    again = client.responses.create(model=model, input=history, tools=[_TOOL])
    assert again.status == "completed"
    assert [content["role"] for content in rest.last_request()["contents"]] == ["user", "model", "user"]


def test_models(client: openai.OpenAI) -> None:
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).owned_by == "gemini"
