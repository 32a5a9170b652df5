"""What is read of a request in Google's format, whatever shape it has."""

import json
from typing import Any

import pytest

from imagewire_server.contract import message_rules, pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.google.request import spec_of

TEXT, IMAGE = pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


def read(given: Any) -> pb.Spec:
    return spec_of(json.dumps(given).encode(), "m")


def kinds(spec: pb.Spec) -> list[str]:
    return [part.WhichOneof("content") or "" for message in spec.messages for part in message.parts]


def test_what_decides_the_price_is_read_in_any_spelling() -> None:
    for given in (
        {
            "generationConfig": {
                "imageConfig": {"imageSize": "4K", "aspectRatio": "1:1"},
                "responseModalities": ["TEXT", "Image", "AUDIO"],
                "maxOutputTokens": 5,
            },
            "serviceTier": "FLEX",
            "cachedContent": "cachedContents/a",
        },
        {
            "generation_config": {
                "image_config": {"image_size": "4K", "aspect_ratio": "1:1"},
                "response_modalities": ["TEXT", "IMAGE"],
                "max_output_tokens": "5",
            },
            "service_tier": "flex",
            "cached_content": "cachedContents/a",
        },
    ):
        spec = read(given)
        assert spec.model == "m"
        assert (spec.image_config.image_size, spec.image_config.aspect_ratio) == ("4K", "1:1")
        assert list(spec.response_modalities) == [TEXT, IMAGE]
        assert (spec.generation_config.max_output_tokens, spec.service_tier) == (5, "flex")
        assert spec.cached_content == "cachedContents/a"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"contents": [{"parts": [{"text": "a"}, PICTURE]}, {"parts": [{"text": "b"}]}]}, ["text", "image", "text"]),
        ({"contents": {"parts": {"text": "a"}}}, ["text"]),
        ({"contents": "a"}, ["text"]),
        ({"contents": [{"parts": ["a"]}]}, ["text"]),
        ({"systemInstruction": {"parts": [{"text": "a"}]}, "tools": [{"googleSearch": {}}]}, ["text", "text"]),
        ({"contents": [{"parts": [{"inline_data": {"mime_type": "IMAGE/png"}, "text": "a"}]}]}, ["image", "text"]),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4"}}]}]}, ["media"]),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "a"}, "thoughtSignature": "AAAA"}]}]}, ["media"]),
        ({"contents": [{"parts": [{"functionCall": {"name": "f"}}, {"new": 1}]}]}, ["text", "text"]),
        ({"contents": [{"parts": [{"functionResponse": {"parts": [PICTURE]}}]}]}, ["media"]),
        ({"contents": [], "generationConfig": {"candidateCount": 1}}, []),
        ({"generationConfig": {"candidateCount": 2}}, ["media"]),
        ({"generationConfig": {"candidateCount": "8"}}, ["media"]),
        ({"contents": None, "generationConfig": None, "systemInstruction": None, "serviceTier": None}, []),
        ({"contents": [None, 1, [], {"parts": [None, 1, {}, []]}], "generationConfig": 1}, []),
        ({"generationConfig": {"imageConfig": [], "maxOutputTokens": -1, "candidateCount": True}}, []),
        ({"generationConfig": {"maxOutputTokens": 10**30, "candidateCount": "9" * 40}}, []),
        ({"new": {"a": [1, {"b": None}]}}, []),
    ],
)
def test_what_stands_for_the_parts(given: Any, found: list[str]) -> None:
    spec = read(given)
    assert kinds(spec) == found
    assert not list(message_rules.kept_images(spec))


def test_a_text_counts_with_all_of_its_bytes() -> None:
    spec = read({"contents": [{"parts": [{"text": "é" * 100}]}]})
    assert len(spec.messages[0].parts[0].text.encode()) == 200


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_body_is_googles_to_refuse(body: bytes) -> None:
    assert kinds(spec_of(body, "m")) == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"[]", b"null", b'"a"', b"1", b'{"a":NaN}', b"{'a':1}", b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"{}{}"),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 300_000,
    ],
    ids=range(12),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"Invalid JSON payload received|holds more than"):
        spec_of(body, "m")


def test_d3_what_holds_too_much_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="holds more than 100000 values"):
        spec_of(b'{"a":[' + b"0," * 200_000 + b"0]}", "m")
