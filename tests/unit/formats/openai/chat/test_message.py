"""The parts of a message are collected for the fields after its pictures."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.formats.openai.chat.message import Gathered, OpenPicture
from imagewire_server.formats.openai.common.encoder import ImageRef, Piece

CALL = {"function_call": {"id": "a", "name": "f", "args_json": '{"n":1}'}}
SHOWN_CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"n":1}'}}
IMAGE = {"image": {"mime_type": "image/png"}}
MEDIA = {"media": {"mime_type": "audio/wav"}}
NATIVE = {"native": {"kind": "code", "value_json": "[1]"}}
OWN = "provider_specific_fields"


def gathered(*steps: pb.TextDelta | pb.PartFinished, all_images: bool = True) -> Gathered:
    """With these texts and parts. A text is a thought if its part is."""
    made = Gathered("cmpl-0f", all_images=all_images)
    thoughts = {step.part_index for step in steps if isinstance(step, pb.PartFinished) and step.thought}
    for step in steps:
        if isinstance(step, pb.TextDelta):
            made.text(step, thought=step.part_index in thoughts)
        else:
            made.part(step)
    return made


def fields(message: Gathered) -> Any:
    def shown(piece: Piece) -> bytes:
        return b"KEPT" if isinstance(piece, ImageRef) else piece

    return json.loads(b"{" + b"".join(map(shown, message.fields())) + b"}")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], {"content": ""}),
        ([pb.TextDelta(text="a"), pb.TextDelta(text='"b'), pb.PartFinished()], {"content": 'a"b'}),
        (
            [pb.TextDelta(text="hm"), pb.PartFinished(thought=True), pb.TextDelta(part_index=1, text="a")],
            {"content": "a", "reasoning_content": "hm"},
        ),
        ([pb.PartFinished(**IMAGE)], {"content": ""}),
        ([pb.PartFinished(**CALL)], {"content": "", "tool_calls": [SHOWN_CALL]}),
        (
            [pb.PartFinished(**CALL), pb.PartFinished(part_index=1, function_call={"name": "g"}, thought=True)],
            {
                "content": "",
                "tool_calls": [
                    SHOWN_CALL,
                    {
                        "index": 1,
                        "id": "call_imagewire_0f_1",
                        "type": "function",
                        "function": {"name": "g", "arguments": "{}"},
                    },
                ],
                OWN: {"parts": ["tool_call", "tool_call:thought"]},
            },
        ),
        (
            [pb.PartFinished(**NATIVE), pb.PartFinished(part_index=1, **MEDIA)],
            {
                "content": "",
                OWN: {
                    "parts": ["native", "media"],
                    "native_parts": [{"index": 0, "part": 0, "kind": "code", "value": [1]}],
                    "media": [{"index": 0, "part": 1, "mime_type": "audio/wav", "url": "data:audio/wav;base64,KEPT"}],
                },
            },
        ),
        (
            [
                pb.TextDelta(text="äb"),
                pb.PartFinished(thought_signature=b"A"),
                pb.TextDelta(part_index=1, text="c"),
                pb.PartFinished(part_index=1, native_fields={"x": "1"}),
            ],
            {
                "content": "äbc",
                OWN: {
                    "thought_signatures": ["QQ==", None],
                    "native_fields": [None, {"x": 1}],
                    "parts": ["text:2", "text:1"],
                },
            },
        ),
    ],
)
def test_the_fields_of_a_message(steps: list[Any], expected: dict[str, Any]) -> None:
    assert fields(gathered(*steps)) == expected


def test_the_final_picture_is_the_last_one_that_is_no_draft() -> None:
    message = gathered()
    assert message.final_key is None
    for step, key in (
        (pb.PartFinished(part_index=0, thought=True, **IMAGE), (0, 0)),
        (pb.PartFinished(part_index=1, thought=True, **IMAGE), (0, 1)),
        (pb.PartFinished(part_index=2, **IMAGE), (0, 2)),
        (pb.PartFinished(part_index=3, thought=True, **IMAGE), (0, 2)),
        (pb.PartFinished(part_index=4, **MEDIA), (0, 2)),
        (pb.PartFinished(part_index=5, candidate_index=0, **IMAGE), (0, 5)),
    ):
        message.part(step)
        assert message.final_key == key


@pytest.mark.parametrize(
    ("all_images", "expected"),
    [
        (True, {"parts": ["image", "text:0", "image"], "thought_signatures": ["QQ==", None, "Qg=="]}),
        (False, {"parts": ["text:0", "image"], "thought_signatures": [None, "Qg=="]}),
    ],
)
def test_only_pictures_that_are_sent_are_parts(all_images: bool, expected: dict[str, Any]) -> None:
    steps = [
        pb.PartFinished(part_index=0, thought_signature=b"A", **IMAGE),
        pb.PartFinished(part_index=1),
        pb.PartFinished(part_index=2, thought_signature=b"B", **IMAGE),
    ]
    assert gathered(*steps, all_images=all_images).extras() == expected


def test_what_was_written_among_the_pictures_is_one_of_them() -> None:
    message = gathered()
    message.part(pb.PartFinished(thought_signature=b"A", **MEDIA), shown=True)
    assert fields(message) == {"content": "", OWN: {"parts": ["image"], "thought_signatures": ["QQ=="]}}
    assert message.final_key is None


@given(st.lists(st.binary(max_size=9), max_size=6))
def test_every_split_of_a_pictures_bytes_gives_the_same_url(chunks: list[bytes]) -> None:
    picture = OpenPicture("image/png")
    written = b"".join([*map(picture.chunk, chunks), picture.close()])
    assert written == b"data:image/png;base64," + base64.b64encode(b"".join(chunks))


def test_pictures_that_are_not_in_the_order_of_their_parts() -> None:
    made = gathered(
        pb.PartFinished(part_index=0, thought=True, **IMAGE),
        pb.PartFinished(part_index=1, **IMAGE),  # type: ignore[arg-type]  # a message's fields
    )
    made.place(1)
    made.place(0)
    assert made.extras()["parts"] == ["image:1", "image:0"]
    [front, *_] = made.fields(content=False)
    assert isinstance(front, bytes)
    assert front.startswith(b'"provider_specific_fields":')
