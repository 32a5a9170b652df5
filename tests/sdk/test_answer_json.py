"""An answer as JSON, what it knows of its call, and that its repr is short."""

import asyncio
import base64
import json
from typing import Any

import pytest

import imagewire
from imagewire import Answer, AsyncClient, Client
from imagewire.answer_builder import AnswerBuilder
from imagewire.images import image
from imagewire.part import Chunk
from imagewire.v1.message_pb2 import FunctionCall
from imagewire.v1.usage_pb2 import Usage
from tests.pictures import PNG
from tests.sdk.asks import MODEL
from tests.sdk.conftest import Script, scripted
from tests.sdk.events import everything


@pytest.fixture(scope="module")
def answer() -> Answer:
    """With each kind of part."""
    builder = AnswerBuilder()
    for event in everything():
        builder.add(event)
    return builder.answer


def test_the_json_has_every_part_and_its_bytes(answer: Answer) -> None:
    told = json.loads(answer.to_json())
    assert told == answer.to_dict()
    kinds = {"text", "image", "media", "function_call", "native"}
    assert {part["type"] for part in told["parts"]} == kinds
    for part, written in zip(answer.parts, told["parts"], strict=True):
        assert written["thought"] is part.thought
        assert base64.b64decode(written.get("signature", "")) == part.signature
        file = part.image or part.media
        if file is not None:
            assert (written["mime_type"], written["sha256"]) == (file.mime_type, file.sha256)
            assert written.get("uri", "") == file.uri
            assert file.uri or base64.b64decode(written["data"]) == file.data
        if part.function_call:
            assert written["name"] == part.function_call.name


def test_arguments_of_a_function_are_exact() -> None:
    call = FunctionCall(name="f", args_json='{"n": 12345678901234567890}')
    (part,) = Answer(parts=[imagewire.Part(function_call=call)]).to_dict()["parts"]
    assert part == {
        "type": "function_call",
        "id": "",
        "name": "f",
        "args": {"n": 12345678901234567890},
        "thought": False,
    }


def test_the_bytes_can_be_left_out(answer: Answer) -> None:
    told = answer.to_dict(data=False)
    assert not any({"data", "signature"} & part.keys() for part in told["parts"])
    assert [part["type"] for part in told["parts"]] == [part["type"] for part in answer.to_dict()["parts"]]


def test_numbers_are_numbers() -> None:
    made = Answer(usage=Usage(total_tokens=2**40, cost_nano_usd=3, cost_usd=0.5))
    assert made.to_dict()["usage"] == {"total_tokens": 2**40, "cost_nano_usd": 3, "cost_usd": 0.5}
    assert json.loads(Answer().to_json(indent=2)) == Answer().to_dict()


def test_pictures_that_were_not_kept_have_no_data() -> None:
    builder = AnswerBuilder(keep_data=False)
    for event in everything():
        builder.add(event)
    assert not any("data" in part for part in builder.answer.to_dict()["parts"])


class Told(Script):
    """A server that says which deployment answered."""

    def StreamCompletion(self, request: Any, context: Any) -> Any:
        trailers = {"request-id": "id-7", "deployment": "blue", "attempts": "3", "signature-bypass": "a,b"}
        context.set_trailing_metadata([(f"x-imagewire-{name}", value) for name, value in trailers.items()])
        return super().StreamCompletion(request, context)


async def asampled(target: str) -> Answer:
    async with AsyncClient(target) as client:
        return await client.chat.create(MODEL).append("x").sample()


def sampled(target: str) -> Answer:
    with Client(target) as client:
        return client.chat.create(MODEL).append("x").sample()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_answer_knows_its_call(kind: str) -> None:
    with scripted(Told()) as target:
        made = sampled(target) if kind == "sync" else asyncio.run(asampled(target))
    assert (made.request_id, made.deployment, made.attempts) == ("id-7", "blue", 3)
    assert [made.to_dict()[name] for name in ("request_id", "deployment", "attempts")] == ["id-7", "blue", 3]
    assert (made.unsigned, made.to_dict()["unsigned"]) == (("a", "b"), ["a", "b"])


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_server_that_says_nothing_is_no_error(kind: str) -> None:
    script = Script()
    with scripted(script) as target:
        made = sampled(target) if kind == "sync" else asyncio.run(asampled(target))
    assert (made.deployment, made.attempts, made.unsigned) == ("", 0, ())
    assert made.request_id == script.metadata[0]["x-request-id"]


def test_the_real_server_says_it(target: str) -> None:
    made = sampled(target)
    assert (made.deployment, made.attempts, len(made.request_id)) == ("gemini", 1, 36)


LARGE = "x" * 100_000


@pytest.mark.parametrize(
    "made",
    [
        image(PNG * 1000),
        image("data:image/png;base64," + LARGE),
        Chunk(data=PNG * 1000, image=image(PNG * 1000)),
        Chunk(text=LARGE),
        imagewire.Part(text=LARGE, native_fields={"field": LARGE}),
        imagewire.Media(PNG * 1000, mime_type="audio/wav"),
        Answer(parts=[imagewire.Part(text=LARGE)] * 100, finish_message=LARGE, omitted_fields=["x"] * 1000),
    ],
    ids=lambda made: type(made).__name__,
)
def test_a_repr_is_short(made: object) -> None:
    assert len(repr(made)) < 2000
    assert LARGE[:100] not in repr(made)


def test_a_repr_says_what_differs_from_the_default() -> None:
    assert repr(Answer(model="m", finish_reason="STOP")) == "Answer(model='m', finish_reason='STOP')"
    assert repr(Chunk(data=b"abc", part=1)) == "Chunk(data=<3 bytes>, part=1)"
    picture = repr(imagewire.Part(image=image(PNG), signature=b"signed"))
    assert picture.startswith("Part(image=Image(mime_type='image/png', size_bytes=")
    assert "signed" not in picture
