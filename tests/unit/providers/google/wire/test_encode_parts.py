"""Encoding: an answer's parts go back as they came, and with them what its calls returned."""

import hashlib
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import encode
from tests.pictures import PNG, encoded
from tests.unit.providers.google.wire.test_encode import OPEN

SHA = hashlib.sha256(PNG).digest()
JPEG_AS_PNG = encoded("JPEG", 5, 4)
# Parts of an answer, and what goes back of each. JSON text is compared as text.
ANSWERED: list[tuple[dict[str, Any], str]] = [
    ({"text": "hm", "thought": True}, '{"text":"hm","thought":true}'),
    ({"thought_signature": b"s"}, '{"text":"","thoughtSignature":"cw=="}'),
    (
        {
            "native": {"kind": "executableCode", "value_json": '{"code": "\\u0041", "n": 9007199254740993}'},
            "thought_signature": b"s",
        },
        '{"executableCode":{"code": "\\u0041", "n": 9007199254740993},"thoughtSignature":"cw=="}',
    ),
    (
        {"native": {"kind": "functionCall", "value_json": '{"name":"f","willContinue":true}'}},
        '{"functionCall":{"name":"f","willContinue":true}}',
    ),
    ({"native": {"kind": "x", "value_json": '"\\ud800"'}}, '{"x":"\\ud800"}'),
    (
        {"text": "a", "native_fields": {"partMetadata": '{"k": 1.0}'}},
        '{"text":"a","partMetadata":{"k": 1.0}}',
    ),
    (
        {"function_call": {"id": "1", "name": "f", "args_json": '{"n": 12345678901234567890, "x": 1.50}'}},
        '{"functionCall":{"name":"f","args":{"n": 12345678901234567890, "x": 1.50},"id":"1"}}',
    ),
    (
        {"media": {"data": b"RIFF", "mime_type": "audio/wav", "size_bytes": 4, "display_name": "a"}},
        '{"inlineData":{"mimeType":"audio/wav","data":"UklGRg==","displayName":"a"}}',
    ),
    (
        {"media": {"uri": "gs://b/a.wav", "mime_type": "audio/wav"}},
        '{"fileData":{"fileUri":"gs://b/a.wav","mimeType":"audio/wav"}}',
    ),
    ({"image": {"uri": "gs://b/a.png", "detail": 1}}, '{"fileData":{"fileUri":"gs://b/a.png"}}'),
    (
        {"image": {"uri": "gs://b/a", "mime_type": "image/png", "display_name": "a"}, "thought": True},
        '{"fileData":{"fileUri":"gs://b/a","mimeType":"image/png","displayName":"a"},"thought":true}',
    ),
    # Pictures go back as they were drawn, be they of a kind that no request may show, or labelled wrongly.
    (
        {"image": {"data": b"BM", "mime_type": "application/octet-stream", "size_bytes": 2}},
        '{"inlineData":{"mimeType":"application/octet-stream","data":"Qk0="}}',
    ),
    (
        {"image": {"data": JPEG_AS_PNG, "mime_type": "image/png", "width": 5, "height": 4, "display_name": "p"}},
        f'{{"inlineData":{{"mimeType":"image/png","data":"{b64encode(JPEG_AS_PNG).decode()}","displayName":"p"}}}}',
    ),
]


@pytest.mark.parametrize(("part", "sent"), ANSWERED)
def test_u2_u3_a_part_of_an_answer_goes_back_as_it_came(part: dict[str, Any], sent: str) -> None:
    message = {"role": 3, "parts": [{"text": "before"}, part, {"text": "after"}]}
    spec = pb.Spec(model="m", messages=[{"role": 2, "content": "x"}, message])
    validation.check(spec)
    body = msgspec.json.encode(encode(spec, OPEN)).decode()
    assert f'[{{"text":"before"}},{sent},{{"text":"after"}}]' in body


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ({"data": PNG, "sha256": SHA, "display_name": "a"}, {"sha256": SHA, "display_name": "a"}),
        ({"uri": "gs://b/a.png", "mime_type": "image/png"}, {"uri": "gs://b/a.png"}),
    ],
)
def test_the_part_of_the_final_picture_stands_for_the_messages_image(image: Any, named: Any) -> None:
    messages = [{"role": 2, "content": "x"}, {"role": 3, "image": image, "parts": [{"image": named}]}]
    once = [{"role": 2, "content": "x"}, {"role": 3, "parts": [{"image": image}]}]
    specs = [pb.Spec(model="m", messages=given) for given in (messages, once)]
    for spec in specs:
        validation.check(spec)
    assert encode(specs[0], OPEN) == encode(specs[1], OPEN)


@pytest.mark.parametrize("kind", ["image", "media"])
def test_a_file_elsewhere_goes_back_to_whoever_named_it(kind: str) -> None:
    part = {kind: {"uri": "gs://a/b", "mime_type": "image/png" if kind == "image" else "audio/wav"}}
    spec = pb.Spec(model="x", messages=[{"role": 3, "parts": [part]}])
    (sent,) = encode(spec, models("gemini").unknown)["contents"][0]["parts"]
    assert sent["fileData"]["fileUri"] == "gs://a/b"


def test_pictures_of_a_functions_result() -> None:
    response = {
        "name": "f",
        "response": {"image": {"$ref": "a.png"}},
        "images": [
            {"data": PNG, "display_name": "a.png", "detail": 4},
            {"uri": "gs://b/c", "mime_type": "image/png", "display_name": "c"},
        ],
    }
    spec = pb.Spec(model="m", messages=[{"role": 4, "parts": [{"function_response": response}]}])
    validation.check(spec)
    assert encode(spec, OPEN)["contents"][0]["parts"] == [
        {
            "functionResponse": {
                "name": "f",
                "response": {"image": {"$ref": "a.png"}},
                "parts": [
                    {
                        "inlineData": {"mimeType": "image/png", "data": PNG, "displayName": "a.png"},
                        "mediaResolution": {"level": "MEDIA_RESOLUTION_MEDIUM"},
                    },
                    {"fileData": {"fileUri": "gs://b/c", "mimeType": "image/png", "displayName": "c"}},
                ],
            }
        }
    ]
