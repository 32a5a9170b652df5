"""`provider_specific_fields`: what OpenAI's format has no field for."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import provider_fields
from imagewire_server.formats.openai.common.encoder import ImageRef, Piece, encoded


def joined(pieces: list[Piece]) -> Any:
    """The JSON, with "KEPT" for kept bytes."""
    return json.loads(b"".join(b"KEPT" if isinstance(piece, ImageRef) else piece for piece in pieces))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], {}),
        ([("thought:1", b"", {}), ("text:2", b"", {}), ("image", b"", {})], {}),
        ([("image", b"", {}), ("text:2", b"", {})], {"parts": ["image", "text:2"]}),
        ([("native", b"", {})], {"parts": ["native"]}),
        (
            [("text:2", b"A", {}), ("image", b"", {})],
            {"thought_signatures": ["QQ==", None], "parts": ["text:2", "image"]},
        ),
        (
            [("text:2", b"", {}), ("image", b"", {"native_fields": {"a": 1}})],
            {"native_fields": [None, {"a": 1}], "parts": ["text:2", "image"]},
        ),
        (
            [("text:2", b"", {"native_fields": {"a": 1}, "native_fields_json": {"b": "1e400"}})],
            {"native_fields": [{"a": 1}], "native_fields_json": [{"b": "1e400"}], "parts": ["text:2"]},
        ),
    ],
)
def test_what_rebuilds_the_parts(parts: list[tuple[str, bytes, dict[str, Any]]], expected: dict[str, Any]) -> None:
    assert provider_fields.of_parts(parts) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            pb.PartFinished(part_index=2, native={"kind": "code", "value_json": "[1]"}),
            {"index": 1, "part": 2, "kind": "code", "value": [1]},
        ),
        (
            pb.PartFinished(thought=True, native={"kind": "code", "value_json": "1e400"}),
            {"index": 1, "part": 0, "kind": "code", "thought": True, "value_json": "1e400"},
        ),
    ],
)
def test_a_native_part(part: pb.PartFinished, expected: dict[str, Any]) -> None:
    assert json.loads(encoded(provider_fields.native_part(part, 1))) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            pb.PartFinished(part_index=2, media={"data": b"A", "mime_type": "audio/wav"}),
            {"index": 1, "part": 2, "mime_type": "audio/wav", "url": "data:audio/wav;base64,KEPT"},
        ),
        (
            pb.PartFinished(thought=True, media={"uri": "gs://b/a", "mime_type": "audio/wav", "display_name": "song"}),
            {
                "index": 1,
                "part": 0,
                "mime_type": "audio/wav",
                "thought": True,
                "display_name": "song",
                "url": "gs://b/a",
            },
        ),
    ],
)
def test_other_media(part: pb.PartFinished, expected: dict[str, Any]) -> None:
    pieces = provider_fields.media(part, 1)
    assert joined(pieces) == expected
    assert [piece.key for piece in pieces if isinstance(piece, ImageRef)] == ([] if part.media.uri else [(0, 2)])


@pytest.mark.parametrize(
    ("entries", "expected"),
    [([], []), ([[b"1"]], [1]), ([[b"1"], [b'"', b"a", b'"'], [b"{}"]], [1, "a", {}])],
)
def test_a_list_of_entries(entries: list[list[Piece]], expected: list[Any]) -> None:
    assert joined(provider_fields.joined(entries)) == expected


@pytest.mark.parametrize(
    ("plain", "entries", "expected"),
    [
        ({}, [], {}),
        ({"a": 1}, [], {"a": 1}),
        ({}, [[b"1"]], {"images": [1]}),
        ({"a": 1}, [[b"1"], [b"2"]], {"a": 1, "images": [1, 2]}),
    ],
)
def test_an_object_with_a_list(plain: dict[str, Any], entries: list[list[Piece]], expected: dict[str, Any]) -> None:
    assert joined(provider_fields.whole(plain, entries, "images")) == expected


def test_the_list_is_of_media_unless_it_is_named() -> None:
    assert joined(provider_fields.whole({}, [[b"1"]])) == {"media": [1]}


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        (pb.Finished(), {}),
        (pb.Finished(model_status={}), {"model_status": {}}),
        (
            pb.Finished(
                continuation_token=b"A",
                model_status={"stage": "PREVIEW", "message": "Soon", "retirement_time": {"seconds": 1767225600}},
                native_fields={"a": "[1]", "b": "1e400"},
                omitted_fields=["c"],
            ),
            {
                "continuation_token": "QQ==",
                "model_status": {"stage": "PREVIEW", "retirement_time": "2026-01-01T00:00:00Z", "message": "Soon"},
                "native_fields": {"a": [1]},
                "native_fields_json": {"b": "1e400"},
                "omitted_fields": ["c"],
            },
        ),
    ],
)
def test_those_of_a_whole_answer(finished: pb.Finished, expected: dict[str, Any]) -> None:
    assert json.loads(encoded(provider_fields.answer(finished))) == expected
