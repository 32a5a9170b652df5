"""What is odd in an answer: kinds told behind the bytes, texts that would leave their string, drafts told late."""

import base64
import json
from typing import Any

import pytest

from imagewire_server.contract.events import StreamEvent
from imagewire_server.formats.openai.chat.answer import ImageFields
from imagewire_server.formats.openai.images.answer import ImagesStream
from tests.golden.invented import (
    AUDIO,
    KIND,
    NATIVE,
    WAV,
    Make,
    answer,
    blob,
    chat,
    data_url,
    each_fields,
    images,
    response,
    streamed,
    text,
    whole,
)
from tests.golden.test_rest import written
from tests.pictures import PNG
from tests.unit.formats.openai.asked import USER, spec


@each_fields
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize(
    ("mime_type", "kind"), [("audio/wav", KIND.PART_KIND_IMAGE), ("image/png", KIND.PART_KIND_MEDIA)]
)
def test_u10_u11_the_end_of_a_part_says_what_it_is(
    fields: ImageFields, stream: bool, mime_type: str, kind: Any
) -> None:
    """A media type behind the bytes: what they looked like is not what they are."""
    events = answer(text("Here"), blob(WAV, mime_type, known=False, kind=kind))
    message = streamed(events, fields) if stream else chat(events, fields)["choices"][0]["message"]
    url = data_url(mime_type, WAV)
    if mime_type == "audio/wav":
        assert not message.keys() & {"image", "images"}
        assert [entry["url"] for entry in message["provider_specific_fields"]["media"]] == [url]
    else:
        assert "provider_specific_fields" not in message
        assert not fields.image or message["image"]["url"] == url
        assert not fields.images or message["images"][0]["image_url"]["url"] == url
    items = response(events, stream=stream)["output"]
    assert [item["type"] for item in items] == [
        "message",
        "message" if mime_type == "audio/wav" else "image_generation_call",
    ]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u11_what_was_written_as_a_picture_says_that_it_is_none(stream: bool) -> None:
    """The provider said one media type in front of the bytes and another behind them."""

    def contradiction(i: int) -> list[StreamEvent]:
        events = blob(WAV, "audio/wav", kind=KIND.PART_KIND_IMAGE)(i)
        events[0].part_started.mime_type = "image/png"
        return events

    events = answer(text("Here"), contradiction)
    message = streamed(events) if stream else chat(events)["choices"][0]["message"]
    assert "image" not in message
    assert [entry["mime_type"] for entry in message["images"]] == ["audio/wav"]
    [_, part] = spec("chat", messages=[*USER, {"role": "assistant", **message}]).messages[1].parts
    assert (part.media.data, part.media.mime_type) == (WAV, "audio/wav")


ODD = ['image/png","x":"y', "image/png\\", "image/png\n\ndata: {}", "image/png;a=b;c", '"', "\u2028/x", "image/\ud7ff"]


@each_fields
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("known", [False, True])
def test_u9_nothing_of_the_providers_leaves_its_json_string(odd: str, fields: ImageFields, known: bool) -> None:
    native = whole("NATIVE", native={"kind": odd, "value_json": '{"a":\n\r\n 1}'})
    media = blob(WAV, odd, known=known, kind=KIND.PART_KIND_MEDIA)

    def picture(i: int) -> list[StreamEvent]:
        events = blob(PNG, "image/png", known=known)(i)
        events[0].part_started.mime_type = odd if known else ""
        events[-1].part_finished.image.mime_type = odd
        return events

    named = whole("IMAGE", image={"uri": f"gs://b/{odd}", "mime_type": odd, "display_name": odd})
    end = {"native_finish_reason": odd, "finish_message": odd, "native_fields": {odd: '"x"'}}
    events = answer(picture, media if not odd.startswith("image") else native, native, named, end=end)
    message = chat(events, fields)["choices"][0]["message"]
    assert streamed(events, fields) == message
    if fields.image:  # the final one is elsewhere
        assert message["image"] == {"url": f"gs://b/{odd}", "detail": "auto", "format": odd, "display_name": odd}
    if fields.images:
        assert base64.b64decode(message["images"][0]["image_url"]["url"].partition(";base64,")[2]) == PNG
    for stream in (False, True):
        items = response(events, stream=stream)["output"]
        assert items[0]["result"] == base64.b64encode(PNG).decode()
    assert images(events)["data"][0]["b64_json"] == base64.b64encode(PNG).decode()
    body = written(ImagesStream("image_generation", "id", drafts=0), events).decode()
    assert len([json.loads(event.partition("\ndata: ")[2]) for event in body.split("\n\n")[:-1]]) == 2


DRAFT = blob(b"draft" * 9, "image/png", thought=True)
FINAL = blob(PNG, "image/png")
HM = text("Hm", thought=True)


@pytest.mark.parametrize(
    "parts",
    [
        [DRAFT, text("Here"), FINAL],
        [HM, DRAFT, text("Here"), FINAL, text("!")],
        [text("Here"), FINAL, DRAFT],
        [DRAFT, text("Here")],
        [DRAFT, text("Here"), DRAFT],
        [FINAL, DRAFT, text("Here"), FINAL],
        [DRAFT, NATIVE, AUDIO],
    ],
)
@pytest.mark.parametrize("drafts", [None, 0, 3])
def test_u10_items_are_in_order_and_each_is_completed(parts: list[Make], drafts: int | None) -> None:
    """`thought` stands behind the picture: it is not known before the picture's end that it is a draft."""
    made = response(answer(*parts), stream=drafts is not None, drafts=drafts or 0)["output"]
    assert all(item["status"] == "completed" for item in made)
    assert all(item.get("result") for item in made if item["type"] == "image_generation_call")
    expected = [_item(part) for part in parts]
    expected += ["image_generation_call"] if FINAL not in parts else []  # what the last draft completes
    assert [item["type"] for item in made] == expected


def _item(part: Make) -> str:
    return {FINAL: "image_generation_call", HM: "reasoning", DRAFT: "reasoning"}.get(part, "message")


@pytest.mark.parametrize("levels", [50, 400, 9000])
@pytest.mark.parametrize(("front", "behind"), [("[", "]"), ('{"[{\\"":', "}"), ('[{}, "]", ', "]")])
def test_u4_what_is_nested_deep_does_not_cost_the_picture(levels: int, front: str, behind: str) -> None:
    value = front * levels + "1" + behind * levels
    native = whole("NATIVE", native={"kind": "toolCall", "value_json": value}, native_fields={"deep": value})
    events = answer(blob(PNG, "image/png"), native, end={"native_fields": {"deep": value}})
    message = chat(events)["choices"][0]["message"]
    assert message["image"]["url"] == data_url("image/png", PNG)
    [part] = message["provider_specific_fields"]["native_parts"]
    assert (part["value"] == json.loads(value)) if levels == 50 else (part["value_json"] == value)
    assert images(events)["data"][0]["b64_json"] == base64.b64encode(PNG).decode()
    assert response(events, stream=True)["output"][0]["result"] == base64.b64encode(PNG).decode()
