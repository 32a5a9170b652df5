"""The output items of a response, and their events in order."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.encoder import ImageRef, Piece
from imagewire_server.formats.openai.responses.output import Output
from tests.unit.formats.openai.answered import STARTED, call, ended, native, picture, text, whole

OWN = "provider_specific_fields"
IG = "image_generation_call"


def joined(pieces: list[Piece]) -> bytes:
    return b"".join(f"KEPT{piece.key}".encode() if isinstance(piece, ImageRef) else piece for piece in pieces)


def fed(*parts: list[Any], drafts: int = 0, end: bool = True) -> tuple[list[tuple[str, Any]], list[Any], Output]:
    """The events, each with its fields; and the items at the end."""
    output = Output(drafts)
    output.start(STARTED.started)
    told = []
    for event in [*(event for part in parts for event in part), *(ended() if end else [])]:
        if not isinstance(event, pb.Event):
            continue
        for name, fields, behind in output.feed(event.WhichOneof("event"), event):
            # As it is now: the item may change later.
            body = (
                json.dumps(fields).encode() if not behind else json.dumps(fields).encode()[:-1] + joined(behind) + b"}"
            )
            told.append((name, json.loads(body)))
    return told, [json.loads(joined(item.pieces())) for item in output.items], output


def message(index: int, content: list[Any], **more: Any) -> dict[str, Any]:
    ident = f"msg_0f_{index}"
    return {"id": ident, "type": "message", "status": "completed", "role": "assistant", "content": content, **more}


def thought(index: int, *texts: str, **more: Any) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": one} for one in texts]
    return {"id": f"rs_0f_{index}", "type": "reasoning", "status": "completed", "summary": summary, **more}


def written(said: str) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}


def drawn(part: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"ig_0f_0_{part}",
        "type": IG,
        "status": "completed",
        "output_format": "png",
        "result": f"KEPT(0, {part})",
        **more,
    }


def draft(index: int, part: int) -> dict[str, Any]:
    url = {"url": f"data:image/png;base64,KEPT(0, {part})", "detail": "auto"}
    images = [{"type": "image_url", "index": 0, "image_url": url, "thought": True}]
    return thought(index, **{OWN: {"images": images}})


CALLED = {"id": "fc_0f_0", "type": "function_call", "call_id": "a", "name": "f", "arguments": '{"n":1}'}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([text("A")], [message(0, [written("A")])]),
        ([text("")], [message(0, [written("")])]),
        ([text(["A", "B"]), text("C", 1)], [message(0, [written("ABC")])]),
        ([text("H", thought=True), text("m", 1, thought=True)], [thought(0, "Hm")]),
        (
            [text("H", thought=True), text("A", 1), text("m", 2, thought=True)],
            [thought(0, "H"), message(1, [written("A")]), thought(2, "m")],
        ),
        (
            [text("A", thought_signature=b"A"), text("BC", 1)],
            [
                message(
                    0, [written("ABC")], **{OWN: {"thought_signatures": ["QQ==", None], "parts": ["text:1", "text:2"]}}
                )
            ],
        ),
        (
            [text("H", thought=True, native_fields={"a": "1"})],
            [thought(0, "H", **{OWN: {"native_fields": [{"a": 1}], "parts": ["thought:1"]}})],
        ),
        ([picture(b"A")], [drawn(0)]),
        (
            [text("A"), picture(b"A", 1), text("B", 2)],
            [message(0, [written("A")]), drawn(1), message(2, [written("B")])],
        ),
        (
            [
                picture(
                    b"A",
                    thought_signature=b"A",
                    image={"mime_type": "image/png", "display_name": "cat", "width": 4, "height": 3},
                )
            ],
            [drawn(0, size="4x3", **{OWN: {"thought_signature": "QQ==", "display_name": "cat"}})],
        ),
        (
            [whole("IMAGE", image={"uri": "gs://b/a", "mime_type": "image/png"})],
            [drawn(0, result=None, url="gs://b/a")],
        ),
        ([picture(b"A", thought=True), picture(b"B", 1)], [draft(0, 0), drawn(1)]),
        ([picture(b"A"), picture(b"B", 1, thought=True)], [drawn(0), draft(1, 1)]),
        # The last draft is also the picture if there is no other.
        (
            [picture(b"A", thought=True), picture(b"B", 1, thought=True)],
            [draft(0, 0), draft(1, 1), drawn(1, **{OWN: {"thought": True}})],
        ),
        ([call()], [{**CALLED, "status": "completed"}]),
        ([call(thought=True)], [{**CALLED, "status": "completed", OWN: {"thought": True}}]),
        (
            [native(), picture(b"A", 1, "audio/wav", native_fields={"a": "1"})],
            [
                message(
                    0,
                    [],
                    **{
                        OWN: {
                            "parts": ["native"],
                            "native_parts": [{"index": 0, "part": 0, "kind": "code", "value": [1]}],
                        }
                    },
                ),
                message(
                    1,
                    [],
                    **{
                        OWN: {
                            "native_fields": [{"a": 1}],
                            "parts": ["media"],
                            "media": [
                                {
                                    "index": 0,
                                    "part": 1,
                                    "mime_type": "audio/wav",
                                    "url": "data:audio/wav;base64,KEPT(0, 1)",
                                }
                            ],
                        }
                    },
                ),
            ],
        ),
    ],
    ids=lambda value: str(len(value)),
)
def test_the_items(parts: list[Any], expected: list[Any]) -> None:
    told, items, _ = fed(*parts)
    assert items == expected
    # Each item is added before anything else about it, and is sent whole when it is done.
    added = [fields["output_index"] for name, fields in told if name == "output_item.added"]
    done = [(fields["output_index"], fields["item"]) for name, fields in told if name == "output_item.done"]
    assert added == list(range(len(expected)))
    assert sorted(done, key=lambda one: one[0]) == list(enumerate(expected))


def at(kind: str, index: int = 0) -> dict[str, Any]:
    return {"item_id": f"{kind}_0f_{index}", "output_index": index}


def test_the_events_of_a_text() -> None:
    told, [item], _ = fed(text(["A", "B"]))
    here = {**at("msg"), "content_index": 0}
    assert told == [
        ("output_item.added", {"output_index": 0, "item": message(0, []) | {"status": "in_progress"}}),
        ("content_part.added", {**here, "part": written("")}),
        ("output_text.delta", {**here, "delta": "A", "logprobs": []}),
        ("output_text.delta", {**here, "delta": "B", "logprobs": []}),
        ("output_text.done", {**here, "text": "AB", "logprobs": []}),
        ("content_part.done", {**here, "part": written("AB")}),
        ("output_item.done", {"output_index": 0, "item": item}),
    ]


def test_the_events_of_a_thought() -> None:
    told, [item], _ = fed(text("Hm", thought=True))
    here, part = {**at("rs"), "summary_index": 0}, {"type": "summary_text", "text": "Hm"}
    assert told == [
        ("output_item.added", {"output_index": 0, "item": thought(0) | {"status": "in_progress"}}),
        ("reasoning_summary_part.added", {**here, "part": part | {"text": ""}}),
        ("reasoning_summary_text.delta", {**here, "delta": "Hm"}),
        ("reasoning_summary_text.done", {**here, "text": "Hm"}),
        ("reasoning_summary_part.done", {**here, "part": part}),
        ("output_item.done", {"output_index": 0, "item": item}),
    ]


def test_the_events_of_a_call() -> None:
    told, [item], _ = fed(call())
    assert told == [
        ("output_item.added", {"output_index": 0, "item": {**CALLED, "status": "in_progress", "arguments": ""}}),
        ("function_call_arguments.delta", {**at("fc"), "delta": '{"n":1}'}),
        ("function_call_arguments.done", {**at("fc"), "name": "f", "arguments": '{"n":1}'}),
        ("output_item.done", {"output_index": 0, "item": item}),
    ]


@pytest.mark.parametrize(("drafts", "sent"), [(0, []), (1, [0]), (2, [0, 1]), (3, [0, 1])])
def test_drafts_are_partial_images_of_the_next_picture(drafts: int, sent: list[int]) -> None:
    parts = [picture(b"A", thought=True), picture(b"B", 1, thought=True), picture(b"C", 2), picture(b"D", 3)]
    told, items, output = fed(*parts, drafts=drafts)
    here = {"item_id": "ig_0f_0_2", "output_index": 2}
    known = {"background": "opaque", "quality": "auto", "output_format": "png"}
    start = {"id": "ig_0f_0_2", "type": IG, "status": "in_progress", "result": None}
    first = [(name, fields) for name, fields in told if fields.get("output_index") == 2]
    assert first == [
        ("output_item.added", {"output_index": 2, "item": start}),
        (f"{IG}.in_progress", here),
        (f"{IG}.generating", here),
        *[
            (f"{IG}.partial_image", {**here, **known, "partial_image_index": i, "partial_image_b64": f"KEPT(0, {i})"})
            for i in sent
        ],
        (f"{IG}.completed", here),
        ("output_item.done", {"output_index": 2, "item": items[2]}),
    ]
    assert not [name for name, fields in told if fields["output_index"] == 3 and name.endswith("partial_image")]
    assert output.needs == {(0, part) for part in range(4)}


def test_the_number_of_partial_images_is_that_of_the_answer() -> None:
    parts = [picture(b"A", thought=True), picture(b"B", 1), picture(b"C", 2, thought=True), picture(b"D", 3)]
    for drafts in (1, 2):
        told, _, _ = fed(*parts, drafts=drafts)
        sent = [fields["partial_image_index"] for name, fields in told if name == f"{IG}.partial_image"]
        assert sent == list(range(drafts))


def test_the_last_draft_is_the_picture_once() -> None:
    _, items, _ = fed(picture(b"A", thought=True), ended())  # and the end that `fed` adds
    assert [item["type"] for item in items] == ["reasoning", IG]


def test_a_draft_that_is_elsewhere_is_no_partial_image() -> None:
    far = whole("IMAGE", image={"uri": "gs://b/a", "mime_type": "image/png"}, thought=True)
    told, _, _ = fed(far, picture(b"C", 1), drafts=3)
    assert f"{IG}.partial_image" not in [name for name, _ in told]


def test_bytes_are_kept_from_their_first_event() -> None:
    [start, *_, end] = picture(b"A", 1)
    _, _, output = fed([start], end=False)
    assert output.needs == {(0, 1)}
    list(output.feed("part_finished", end))
    assert output.needs == {(0, 1)}  # the item needs them
    _, _, output = fed(picture(b"A", thought=True), drafts=1, end=False)
    assert output.needs == {(0, 0)}


def test_a_text_that_grows_is_not_complete() -> None:
    told, [item], _ = fed(text("A")[:-1], end=False)
    assert [name for name, _ in told] == ["output_item.added", "content_part.added", "output_text.delta"]
    assert (item["status"], item["content"]) == ("in_progress", [])


def test_other_events_add_nothing() -> None:
    output = Output(0)
    for event in (pb.Event(heartbeat={}), pb.Event(), pb.Event(text_delta={"text": "A"})):
        assert list(output.feed(event.WhichOneof("event"), event)) == []
    assert output.items == []
