"""What stands beside the pictures of /v1/images."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.encoder import ImageRef
from imagewire_server.formats.openai.images.other_parts import Beside
from tests.unit.formats.openai.answered import ended, finished, native, picture, text

WAV = {"index": 0, "part": 1, "mime_type": "audio/wav", "url": "data:audio/wav;base64,KEPT"}


def beside(events: list[pb.Event]) -> tuple[Any, set[Any]]:
    made = Beside()
    for event in events:
        if isinstance(event, pb.Event):
            made.add(event.WhichOneof("event"), event)
    pieces = made.pieces()
    said = b"".join(b"KEPT" if isinstance(piece, ImageRef) else piece for piece in pieces)
    return (json.loads(b'{"a":1' + said + b"}").get("provider_specific_fields") if pieces else None), made.media


@pytest.mark.parametrize(
    ("events", "expected", "kept"),
    [
        ([], None, set()),
        ([*text("A"), *picture(b"A", 1), *ended(), *finished()], None, set()),
        ([pb.Event(heartbeat={}), pb.Event()], None, set()),
        (native(2), {"native_parts": [{"index": 0, "part": 2, "kind": "code", "value": [1]}]}, set()),
        (picture(b"A", 1, "audio/wav"), {"media": [WAV]}, {(0, 1)}),
        (
            [*picture(b"A", 1, "audio/wav"), *native(2), *native(3), *picture(b"A", 1, "audio/wav", candidate=1)],
            {
                "native_parts": [
                    {"index": 0, "part": 2, "kind": "code", "value": [1]},
                    {"index": 1, "part": 3, "kind": "code", "value": [1]},
                ],
                "media": [WAV, {**WAV, "index": 1}],
            },
            {(0, 1), (1, 1)},
        ),
        (ended(native_fields={"a": "1"}), {"candidate": {"native_fields": {"a": 1}}}, set()),
        (
            [*ended(native_fields={"a": "1"}), *finished(continuation_token=b"A", usage={"service_tier": "flex"})],
            {"continuation_token": "QQ==", "candidate": {"native_fields": {"a": 1}}},
            set(),
        ),
    ],
)
def test_what_stands_beside(events: list[Any], expected: Any, kept: set[Any]) -> None:
    assert beside(events) == (expected, kept)
