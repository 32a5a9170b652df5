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
                "responseModalities": ["TEXT", "Image"],
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
        ({"contents": None, "generationConfig": None, "systemInstruction": None, "serviceTier": None}, []),
        ({"contents": [None, 1, [], {"parts": [None, 1, {}, []]}], "generationConfig": 1}, ["text"]),
        ({"generationConfig": {"imageConfig": [], "maxOutputTokens": -1}}, ["text"]),
        ({"generationConfig": {"maxOutputTokens": 10**30}}, ["text"]),
        ({"new": {"a": [1, {"b": None}]}, "safetySettings": []}, ["text"]),
    ],
)
def test_what_stands_for_the_parts(given: Any, found: list[str]) -> None:
    spec = read(given)
    assert kinds(spec) == found
    assert not list(message_rules.kept_images(spec))


@pytest.mark.parametrize("count", [2, "8", 8.0, "8.0", "8e0", [8], {}, True, 0, -1, 10**30, "9" * 40, ""])
def test_nobody_knows_the_price_of_what_is_not_surely_one_candidate(count: Any) -> None:
    assert kinds(read({"generationConfig": {"candidateCount": count}})) == ["media", "text"]


@pytest.mark.parametrize("count", [None, 1, 1.0, "1"])
def test_one_candidate_has_a_price(count: Any) -> None:
    assert kinds(read({"generationConfig": {"candidateCount": count}})) == ["text"]


def test_numbers_in_place_of_names_have_no_price() -> None:
    """Google takes a number for a value of an enum."""
    spec = read({"serviceTier": 3, "cachedContent": 1, "generationConfig": {"imageConfig": {"imageSize": ["4K"]}}})
    assert (spec.service_tier, spec.cached_content, spec.image_config.image_size) == ("unknown",) * 3
    for modalities in ([1, 2], ["TEXT", 2], "NEW"):
        assert IMAGE in read({"generationConfig": {"responseModalities": modalities}}).response_modalities


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"generationConfig": {"candidateCount": 8}, "generation_config": {"candidateCount": 1}}, "generation_config"),
        ({"cached_content": "a", "cachedContent": None}, "cachedContent"),
        ({"contents": [{"parts": [{"inline_data": {}, "inlineData": {}}]}]}, "inlineData"),
        ({"cached_content": "a", "cached_Content": "b"}, "cached_Content"),
        ({"a" * 100 + "_b": 1, "a" * 100 + "B": 2}, "a" * 64),
    ],
)
def test_a_field_in_two_spellings_is_refused(given: Any, field: str) -> None:
    with pytest.raises(InvalidRequest, match="leave out one of them") as caught:
        read(given)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_names_that_are_no_fields_may_be_alike() -> None:
    call = {"functionCall": {"name": "f", "args": {"a_b": 1, "aB": 2}}}
    assert kinds(read({"contents": [{"parts": [call, {"new": {"a_b": 1, "aB": 2}}]}]})) == ["text", "text"]


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
    words = r"Invalid JSON payload received|holds more than|is nested more than 100 levels"
    with pytest.raises(InvalidRequest, match=words):
        spec_of(body, "m")


def test_d3_what_holds_too_much_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="holds more than 100000 values"):
        spec_of(b'{"a":[' + b"0," * 200_000 + b"0]}", "m")
