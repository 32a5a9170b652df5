"""The message of any answer that arrives is a message of the next request: nothing of it is refused or left out."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from imagewire_server.contract import constraints, pb
from imagewire_server.contract.errors import Error, InvalidRequest
from imagewire_server.dialects.gemini import Profile, Reader, encode
from imagewire_server.engine.digests import Digests
from imagewire_server.engine.fold import fold
from tests.fuzz.answer import Answer, build
from tests.fuzz.invent import invent

OPEN = Profile(service="a test", uri_schemes=("https", "gs"))


async def events(answer: Answer) -> AsyncIterator[list[pb.Event]]:
    """What comes out of the reader, with the hashes that the engine adds. Raises Error."""
    reader, digests = Reader(max_frame_bytes=1 << 18), Digests()
    for piece in (*answer.pieces, None):
        found: list[Any] = []
        if piece is None:
            reader.close(found)
        else:
            reader.feed(piece, found)
        for event in found:
            match event.WhichOneof("event"):
                case "image_chunk":
                    digests.add(event.image_chunk)
                case "media_chunk":
                    digests.add(event.media_chunk)
                case "part_finished":
                    digests.finish(event.part_finished)
        yield found


@pytest.mark.parametrize("first", range(0, 1000, 250))
async def test_u2_u3_the_message_of_a_thousand_answers_goes_back(first: int) -> None:
    sent, refused = 0, []
    for seed in range(first, first + 250):
        answer = build(invent(seed))
        try:
            whole = await fold(events(answer), max_inline_bytes=1 << 30)
        except Error:
            continue
        for message in (candidate.message for candidate in whole.candidates if candidate.message.parts):
            spec = pb.Spec(model="m", messages=[pb.ChatMessage(role=pb.Role.ROLE_USER, content="x"), message])
            try:
                constraints.check(spec)
                parts = encode(spec, OPEN)["contents"][1]["parts"]
            except InvalidRequest as error:
                refused.append((seed, error.violations[0]))
                continue
            assert len(json.loads(msgspec.json.encode(parts))) == len(message.parts)
            sent += 1
    assert not refused
    assert sent > 150
