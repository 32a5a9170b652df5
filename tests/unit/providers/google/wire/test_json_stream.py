"""What the stream holds while a picture passes: nothing of the picture; and what is no picture."""

import base64
import json

from imagewire_server.providers.google.wire.json_stream import (
    AnswerEnded,
    BlobEnded,
    BlobStarted,
    CandidateEnded,
    Found,
    JsonStream,
    PartEnded,
)


def answer(*parts: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": list(parts)}}]}


def blob(data: bytes) -> dict[str, object]:
    return {"inlineData": {"data": base64.b64encode(data).decode()}}


def read(text: bytes, size: int = 1 << 20) -> tuple[list[Found], int]:
    """All that is found, and the most that was held."""
    stream, found, held = JsonStream(), list[Found](), 0
    for at in range(0, len(text), size):
        found += stream.feed(text[at : at + size])
        held = max(held, len(stream._text))
    stream.close()
    return found, held


def test_a_picture_passes_without_being_held() -> None:
    data = bytes(range(256)) * 4096
    found, held = read(json.dumps(answer({"text": "a"}, blob(data))).encode(), 1000)
    assert b"".join(item for item in found if isinstance(item, bytes)) == data
    assert held < 1100
    first, started, *_, ended, part, candidate, whole = found
    assert first == PartEnded(b'{"text": "a"}')
    assert isinstance(started, BlobStarted)
    assert json.loads(started.part) == {"inlineData": {"data": ""}}
    assert json.loads(started.candidate or b"") == {"content": {"parts": [0, 0]}}
    assert ended == BlobEnded()
    assert part == PartEnded(b'{"inlineData": {"data": ""}}')
    assert candidate == CandidateEnded(b'{"content": {"parts": [0, 0]}}')
    assert whole == AnswerEnded(b'{"candidates": [0]}')


def test_u1_an_array_holds_no_more_than_one_of_its_answers() -> None:
    one = answer(blob(bytes(range(256)) * 400))
    few, many = (read(json.dumps([one] * count).encode(), 1000) for count in (2, 40))
    assert sum(isinstance(item, AnswerEnded) for item in many[0]) == 40
    assert many[1] < few[1] + 200


def test_the_word_data_elsewhere_is_no_picture() -> None:
    call = {"functionCall": {"name": "f", "args": {"data": "QUJD", "inlineData": {"data": "QUJD"}}}}
    text = json.dumps(answer({"text": 'x"data":"'}, call)).encode()
    for size in (1, 3, 1000):
        found, _ = read(text, size)
        assert not any(isinstance(item, BlobStarted | bytes) for item in found)
        assert found[1] == PartEnded(json.dumps(call).encode())


def test_what_stands_beside_the_answers_is_told() -> None:
    for size in (1, 100):
        stream = JsonStream()
        for at in range(0, 6, size):
            list(stream.feed(b"[DONE]"[at : at + size]))
        stream.close()
        assert bytes(stream.outside) == b"DONE"
