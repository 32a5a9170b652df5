"""LiteLLM's messages keep what they mean, both ways; a wrong one is refused by name."""

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagewire
from imagewire import Media
from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.images import image
from imagewire.litellm.params import read
from imagewire.litellm.types import Message as OwnMessage
from imagewire.part import Part
from imagewire.v1.image_pb2 import ImageDetail
from imagewire.v1.message_pb2 import FunctionCall, NativePart, Role
from tests.pictures import JPEG, PNG
from tests.sdk.litellm.test_completion import MODEL

URL = image(PNG).data_uri

PICTURE = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ("A banana", "messages"),
        (None, "messages"),
        ([None], "messages[0]"),
        (["x"], "messages[0]"),
        ([{"role": [], "content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": ""}], "messages[0].content"),
        ([{"role": "user", "content": [{"type": "text", "text": ""}]}], "messages[0].content"),
        ([{"role": "assistant", "content": "x", "images": 3}], "messages[0].images"),
        ([{"role": "assistant", "content": "x", "image": {}}], "messages[0].image"),
        (
            [{"role": "assistant", "content": "x", "images": [PICTURE | {"mime_type": 3}]}],
            "messages[0].images[0].mime_type",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": 3}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"parts": 3}}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"thought_signatures": 3}}],
            "messages[0].provider_specific_fields",
        ),
        ({"role": "user", "content": "x"}, "messages"),
        ([{"content": "x"}], "messages[0].role"),
        ([{"role": "function", "name": "f", "content": "x"}], "messages[0].role"),
        ([{"role": "tool", "content": "x"}], "messages[0].tool_call_id"),
        (
            [
                {
                    "role": "user",
                    "content": [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}],
                }
            ],
            "messages[0].content[0].file",
        ),
        ([{"role": "tool", "content": "x", "tool_call_id": "unknown"}], "messages[0].tool_call_id"),
        ([{"role": "user", "content": "x", "cache_control": {"type": "e"}}], "messages[0].cache_control"),
        ([{"role": "user", "content": "x", "image": {"url": URL}}], "messages[0].image"),
        ([{"role": "assistant", "content": "x", "audio": {}}], "messages[0].audio"),
        ([{"role": "assistant", "content": "x", "tool_calls": 3}], "messages[0].tool_calls"),
        ([{"role": "assistant", "content": "x", "tool_calls": [{"id": "a"}]}], "messages[0].tool_calls[0]"),
        *(
            (
                [{"role": "assistant", "content": "x", "provider_specific_fields": {name: [wrong]}}],
                f"messages[0].provider_specific_fields.{name}[0]",
            )
            for name, wrong in (
                ("native_parts", {"kind": "executableCode"}),
                ("media", {"url": "data:audio/wav;base64,AAAA"}),
                ("media", {"mime_type": "audio/wav", "url": "data:audio/wav;base64,%"}),
            )
        ),
        (
            [{"role": "assistant", "content": "x", "provider_specific_fields": {"native_fields": [3]}}],
            "messages[0].provider_specific_fields",
        ),
        ([{"role": "user", "content": 3}], "messages[0].content"),
        ([{"role": "user", "content": [PICTURE, {"type": "input_audio"}]}], "messages[0].content[1]"),
        ([{"role": "user", "content": [{"type": "text", "text": "x", "more": 1}]}], "messages[0].content[0]"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "cat.png"}]}],
            "messages[0].content[0].image_url",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL, "detail": "ultra"}}]}],
            "messages[0].content[0].image_url.detail",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL, "display_name": "a"}}]}],
            "messages[0].content[0].image_url.display_name",
        ),
        *(
            (
                [{"role": "assistant", "content": "x", "provider_specific_fields": extras}],
                f"messages[0].provider_specific_fields{inside}",
            )
            for extras, inside in (
                ({"parts": ["text:" + "9" * 5000]}, ""),
                ({"native_fields": [{"a": math.inf}]}, ""),
                ({"native_fields_json": [{"a": 1}]}, ""),
                ({"native_parts": [{"kind": "k", "value": math.nan}]}, ".native_parts[0]"),
                ({"native_parts": [{"kind": "k", "value": 1, "value_json": "1"}]}, ".native_parts[0]"),
            )
        ),
        (
            [{"role": "assistant", "content": "ab", "provider_specific_fields": {"parts": ["text:1"]}}],
            "messages[0].provider_specific_fields",
        ),
        (
            [{"role": "assistant", "content": "a", "provider_specific_fields": {"thought_signatures": ["%%%"]}}],
            "messages[0].provider_specific_fields",
        ),
    ],
)
def test_a_wrong_message_is_named(messages: Any, field: str) -> None:
    with pytest.raises(imagewire.InvalidRequest) as caught:
        read(MODEL, messages, {})
    assert [violation.field for violation in caught.value.violations] == [field]


def test_messages_as_openai_has_them() -> None:
    asked = read(
        MODEL,
        [
            {"role": "developer", "content": "Be brief"},
            {"role": "user", "content": [{"type": "text", "text": "This"}, PICTURE]},
            {"role": "assistant", "content": "Done", "image": {"url": URL, "detail": "auto"}, "refusal": None},
            {"role": "user", "content": [{"type": "image_url", "image_url": "gs://bucket/a.JPG"}]},
        ],
        {},
    )
    roles = [message.role for message in asked.spec.messages]
    assert roles == [Role.ROLE_SYSTEM, Role.ROLE_USER, Role.ROLE_ASSISTANT, Role.ROLE_USER]
    shown = [
        [part.image.data or part.image.uri if part.HasField("image") else part.text for part in message.parts]
        for message in asked.spec.messages
    ]
    assert shown == [["Be brief"], ["This", URL], ["Done", PNG], ["gs://bucket/a.JPG"]]
    assert asked.spec.messages[3].parts[0].image.mime_type == "image/jpeg"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists, max_leaves=4
)

# Some that a reader of JSON would change, or fail at.
native_json = values.map(json.dumps) | st.sampled_from(
    ["1e400", "[9007199254740993]", '"\\ud800"', "[" * 200 + "]" * 200]
)

fields = st.dictionaries(st.sampled_from(["partMetadata", "videoMetadata"]), native_json, max_size=2)

beside: dict[str, Any] = {"thought": st.booleans(), "signature": st.binary(max_size=8), "native_fields": fields}

texts = st.builds(Part, text=st.text(min_size=1), **beside)

pictures = st.builds(
    lambda data, **told: Part(image=dataclasses.replace(image(data), thought=told["thought"]), **told),
    st.sampled_from([PNG, JPEG, PNG + b"x"]),
    **beside,
)

untold = st.builds(Part, image=st.just(image(b"?", mime_type="application/octet-stream")), thought=st.just(False))

elsewhere = st.builds(Part, image=st.just(image("gs://bucket/a.png", mime_type="image/png")), thought=st.just(False))

media = st.builds(
    Part,
    media=st.just(Media(b"RIFF", mime_type="audio/wav", display_name="a.wav"))
    | st.just(Media(uri="gs://bucket/a.mp4", mime_type="video/mp4")),
    **beside,
)

natives = st.builds(
    lambda text, **told: Part(native=NativePart(kind="executableCode", value_json=text), **told),
    native_json,
    **beside,
)

calls = st.builds(
    lambda call_id, **told: Part(function_call=FunctionCall(id=call_id, name="f", args_json='{"n": 1}'), **told),
    st.sampled_from(["", "c1"]),
    **beside,
)


@given(st.lists(texts | pictures | untold | elsewhere | media | natives | calls, min_size=1, max_size=6))
def test_an_answer_goes_back_as_it_came(parts: list[Part]) -> None:
    """As an object; and through JSON, where its order is kept as far as it is told."""
    answer = Answer(id="cmpl-1", parts=parts)
    own = OwnMessage(answer)
    (as_object,) = read(MODEL, [own], {}).spec.messages
    assert as_object == answer.message()
    (through_json,) = read(MODEL, [json.loads(json.dumps(own.model_dump()))], {}).spec.messages
    assert len(own.images or ()) == len(answer.images) + len(answer.drafts), "other media is no picture"
    assert through_json == as_object


def test_an_answer_that_was_left_half_read_is_named() -> None:
    answer = AnswerBuilder().answer
    answer.parts.append(Part(text="Here's the"))
    for given_back in (answer, OwnMessage(answer)):
        with pytest.raises(imagewire.InvalidRequest, match=r"^messages\[0\] cannot be sent back: .* is not whole"):
            read(MODEL, [given_back], {})


def test_a_message_of_rest_goes_back_too() -> None:
    """Whose media type may come behind the bytes, and whose image LiteLLM's client moves."""
    shown = {"url": URL, "detail": "auto"}
    images = [
        {"type": "image_url", "index": 0, "image_url": shown, "mime_type": "audio/wav"},
        {"type": "image_url", "index": 1, "image_url": shown, "mime_type": "image/webp"},
    ]
    extras = {"image": {"url": image(JPEG).data_uri}}
    given = {"role": "assistant", "content": "", "images": images, "provider_specific_fields": extras}
    (message,) = read(MODEL, [given], {}).spec.messages
    assert [(part.media.mime_type or part.image.mime_type) for part in message.parts] == [
        "audio/wav",
        "image/webp",
        "image/jpeg",
    ]
    assert [(part.media.data or part.image.data) for part in message.parts] == [PNG, PNG, JPEG]


@pytest.mark.parametrize(
    ("file", "mime_type"),
    [
        ({"file_data": "data:image/png;base64,AAAA", "filename": "a.png"}, ""),
        ({"file_id": "https://example.com/a", "format": "image/jpeg"}, "image/jpeg"),
        ({"file_id": "gs://bucket/a", "format": "image/webp", "file_data": None}, "image/webp"),
    ],
)
def test_a_file_may_be_a_picture(file: Any, mime_type: str) -> None:
    request = read("gemini/m", [{"role": "user", "content": [{"type": "file", "file": file}]}], {"target": "host:1"})
    image = request.spec.messages[0].parts[0].image
    assert (image.uri, image.mime_type) == (file.get("file_data") or file.get("file_id"), mime_type)


def test_a_picture_in_a_bucket_whose_type_is_not_known_is_refused() -> None:
    shown = {"role": "user", "content": [{"type": "image_url", "image_url": "gs://bucket/a"}]}
    with pytest.raises(imagewire.InvalidRequest, match=r"^messages\[0\]\.content\[0\]\.image_url\.format is needed"):
        read(MODEL, [shown], {})
    answered = {"role": "assistant", "content": "", "image": {"url": "gs://bucket/a"}}
    (message,) = read(MODEL, [answered], {}).spec.messages
    assert message.parts[0].image.uri == "gs://bucket/a", "an answer's picture goes back as it came"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": URL, "detail": "original"}},
        {"type": "file", "file": {"file_data": URL, "detail": "ultra_high"}},
    ],
)
def test_openais_highest_detail_is_googles(part: Any) -> None:
    request = read("gemini/m", [{"role": "user", "content": [part]}], {"target": "host:1"})
    assert request.spec.messages[0].parts[0].image.detail == ImageDetail.IMAGE_DETAIL_ULTRA_HIGH


def test_an_answer_may_be_a_list_of_text_and_pictures_in_their_order() -> None:
    content = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "text", "text": "two"},
        {"type": "image_url", "image_url": URL, "thought": True, "mime_type": "image/png", "index": 1},
    ]
    message = {"role": "assistant", "reasoning_content": "hm", "content": content, "images": [PICTURE]}
    made = read(MODEL, [message, {"role": "user", "content": "x"}], {}).spec.messages[0].parts
    assert [part.text or part.WhichOneof("content") for part in made] == ["hm", "one", "image", "two", "image", "image"]
    assert [part.thought for part in made] == [True, False, False, False, True, False]


def test_blanks_before_a_url_do_not_matter() -> None:
    picture = {"type": "image_url", "image_url": {"url": f" {URL}"}}
    plain = {"type": "image_url", "image_url": {"url": URL}}
    made = [read(MODEL, [{"role": "user", "content": [one]}], {}).spec for one in (picture, plain)]
    assert made[0] == made[1]
