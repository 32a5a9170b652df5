"""Answers with odd parts, or odd pictures: what is whole arrives, what is corrupt is an error."""

import base64
from typing import Any

import pytest

from tests.golden.cases import read
from tests.unit.providers.google.wire.odd_answers import (
    PICTURE,
    SIGNATURE,
    WAV,
    answer,
    events,
    text,
    told,
    words,
)

NATIVE = [
    ({"executableCode": {"language": "PYTHON", "code": "1"}}, 'executableCode={"language": "PYTHON", "code": "1"}'),
    ({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}, 'codeExecutionResult={"outcome": "OUTCOME_OK"}'),
    ({"toolCall": {"id": 2**60}}, f'toolCall={{"id": {2**60}}}'),
    ({"toolResponse": {}}, "toolResponse={}"),
    ({"functionResponse": {"name": "f"}}, 'functionResponse={"name": "f"}'),
    ({"executable_code": {"code": ""}}, 'executableCode={"code": ""}'),
    ({"videoMetadata": {"fps": 1.50}}, 'videoMetadata={"fps": 1.5}'),
    ({"kindOfNextYear": [1, "\ud800"]}, 'kindOfNextYear=[1, "\\ud800"]'),
    ({"kindOfNextYear": 1, "partMetadata": {"a": 1}}, 'kindOfNextYear=1 partMetadata={"a": 1}'),
    ({"partMetadata": {"a": 1}, "kindOfNextYear": 1}, 'kindOfNextYear=1 partMetadata={"a": 1}'),
    ({"functionCall": {"name": "f", "partialArgs": []}}, 'functionCall={"name": "f", "partialArgs": []}'),
    ({"functionCall": {"name": ""}}, 'functionCall={"name": ""}'),
    ({"functionCall": {"name": "f" * 129}}, f'functionCall={{"name": "{"f" * 129}"}}'),
    ({"functionCall": {"name": "f", "args": [1]}}, 'functionCall={"name": "f", "args": [1]}'),
    ({"fileData": {"fileUri": "files/abc"}}, 'fileData={"fileUri": "files/abc"}'),
    ({"fileData": {"uri": "gs://b/o"}}, 'fileData={"uri": "gs://b/o"}'),
    ({"fileData": {"fileUri": "gs://b/o.png", "mimeType": "image/png"}}, "picture at gs://b/o.png"),
    ({"fileData": {"fileUri": "gs://b/o.jpg"}}, "picture at gs://b/o.jpg"),
    ({"fileData": {"fileUri": "gs://b/o", "mimeType": "video/mp4"}}, "video/mp4 at gs://b/o"),
]


@pytest.mark.parametrize(("part", "words"), NATIVE, ids=[words for _, words in NATIVE])
def test_u2_a_part_of_a_kind_that_the_contract_lacks(part: dict[str, Any], words: str) -> None:
    assert told(text(answer({"text": "a"}, part, PICTURE))) == ["text a", words, "picture", "STOP"]
    assert told(events(answer(part, finish=None), answer(PICTURE))) == [words, "picture", "STOP"]


@pytest.mark.parametrize("part", [{}, {"thought": True}, {"text": ""}, {"text": None, "inlineData": None}])
def test_u2_an_empty_part_is_none(part: dict[str, Any]) -> None:
    assert told(text(answer(part, PICTURE))) == ["picture", "STOP"]


def test_u3_a_signature_stays_with_its_part() -> None:
    signed = {"toolCall": {"a": 1}, "thoughtSignature": SIGNATURE}
    assert told(text(answer({"text": "a"}, signed, {"text": "b"}, PICTURE))) == [
        "text a",
        'toolCall={"a": 1} signed',
        "text b",
        "picture",
        "STOP",
    ]
    assert told(text(answer({**PICTURE, "thoughtSignature": SIGNATURE}))) == ["picture signed", "STOP"]
    assert told(text(answer(PICTURE, {"thoughtSignature": SIGNATURE}))) == ["picture", "text  signed", "STOP"]
    blob_first = text(answer(PICTURE)).replace(b'"data":', b'"data" :')
    assert told(blob_first) == ["picture", "STOP"]


MEDIA: list[tuple[str, bytes, str]] = [
    ("audio/wav", WAV, "audio/wav"),
    ("audio/L16;codec=pcm;rate=24000", bytes(64), "audio/l16;codec=pcm;rate=24000"),
    ("application/pdf", b"%PDF-1.7", "application/pdf"),
    ("", WAV, "application/octet-stream"),
    ("application/octet-stream", bytes(3), "application/octet-stream"),
]


@pytest.mark.parametrize(("said", "data", "kept"), MEDIA)
@pytest.mark.parametrize("order", [1, -1])
def test_u11_other_media_is_no_picture_and_not_lost(said: str, data: bytes, kept: str, order: int) -> None:
    blob = dict(list({"mimeType": said, "data": base64.b64encode(data).decode()}.items())[::order])
    made = read(text(answer(PICTURE, {"inlineData": blob})))
    assert words(made) == ["picture", kept, "STOP"]
    (part,) = [event["part_finished"] for event in made if "media" in event.get("part_finished", {})]
    assert part["media"]["size_bytes"] == str(len(data))
    chunks = [event["media_chunk"]["data"] for event in made if "media_chunk" in event]
    assert base64.b64decode("".join(chunks)) == data


@pytest.mark.parametrize(
    ("args", "told_as"),
    [
        ({"args": {"a": 1}}, 'call f {"a": 1.0}'),
        ({"args": {}}, "call f {}"),
        ({"args": None}, "call f {}"),
        ({}, "call f {}"),
        ({"args": {"n": 2**60}}, f'call f {{"n": {2**60}}}'),
        ({"id": "1", "args": {"a": [{"b": None}]}}, 'call f {"a": [{"b": null}]}'),
    ],
)
def test_a_call_has_its_arguments_exactly(args: dict[str, Any], told_as: str) -> None:
    assert told(text(answer({"functionCall": {"name": "f", **args}}))) == [told_as, "STOP"]


def test_a_damaged_picture_is_dropped_and_the_next_one_has_its_place() -> None:
    broken = {"inlineData": {"mimeType": "image/png", "data": "!!!!"}}
    assert told(text(answer(broken, {"text": "a"}, PICTURE))) == ["text a", "picture", "error UPSTREAM_MALFORMED"]


def test_what_is_beside_the_parts_of_a_candidate() -> None:
    beside = {"groundingMetadata": {"a": 1.50}, "citationMetadata": {"b": []}, "avgLogprobs": -0.5, "tokenCount": 7}
    made = read(text(answer({"text": "a"}, finishMessage="why", **beside)))
    (end,) = [event["candidate_finished"] for event in made if "candidate_finished" in event]
    assert (end["finish_message"], end["native_finish_reason"]) == ("why", "STOP")
    assert "1.5" in str(end)
    assert "avgLogprobs" in str(end)
