"""Requests as protobuf's JSON: what is wrong with one is said with its field."""

import json

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.limits import MOST_TEXT, MOST_VALUES
from imagewire_server.formats.connect.proto_json import decode, encode

_WRONG = [
    ("no JSON", b'{"spec":', "", "no valid JSON: Expecting value: line 1"),
    ("no object", b"[1]", "", "object"),
    ("no UTF-8", b'{"requestId":"\xff"}', "", "UTF-8"),
    ("an unknown field", b'{"speck":{}}', "speck", "is no field"),
    ("an unknown field inside", b'{"spec":{"messages":[{"rolle":"user"}]}}', "spec.messages[0].rolle", "is no field"),
    ("a wrong type", b'{"spec":{"model":5}}', "spec.model", "expected string"),
    ("a wrong number", b'{"maxFrameBytes":"many"}', "maxFrameBytes", "many"),
    ("a wrong enum", b'{"onDisconnect":"SOMETIMES"}', "onDisconnect", "SOMETIMES"),
    ("a field given twice", b'{"requestId":"a","requestId":"b"}', "", "no valid JSON: duplicate key"),
    ("two spellings", b'{"requestId":"a","request_id":"b"}', "request_id", "is given as requestId too"),
    (
        "two spellings inside",
        b'{"spec":{"messages":[{},{"parts":[{"image":{"mime_type":"a","mimeType":"b"}}]}],"labels":{"a_b":"1","aB":"2"}}}',
        "spec.messages[1].parts[0].image.mimeType",
        "is given as mime_type too",
    ),
    ("a truth for a number", b'{"maxFrameBytes":true}', "maxFrameBytes", "true or false"),
    ("a truth for an enum", b'{"onDisconnect":true}', "onDisconnect", "true or false"),
    (
        "no base64",
        b'{"spec":{"messages":[{"image":{"data":"AA*A"}}]}}',
        "spec.messages[0].image.data",
        "no valid base64",
    ),
    ("padding inside", b'{"spec":{"continuationToken":"AA==AAAA"}}', "spec.continuationToken", "no valid base64"),
    ("too deep", b'{"spec":' * 5_000, "", "nested more than 32 levels"),
    ("too many values", b'{"a":[' + b"1," * (MOST_VALUES + 1) + b"1]}", "", "values"),
]


@pytest.mark.parametrize(("data", "field", "words"), [row[1:] for row in _WRONG], ids=[row[0] for row in _WRONG])
def test_what_is_wrong_is_named(data: bytes, field: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(data, pb.StreamCompletionRequest)
    [violation] = caught.value.violations
    assert violation.field == field
    assert words in violation.description
    assert len(violation.description) <= 550


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_taken_of_json_is_no_deeper_than_what_is_taken_of_protobuf(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    # The request, its spec and the extra_body are three levels.
    body = '{"spec":{"extraBody":{"a":' + opening * 29 + "1" + closing * 29 + "}}}"
    made = decode(body.encode(), pb.StreamCompletionRequest)
    assert pb.StreamCompletionRequest.FromString(made.SerializeToString()) == made
    deeper = body.replace("1", opening + "1" + closing)
    with pytest.raises(InvalidRequest, match="nested more than 32 levels"):
        decode(deeper.encode(), pb.StreamCompletionRequest)


def test_a_long_text_is_no_picture() -> None:
    text = b"a" * (MOST_TEXT + 1)
    with pytest.raises(InvalidRequest, match="bytes of text"):
        decode(b'{"spec":{"messages":[{"content":"%b"}]}}' % text, pb.StreamCompletionRequest)
    picture = b"AAAA" * (MOST_TEXT // 2)
    made = decode(b'{"spec":{"messages":[{"image":{"data":"%b"}}]}}' % picture, pb.StreamCompletionRequest)
    assert len(made.spec.messages[0].image.data) == MOST_TEXT // 2 * 3


def test_names_inside_extra_body_are_the_providers() -> None:
    given = {"a_b": 1, "aB": 2}
    made = decode(
        json.dumps({"spec": {"extra_body": given, "labels": {"a_b": "1", "aB": "2"}}}).encode(),
        pb.StreamCompletionRequest,
    )
    assert dict(made.spec.extra_body) == given
    assert dict(made.spec.labels) == {"a_b": "1", "aB": "2"}


@pytest.mark.parametrize("name", ["request_id", "requestId"])
def test_names_are_taken_in_both_spellings(name: str) -> None:
    made = decode(json.dumps({name: "order-7", "spec": {"model": "m"}}).encode(), pb.StreamCompletionRequest)
    assert (made.request_id, made.spec.model) == ("order-7", "m")


def test_nothing_is_an_empty_message() -> None:
    assert decode(b"", pb.ListModelsRequest) == pb.ListModelsRequest()


def test_bytes_are_base64() -> None:
    event = pb.Event(sequence=3, image_chunk=pb.ImageChunk(offset=2, data=b"\x00\xff"))
    assert json.loads(encode(event)) == {"sequence": "3", "imageChunk": {"offset": "2", "data": "AP8="}}
    assert decode(bytearray(encode(event)), pb.Event) == event
