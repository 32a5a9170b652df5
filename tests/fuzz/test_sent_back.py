"""The message of any answer that arrives is a message of the next request: nothing of it is refused or left out.

Over REST it becomes the very parts that it becomes over gRPC.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import Error, InvalidRequest
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import Capabilities
from imagewire_server.core.fold import fold
from imagewire_server.formats.openai.chat.answer import ChatAnswer, ImageFields
from imagewire_server.formats.openai.responses.answer import ResponsesAnswer
from imagewire_server.providers.google.wire import Reader, encode
from tests.effort import times
from tests.fuzz.answer import Answer, build
from tests.fuzz.invent import invent
from tests.golden.cases import hashed
from tests.golden.test_rest import REQUEST, written
from tests.unit.formats.openai.asked import USER, spec

OPEN = Capabilities(service="a test", uri_schemes=("https", "gs"), fields=frozenset(validation.CHECKS))


async def events(answer: Answer) -> AsyncIterator[list[StreamEvent]]:
    """What comes out of the reader, hashed as the engine does it. Raises Error."""
    reader, found = Reader(), list[Any]()
    for piece in answer.pieces:
        reader.feed(piece, found)
    reader.close(found)
    yield hashed(found)


@pytest.mark.parametrize("first", range(0, 2000, 500))
async def test_u2_u3_the_message_of_an_answer_goes_back(first: int) -> None:
    sent, refused = 0, []
    for seed in range(first, first + times(500)):
        answer = build(invent(seed))
        try:
            whole = await fold(events(answer), max_inline_bytes=1 << 30)
        except Error:
            continue
        for message in (candidate.message for candidate in whole.candidates if candidate.message.parts):
            spec = pb.Spec(model="m", messages=[pb.ChatMessage(role=pb.Role.ROLE_USER, content="x"), message])
            try:
                validation.check(spec)
                parts = encode(spec, OPEN)["contents"][1]["parts"]
            except InvalidRequest as error:
                refused.append((seed, error.violations[0]))
                continue
            assert len(json.loads(msgspec.json.encode(parts))) == len(message.parts)
            sent += 1
    assert not refused
    assert sent > times(300)


@pytest.mark.parametrize("first", range(0, 1000, 500))
async def test_u2_u3_u4_rest_sends_back_what_grpc_does(first: int) -> None:
    sent = 0
    for seed in range(first, first + times(500)):
        answer = build(invent(seed))
        told = [pb.Event(started=pb.Started(completion_id="cmpl-0123456789abcdef", model="gemini/a-model"))]
        try:
            whole = await fold(events(answer), max_inline_bytes=1 << 30)
            told += [event async for some in events(answer) for event in some]
        except Error:
            continue
        if len(whole.candidates) != 1 or not whole.candidates[0].message.parts:
            continue
        wanted = _upstream(
            pb.Spec(messages=[pb.ChatMessage(role="ROLE_USER", content="x"), whole.candidates[0].message])
        )
        message = json.loads(written(ChatAnswer(ImageFields()), told))["choices"][0]["message"]
        assert _upstream(spec("chat", messages=[*USER, message])) == wanted, seed
        items = json.loads(written(ResponsesAnswer(REQUEST), told))["output"]
        assert _upstream(spec("responses", input=[*USER, *items])) == wanted, seed
        sent += 1
    assert sent > times(300)


def _upstream(spec: pb.Spec) -> list[Any]:
    """The parts that Google is sent, without the user's; neighbouring texts that nothing tells apart are one."""
    made: list[Any] = []
    contents = json.loads(msgspec.json.encode(encode(spec, OPEN)["contents"]))
    for part in (part for content in contents[1:] for part in content["parts"]):
        if made and part.keys() == made[-1].keys() <= {"text", "thought"}:
            made[-1]["text"] += part["text"]
        elif part != {"text": ""}:
            made.append(part)
    return made
