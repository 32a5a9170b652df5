"""What went out over REST comes back in the next request as the same parts."""

import json
from typing import Any

import pytest

from imagewire_server.contract import pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.chat.answer import ImageFields
from tests.golden.invented import (
    CODE,
    EVENTS,
    EVERY,
    WAV,
    Make,
    answer,
    blob,
    chat,
    response,
    streamed,
    text,
    whole,
)
from tests.pictures import PNG
from tests.unit.formats.openai.asked import USER, spec

ASSISTANT = pb.Role.ROLE_ASSISTANT
FINAL = blob(PNG, "image/png")
HERE, HM = text("Here"), text("Hm", thought=True)
DRAFT_ELSEWHERE = whole("IMAGE", image={"uri": "gs://bucket/a", "mime_type": "image/png"}, thought=True)
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
        validation.check(made, "spec")
        for part in made.messages[1].parts:
            if part.HasField("image"):
                part.image.ClearField("detail")  # "auto", which says nothing
        assert list(made.messages[1].parts) == CAME


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u2_u3_what_a_response_said_comes_back_part_by_part(stream: bool) -> None:
    made = spec("responses", input=[*USER, *response(EVENTS, stream=stream)["output"]])
    validation.check(made, "spec")
    parts = [part for message in made.messages[1:] for part in message.parts]
    assert parts == CAME


UNSAFE = {
    "deep": '{"a":' * 150 + "1" + "}" * 150,
    "surrogate": '{"a":"\\\\\\ud800","b":"\\ud83d\\ude00"}',
    "long": '[-9007199254740993,"9007199254740993"]',
    "huge": "[1e308,1e+999]",
}
SAFE = {
    "shallow": "[[[[]]]]",
    "pair": '{"b":"\\ud83d\\ude00"}',
    "no surrogate": r'{"a":"\\ud800"}',
    "a fraction": "[0.30000000000000004,9007199254740992]",
}


@pytest.mark.parametrize("name", [*UNSAFE, *SAFE])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u2_u4_json_of_the_providers_own_comes_back_as_it_came(name: str, stream: bool) -> None:
    said = (UNSAFE | SAFE)[name]
    own = {"native_fields": {"odd": said, "plain": "[1]"}}
    events = answer(
        text("Here", **own),
        whole("NATIVE", native={"kind": "executableCode", "value_json": said}, **own),
        blob(PNG, "image/png", **own),
        end=own,
        finished=own,
    )
    body = response(events, stream=stream)
    messages = [
        *spec("chat", messages=[*USER, streamed(events) if stream else chat(events)["choices"][0]["message"]]).messages,
        *spec("responses", input=[*USER, *body["output"]]).messages,
    ]
    parts = [part for message in messages if message.role == ASSISTANT for part in message.parts]
    assert len(parts) == 6
    for part in parts:
        assert {key: exact(value) for key, value in part.native_fields.items()} == {"odd": exact(said), "plain": [1]}
        if part.HasField("native"):
            assert exact(part.native.value_json) == exact(said)
            assert part.native.value_json == said or name in SAFE
    for fields in (body["provider_specific_fields"], body["provider_specific_fields"]["candidate"]):
        assert ("odd" in fields["native_fields"]) == (name in SAFE)
        assert ("odd" in fields.get("native_fields_json", {})) == (name in UNSAFE)


def exact(value: str) -> Any:
    return json.loads(value, parse_float=str)


@pytest.mark.parametrize("value", [{}, {"value": 1, "value_json": "1"}])
@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_a_native_part_has_its_value_once(kind: str, value: dict[str, Any]) -> None:
    own = {"native_parts": [{"kind": "executableCode", **value}]}
    message = {"role": "assistant", "content": "", "provider_specific_fields": own}
    with pytest.raises(InvalidRequest) as error:
        spec(kind, **{"messages" if kind == "chat" else "input": [*USER, message]})
    [wrong] = error.value.violations
    assert wrong.field.endswith("[1].provider_specific_fields.native_parts[0].value")
    assert "value_json" in wrong.description


def test_text_that_is_no_json_is_refused_by_name() -> None:
    own = {"native_parts": [{"kind": "executableCode", "value_json": "{"}]}
    made = spec("chat", messages=[*USER, {"role": "assistant", "content": "", "provider_specific_fields": own}])
    [wrong] = validation.violations(made, "spec")
    assert wrong.field == "spec.messages[1].parts[0].native.value_json"


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


DRAFT = blob(b"draft" * 9, "image/png", thought=True, thought_signature=b"\3sig", native_fields={"a": "[1]"})
AGAIN = {
    DRAFT: pb.Part(
        image={"data": b"draft" * 9, "mime_type": "image/png"},
        thought=True,
        thought_signature=b"\3sig",
        native_fields={"a": "[1]"},
    ),
    DRAFT_ELSEWHERE: pb.Part(image={"uri": "gs://bucket/a", "mime_type": "image/png"}, thought=True),
    HM: pb.Part(text="Hm", thought=True),
    HERE: pb.Part(text="Here"),
    FINAL: pb.Part(image={"data": PNG, "mime_type": "image/png"}),
}


@pytest.mark.parametrize(
    "parts",
    [
        [DRAFT, FINAL],
        [HM, DRAFT, HM, DRAFT_ELSEWHERE, HERE, FINAL],
        [FINAL, DRAFT, HERE],
        [DRAFT, HERE],
        [DRAFT, DRAFT_ELSEWHERE, HERE],
        [DRAFT, HERE, DRAFT],
    ],
)
@pytest.mark.parametrize("drafts", [None, 0, 3])
def test_u10_drafts_of_a_response_come_back_in_their_places(parts: list[Make], drafts: int | None) -> None:
    items = response(answer(*parts), stream=drafts is not None, drafts=drafts or 0)["output"]
    made = spec("responses", input=[*USER, *items])
    validation.check(made, "spec")
    back = [part for message in made.messages if message.role == ASSISTANT for part in message.parts]
    for part in back:
        if part.HasField("image"):
            part.image.ClearField("detail")
    assert back == [AGAIN[part] for part in parts]


def test_a_picture_made_of_a_draft_comes_back_where_thoughts_do_not() -> None:
    items = response(answer(DRAFT, HERE), stream=False)["output"]
    kept = [item for item in items if item["type"] != "reasoning"]
    made = spec("responses", input=[*USER, *kept])
    assert [part for message in made.messages[1:] for part in message.parts] == [AGAIN[HERE], AGAIN[DRAFT]]


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
