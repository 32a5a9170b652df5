"""openai-python, unmodified, with what the server keeps: repeated requests, URLs, files, stored responses."""

import hashlib
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compat.conftest import ASK, MODEL, Rest, package
from tests.pictures import PNG

openai = package("openai")
_TOOL: Any = {"type": "image_generation"}


@pytest.fixture
def client(rest: Rest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=rest.v1, api_key="any") as made:
        yield made


def read(url: str) -> str:
    """The SHA-256 of what a URL has."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  # it is the server's own
        return hashlib.sha256(answer.read()).hexdigest()


def test_a_request_is_repeated(client: openai.OpenAI, rest: Rest) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    before = rest.calls()
    answers = [
        client.chat.completions.with_raw_response.create(model=MODEL, messages=ASK, extra_headers=headers)
        for _ in range(2)
    ]
    assert rest.calls() == before + 1
    assert answers[0].parse() == answers[1].parse()
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model=MODEL, messages=ASK, seed=7, extra_headers=headers)
    assert caught.value.param == "Idempotency-Key"


def test_pictures_by_url(client: openai.OpenAI, rest: Rest) -> None:
    pictures = client.images.generate(model=MODEL, prompt="A banana", response_format="url")
    assert [read(picture.url) for picture in pictures.data] == rest.drawn()
    answer = client.chat.completions.create(model=MODEL, messages=ASK, extra_body={"image_delivery": "url"})
    assert [read(answer.choices[0].message.image["url"])] == rest.drawn()


def test_the_stream_helper_joins_a_picture_by_url(client: openai.OpenAI, rest: Rest) -> None:
    more = {"image_delivery": "url"}
    with client.chat.completions.stream(model="gemini/emulator-two-images", messages=ASK, extra_body=more) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert [read(entry["image_url"]["url"]) for entry in message.images] == rest.drawn()


def test_stored_responses(client: openai.OpenAI, rest: Rest) -> None:
    first = client.responses.create(model=MODEL, input="A banana", tools=[_TOOL])
    assert client.responses.retrieve(first.id).output == first.output
    second = client.responses.create(model=MODEL, input="With a hat", tools=[_TOOL], previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert [turn["role"] for turn in rest.last_request()["contents"]] == ["user", "model", "user"]
    client.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(second.id)


def test_files(client: openai.OpenAI, rest: Rest) -> None:
    file = client.files.create(file=("a.png", PNG), purpose="vision")
    assert client.files.retrieve(file.id).bytes == len(PNG)
    assert client.files.content(file.id).read() == PNG
    picture = {"type": "input_image", "file_id": file.id, "detail": "auto"}
    content: Any = [{"type": "input_text", "text": "Blue"}, picture]
    client.responses.create(model=MODEL, input=[{"role": "user", "content": content}], tools=[_TOOL])
    assert [sorted(part) for part in rest.last_request()["contents"][0]["parts"]] == [["text"], ["inlineData"]]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
