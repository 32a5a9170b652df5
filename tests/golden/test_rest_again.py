"""What went out over REST comes back in the next request as the same parts."""

import json

import pytest

from imagewire_server.contract import constraints, pb
from imagewire_server.dialects.openai.chat_answer import ImageFields
from tests.golden.invented import (
    CODE,
    EVENTS,
    EVERY,
    WAV,
    answer,
    blob,
    chat,
    response,
    streamed,
    text,
    whole,
)
from tests.pictures import PNG
from tests.unit.test_openai_requests import USER, spec

FINAL = blob(PNG, "image/png")
CAME = [
    pb.Part(text="Here"),
    pb.Part(
        native={"kind": "executableCode", "value_json": json.dumps(json.loads(CODE), separators=(",", ":"))},
        thought=True,
        thought_signature=b"\1sig",
    ),
    pb.Part(image={"data": PNG, "mime_type": "image/png"}, thought_signature=b"\2sig"),
    pb.Part(text=" it is"),
    pb.Part(
        media={"data": WAV, "mime_type": "audio/wav", "display_name": "a name"},
        native_fields={"partMetadata": '{"a":1}'},
    ),
    pb.Part(function_call={"id": "a", "name": "f", "args_json": '{"n":9007199254740993}'}, thought=True),
    pb.Part(image={"uri": 'gs://bucket/a"b.png', "mime_type": "image/png"}),
    pb.Part(media={"uri": "gs://bucket/a.pdf", "mime_type": "application/pdf"}),
    pb.Part(text="!"),
]


@pytest.mark.parametrize("fields", [EVERY[0], EVERY[2]], ids=["both", "images"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u2_u3_what_a_chat_said_comes_back_part_by_part(fields: ImageFields, stream: bool) -> None:
    message = streamed(EVENTS, fields) if stream else chat(EVENTS, fields)["choices"][0]["message"]
    for also in ({}, {"an_unknown_null": None}):  # which is read another way
        made = spec("chat", messages=[*USER, {**message, **also}])
        constraints.check(made, "spec")
        for part in made.messages[1].parts:
            if part.HasField("image"):
                part.image.ClearField("detail")  # "auto", which says nothing
        assert list(made.messages[1].parts) == CAME


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u2_u3_what_a_response_said_comes_back_part_by_part(stream: bool) -> None:
    made = spec("responses", input=[*USER, *response(EVENTS, stream=stream)["output"]])
    constraints.check(made, "spec")
    parts = [part for message in made.messages[1:] for part in message.parts]
    assert parts == CAME


def test_an_order_that_is_not_openais_comes_back_without_signatures() -> None:
    message = chat(answer(text("a"), FINAL, text("b")))["choices"][0]["message"]
    assert message["provider_specific_fields"] == {"parts": ["text:1", "image", "text:1"]}
    assert "provider_specific_fields" not in chat(answer(text("a"), FINAL))["choices"][0]["message"]


@pytest.mark.parametrize("said", ["image/jpeg", "image/avif", "application/octet-stream"])
@pytest.mark.parametrize("data", [PNG, b"\0\0\0\x1cftypnone"], ids=["png", "unknown"])
def test_a_picture_of_an_answer_keeps_the_media_type_that_the_answer_said(said: str, data: bytes) -> None:
    events = answer(blob(data, said, kind=pb.PartKind.PART_KIND_IMAGE, image={"mime_type": said}))
    wanted = said if "image/" in said or data != PNG else ""
    for fields in EVERY:
        for message in (chat(events, fields)["choices"][0]["message"], streamed(events, fields)):
            [part] = spec("chat", messages=[*USER, message]).messages[1].parts
            assert part.image.mime_type == wanted
    [part] = spec("responses", input=[*USER, *response(events, stream=False)["output"]]).messages[1].parts
    assert part.image.mime_type == wanted


@pytest.mark.parametrize("fields", EVERY, ids=["both", "image", "images"])
def test_a_media_type_behind_the_bytes_that_contradicts_is_the_right_one(fields: ImageFields) -> None:
    events = answer(blob(PNG, "image/png", image={"mime_type": "image/jpeg"}))
    for message in (chat(events, fields)["choices"][0]["message"], streamed(events, fields)):
        [part] = spec("chat", messages=[*USER, message]).messages[1].parts
        assert part.image.mime_type == "image/jpeg"


def test_u4_the_name_of_a_picture_comes_back() -> None:
    events = answer(blob(PNG, "image/png", image={"mime_type": "image/png", "display_name": "a name"}))
    made = [spec("responses", input=[*USER, *response(events, stream=False)["output"]])]
    made += [spec("chat", messages=[*USER, chat(events, fields)["choices"][0]["message"]]) for fields in EVERY]
    assert [one.messages[1].parts[0].image.display_name for one in made] == ["a name"] * 4


@pytest.mark.parametrize("uri", ["https://host.example/a", "gs://bucket/a", "gs://bucket/a.png", "files/abc"])
def test_u2_a_picture_that_is_elsewhere_comes_back_by_its_address(uri: str) -> None:
    for mime_type in ("image/png", ""):
        events = answer(whole("IMAGE", image={"uri": uri, "mime_type": mime_type}))
        message = chat(events)["choices"][0]["message"]
        items = response(events, stream=False)["output"]
        for made in (spec("chat", messages=[*USER, message]), spec("responses", input=[*USER, *items])):
            [part] = made.messages[1].parts
            assert (part.image.uri, part.image.mime_type) == (uri, mime_type)


def test_a_picture_whose_bytes_do_not_tell_its_type_comes_back_with_it() -> None:
    avif = blob(b"\0\0\0\x1cftypavif", "image/avif")
    message = chat(answer(avif))["choices"][0]["message"]
    [part] = spec("chat", messages=[*USER, message]).messages[1].parts
    assert part.image.mime_type == "image/avif"
    items = response(answer(avif), stream=False)["output"]
    [part] = spec("responses", input=[*USER, *items]).messages[1].parts
    assert part.image.mime_type == "image/avif"


def test_a_blocked_prompt_and_ratings_of_one_that_is_not() -> None:
    feedback = {"block_reason": "SAFETY", "safety_ratings": [{"category": "P", "severity": "S"}]}
    started, *_ = answer()
    events = [started, pb.Event(finished={"prompt_feedback": feedback})]
    [choice] = chat(events)["choices"]
    assert choice["native_finish_reason"] == "SAFETY"
    assert choice["safety_ratings"][0]["severity"] == "S"
    assert "provider_specific_fields" not in chat(events)
    assert response(events, stream=True)["native_finish_reason"] == "SAFETY"
    assert response(EVENTS, stream=True)["status"] == "completed"
