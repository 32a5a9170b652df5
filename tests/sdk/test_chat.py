"""Chats of both clients: turns that remember with their signatures, pictures as they arrive, what is refused."""

import asyncio
import contextlib
import copy
import hashlib
import pickle
import re
from collections.abc import Callable, MutableSequence
from pathlib import Path
from typing import Any

import pytest

import imagewire
from imagewire import Answer, AsyncClient, Client, assistant, image, system, user
from imagewire.chat import final
from imagewire.v1.message_pb2 import Role
from tests.integration.processes import Program, ledger
from tests.pictures import PNG
from tests.sdk.asks import ran
from tests.sdk.conftest import Script, good_stream, scripted, three_pictures

# Its answers are signed, and the emulator refuses an edit whose signatures are not there.
MODEL = "gemini/gemini-3.1-flash-image"
TURNS = ("A banana in a costume", "Make it blue", "Give it a hat")


def sampled(target: str) -> list[Answer]:
    with Client(target) as client:
        chat = client.chat.create(MODEL)
        answers = []
        for turn in TURNS:
            answers.append(chat.append(turn).sample())
            chat.append(answers[-1])
        return answers


def streamed(target: str) -> list[Answer]:
    with Client(target) as client:
        chat = client.chat.create(MODEL)
        answers = []
        for turn in TURNS:
            chat.append(user(turn))
            for answer, _ in chat.stream():
                so_far = answer
            answers.append(so_far)
            chat.append(so_far)
        return answers


def asampled(target: str) -> list[Answer]:
    async def run() -> list[Answer]:
        async with AsyncClient(target) as client:
            chat = client.chat.create(MODEL)
            answers = []
            for turn in TURNS:
                answers.append(await chat.append(turn).sample())
                chat.append(answers[-1])
            return answers

    return ran(run())


def astreamed(target: str) -> list[Answer]:
    async def run() -> list[Answer]:
        async with AsyncClient(target) as client:
            chat = client.chat.create(MODEL)
            answers = []
            for turn in TURNS:
                chat.append(user(turn))
                async for answer, _ in chat.stream():
                    so_far = answer
                answers.append(so_far)
                chat.append(so_far)
            return answers

    return ran(run())


@pytest.mark.parametrize("talk", [sampled, streamed, asampled, astreamed], ids=lambda talk: talk.__name__)
def test_three_turns_keep_their_signatures(target: str, emulator: Program, talk: Callable[[str], list[Answer]]) -> None:
    answers = talk(target)
    entry = ledger(emulator.address)[-1]
    assert [content["role"] for content in entry["body"]["contents"]] == ["user", "model"] * 2 + ["user"]
    sent = [part.get("thoughtSignature") for content in entry["body"]["contents"] for part in content["parts"]]
    assert sum(signature is not None for signature in sent) == sum(
        bool(part.signature) for answer in answers[:2] for part in answer.parts
    )
    assert any(part.signature for part in answers[0].parts)
    assert answers[2].image is not None
    assert answers[2].image.sha256 == entry["images"][-1]["sha256"]


def test_the_emulator_refuses_an_edit_with_other_signatures(target: str) -> None:
    """Or the tests above would show nothing."""
    with Client(target) as client:
        chat = client.chat.create(MODEL).append(TURNS[0])
        message = chat.append(chat.sample()).messages[-1]
        for part in message.parts:
            part.thought_signature = b"another" if part.thought_signature else b""
        with pytest.raises(imagewire.InvalidRequest, match="signature"):
            chat.append(TURNS[1]).sample()


def test_turns_of_unary_answers(target: str) -> None:
    """The contract's own messages go back as they are, too."""
    with Client(target) as client:
        chat = client.chat.create(MODEL)
        for turn in TURNS:
            answer = client.create_completion(MODEL, messages=chat.append(turn).messages)
            chat.append(answer.candidates[0].message)
        assert len(chat.messages) == 6


def test_an_answer_of_the_real_server(target: str) -> None:
    with Client(target) as client:
        answer = client.chat.create("gemini/emulator-drafts").append("A banana").sample()
    assert answer.text == "Here's the image you requested:"
    assert answer.image is not None
    assert answer.images == [answer.image]
    assert len(answer.drafts) == 1
    assert answer.drafts[0].thought
    assert [part.thought for part in answer.parts if part.image] == [True, False]
    assert (answer.finish_reason, answer.native_finish_reason, answer.blocked) == ("STOP", "STOP", "")
    assert hashlib.sha256(answer.image.data).hexdigest() == answer.image.sha256
    assert answer.usage.total_tokens > 0


def test_the_chunks_make_the_answer(target: str) -> None:
    text, data = "", b""
    with Client(target) as client:
        for answer, chunk in client.chat.create("gemini/emulator-size-3MB").append("A banana").stream():  # noqa: B007
            text += chunk.text
            assert chunk.offset in {0, len(data)}
            data += chunk.data
    assert chunk.last
    assert (text, answer.image.data) == (answer.text, data)
    assert len(data) == 3_000_000


def test_frames_keep_no_picture(target: str) -> None:
    digest = hashlib.sha256()
    with Client(target) as client:
        chat = client.chat.create("gemini/emulator-size-3MB").append("A banana")
        for answer, chunk in chat.frames(max_frame_bytes=65536):  # noqa: B007
            assert len(chunk.data) <= 65536
            digest.update(chunk.data)
    assert answer.image is not None
    assert answer.image.sha256 == digest.hexdigest()
    with pytest.raises(ValueError, match=r"client\.download\("):
        answer.image.data  # noqa: B018


def test_what_frames_did_not_keep_is_nowhere_on_a_server_that_keeps_nothing() -> None:
    with scripted(Script()) as target, Client(target) as client:
        chat = client.chat.create("m").append("x")
        answer = final(chat.frames())
        assert answer.image is not None
        with pytest.raises(ValueError, match="were not kept"):
            answer.image.data  # noqa: B018
        with pytest.raises(ValueError, match="were not kept"):
            chat.append(answer)


def test_leaving_a_stream_cancels_it() -> None:
    script = Script(good_stream()[:4], hold=True)
    with scripted(script) as target, Client(target) as client:
        for _ in client.chat.create("m").append("x").stream():
            break
        assert script.ended.wait(10)


async def test_leaving_an_async_stream_cancels_it() -> None:
    script = Script(good_stream()[:4], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target) as client:
            async with contextlib.aclosing(client.chat.create("m").append("x").stream()) as growing:
                async for _ in growing:
                    break
            assert await asyncio.to_thread(script.ended.wait, 10)


def test_turns_can_be_taken_back() -> None:
    chat = Client("127.0.0.1:1").chat.create("m", [system("Be brief")], aspect_ratio="16:9")
    chat.append(user("this", image(PNG))).append(assistant("done"))
    del chat.messages[-2:]
    assert [message.role for message in chat.messages] == [Role.ROLE_SYSTEM]
    assert chat.model == "m"


def test_an_empty_answer_is_no_turn(target: str) -> None:
    with Client(target) as client:
        chat = client.chat.create("gemini/emulator-safety").append("x")
        answer = chat.sample()
        assert answer.blocked.startswith("SAFETY")
        with pytest.raises(ValueError, match="the prompt was blocked"):
            chat.append(answer)


def test_draw(target: str, emulator: Program, tmp_path: Path) -> None:
    with Client(target) as client:
        picture = client.draw("A banana", [PNG], model="gemini/gemini-2.5-flash-image", aspect_ratio="16:9")
    entry = ledger(emulator.address)[-1]
    assert entry["images"][0]["sha256"] == picture.sha256
    assert picture.save(tmp_path / "a.jpg") == tmp_path / "a.png"
    assert (tmp_path / "a.png").read_bytes() == picture.data


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("gemini/emulator-safety", imagewire.Blocked, r"the prompt was blocked \(SAFETY"),
        ("gemini/emulator-image-safety", imagewire.Blocked, r"no picture was drawn \(IMAGE_SAFETY: Unable to show"),
        ("gemini/emulator-no-image", imagewire.NoPicture, r"no picture was drawn \(NO_IMAGE"),
    ],
)
def test_no_picture_says_why(target: str, model: str, kind: type[Exception], words: str) -> None:
    with Client(target) as client, pytest.raises(kind, match=words):
        client.draw("x", model=model)


async def test_async_draw(target: str) -> None:
    async with AsyncClient(target) as client:
        assert (await client.draw("A banana")).mime_type == "image/png"
        with pytest.raises(imagewire.Blocked):
            await client.draw("x", model="gemini/emulator-safety")


def test_the_final_picture_is_the_last_that_is_no_draft() -> None:
    with scripted(Script(three_pictures())) as target, Client(target) as client:
        answer = client.chat.create("m").append("x").sample()
    assert len(answer.images) == 3
    assert answer.image is answer.images[-1]  # they are equal


def test_models_and_ping(target: str) -> None:
    with Client(target) as client:
        names = [model.name for model in client.list_models()]
        assert "gemini/gemini-2.5-flash-image" in names
        assert client.get_model("gemini/gemini-2.5-flash-image").name == "gemini/gemini-2.5-flash-image"
        pong = client.ping()
    assert (pong.status, pong.version) == ("SERVING", imagewire.__version__)
    assert 0 < pong.seconds < 10


async def test_async_models_and_ping(target: str) -> None:
    async with AsyncClient(target) as client:
        models: list[Any] = await client.list_models()
        assert await client.get_model(models[0].name) == models[0]
        assert (await client.ping()).status == "SERVING"


def test_the_key_goes_with_a_ping() -> None:
    with scripted(Script()) as target, Client(target) as client, pytest.raises(imagewire.NotSupported):
        client.ping()


def test_the_messages_are_a_list_whose_repr_is_short() -> None:
    with Client("127.0.0.1:1") as client:
        chat = client.chat.create(messages=[system("Draw in ink")]).append(user(image(PNG * 10_000), "A cat"))
    shown = repr(chat.messages)
    assert re.fullmatch(r"\[<ChatMessage, \d+ bytes>, <ChatMessage, \d+ bytes>\]", shown)
    assert str(chat.messages) == shown == f"{chat.messages}"
    assert isinstance(chat.messages, MutableSequence)
    first, second = chat.messages
    assert chat.messages == [first, second] == list(chat.messages) == chat.messages[:]
    assert chat.messages == client.chat.create(messages=chat.messages).messages
    assert chat.messages != [first]
    assert first in chat.messages
    chat.messages.add(content="more")  # type: ignore[attr-defined]  # protobuf's own
    chat.messages.extend([user("and more")])
    chat.messages.reverse()
    assert [message.content for message in chat.messages][1:2] == ["more"]
    assert chat.messages.pop() == first
    chat.messages.clear()
    assert (len(chat.messages), repr(chat.messages)) == (0, "[]")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_copied_chat_has_messages_of_its_own(kind: Any, copied: Callable[[Any], Any]) -> None:
    chat = kind("127.0.0.1:1").chat.create(MODEL, [user("A cat")], aspect_ratio="16:9")
    other = copied(chat).append("Blue")
    assert (type(other), other.model, len(other.messages)) == (type(chat), MODEL, 2)
    assert len(chat.messages) == 1
    assert other._request(None).image_config.aspect_ratio == "16:9"


def test_a_copied_chat_draws(target: str) -> None:
    with Client(target) as client:
        assert copy.deepcopy(client.chat.create(MODEL).append("A cat")).sample().image


def test_a_chat_that_is_pickled_says_what_to_keep() -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(TypeError, match=r"keep chat.model and .* for message in chat"):
        pickle.dumps(client.chat.create(MODEL))
