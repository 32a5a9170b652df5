"""Checks of messages: what a role allows, and that parts are the whole message."""

from typing import Any

import pytest

from imagewire_server.contract import message_rules, pb
from tests.pictures import PNG
from tests.unit.contract.requests import SHA, answer, message, request, violations

# The fields of a spec, and the paths of what is wrong with them (below "spec.").
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"messages": [message()]}, ["messages[0]"]),
    ({"messages": [message(parts=[{}])]}, ["messages[0].parts[0]"]),
    ({"messages": [message(parts=[{"text": "a", "thought": True}])]}, ["messages[0].parts[0]"]),
    ({"messages": [message(parts=[{"function_call": {"name": "f"}}])]}, ["messages[0].parts[0].function_call"]),
    (
        {
            "messages": [
                message(content="q"),
                {"role": 3, "parts": [{"function_response": {"name": "f", "response": {}}}]},
            ]
        },
        ["messages[1].parts[0].function_response"],
    ),
    ({"messages": [message(parts=[{"image": {"mime_type": "image/png"}}])]}, ["messages[0].parts[0].image"]),
    ({"messages": [message(image={"data": PNG}, parts=[{"text": "a"}])]}, ["messages[0].image"]),
    ({"messages": [message(content="b", parts=[{"text": "a"}])]}, ["messages[0].content"]),
    ({"messages": [message(content="x"), {"role": 1, "image": {"data": PNG}}]}, ["messages[1].image"]),
    (
        {"messages": [message(parts=[{"media": {"data": b"x", "mime_type": "audio/wav"}}])]},
        ["messages[0].parts[0].media"],
    ),
    ({"messages": [message(parts=[{"native": {"kind": "k", "value_json": "{}"}}])]}, ["messages[0].parts[0].native"]),
    (
        {"messages": [message(parts=[{"text": "a", "native_fields": {"k": "1"}}])]},
        ["messages[0].parts[0].native_fields"],
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"native": {"kind": "k", "value_json": "1"}, "native_fields": {"k": "1"}}),
            ]
        },
        ["messages[1].parts[0].native_fields"],
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"image": {"data": PNG, "detail": 3}, "native_fields": {"mediaResolution": "{}"}}),
            ]
        },
        ["messages[1].parts[0].native_fields"],
    ),
    (
        {
            "messages": [
                message(content="x"),
                answer({"image": {"sha256": SHA, "detail": 3}}, image={"data": PNG, "sha256": SHA}),
            ]
        },
        ["messages[1].parts[0].image.detail"],
    ),
    (
        {"messages": [message(content="x"), answer({"image": {"uri": "gs://a/c"}}, image={"uri": "gs://a/b"})]},
        ["messages[1].image"],
    ),
]


@pytest.mark.parametrize(("fields", "paths"), WRONG)
def test_what_is_wrong_is_named_by_its_path(fields: dict[str, Any], paths: list[str]) -> None:
    assert violations(request(**fields)) == [f"spec.{path}" for path in paths]


_SECOND = "refers to the message's image a second time; leave it out, or send another picture"
_TWICE = "is set by {} already; leave one of them out"
_NAMED = {"role": 3, "image": {"data": PNG, "sha256": SHA}}
# A message, and each thing that is wrong with it, with the remedy.
MESSAGES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"role": 2, "content": "a"}, []),
    ({"role": 2, "content": "ab", "parts": [{"text": "a"}, {"text": "b"}]}, []),
    ({"role": 2}, [("", "is empty; set content, image or parts")]),
    (
        {"role": 1, "image": {"data": PNG}},
        [("image", "is not allowed in a system message; put it into a user message")],
    ),
    ({"role": 1, "parts": [{"text": "a"}]}, []),
    (
        {"role": 1, "parts": [{"image": {"data": PNG}}]},
        [("parts[0]", "a system message may have only text; put it into a user message")],
    ),
    (
        {"role": 2, "parts": [{}]},
        [("parts[0]", "is empty; set text, image, function_call, function_response, media or native")],
    ),
    (
        {"role": 3, "content": "b", "parts": [{"text": "no", "thought": True}, {"text": "a"}]},
        [("content", "differs from the text of parts; leave one of them out")],
    ),
    (
        {"role": 2, "parts": [{"function_call": {"name": "f"}}]},
        [("parts[0].function_call", "only an assistant message calls functions; move it there")],
    ),
    (
        {"role": 3, "parts": [{"function_response": {"name": "f", "response": {}}}]},
        [("parts[0].function_response", "only a user or tool message answers a call; move it there")],
    ),
    *(
        (
            {"role": 2, "parts": [{kind: {}}]},
            [(f"parts[0].{kind}", "only goes back with the assistant message that it came in; move it there")],
        )
        for kind in ("media", "native")
    ),
    (
        {"role": 2, "parts": [{"text": "a", "native_fields": {"k": "1"}}]},
        [("parts[0].native_fields", "only go back with the assistant message that they came in; move them there")],
    ),
    *(
        (
            {"role": 2, "parts": [{"text": "a", **beside}]},
            [("parts[0]", "only an assistant message has thoughts and thought_signature; leave them out")],
        )
        for beside in ({"thought": True}, {"thought_signature": b"s"})
    ),
    # The message's own image stands in parts by its hash or its URI, once.
    ({**_NAMED, "parts": [{"image": {"sha256": SHA}}]}, []),
    ({"role": 3, "image": {"uri": "gs://a/b"}, "parts": [{"image": {"uri": "gs://a/b"}}]}, []),
    ({**_NAMED, "parts": [{"image": {"sha256": SHA}}, {"image": {"data": PNG}}]}, []),
    ({**_NAMED, "parts": [{"image": {"sha256": SHA}}] * 2}, [("parts[1].image", _SECOND)]),
    (
        {**_NAMED, "parts": [{"text": "a"}]},
        [("image", "is not in parts, neither by sha256 nor by uri; parts must be the whole message: add it there")],
    ),
    (
        {**_NAMED, "parts": [{"image": {"sha256": SHA, "detail": 3, "width": 4}}]},
        [
            (f"parts[0].image.{name}", "differs from the message's image, which this part names; set it there")
            for name in ("width", "detail")
        ],
    ),
    (
        {"role": 3, "parts": [{"image": {"mime_type": "image/png"}}]},
        [("parts[0].image", "has no source; set data, uri, image_id or sha256")],
    ),
    ({"role": 3, "parts": [{"image": {"data": b"?", "mime_type": "image/avif"}}]}, []),
    (
        {"role": 2, "parts": [{"image": {"data": b"?"}}]},
        [("parts[0].image.data", "is not a supported image file; send PNG, JPEG, WebP, HEIC or HEIF")],
    ),
    # A native field may not repeat the part's content, in either spelling.
    (
        {"role": 3, "parts": [{"media": {"uri": "gs://a/b"}, "native_fields": {"file_data": "{}"}}]},
        [("parts[0].native_fields", "'file_data' " + _TWICE.format("media"))],
    ),
    (
        {"role": 3, "parts": [{"native": {"kind": "tool_call"}, "native_fields": {"toolCall": "{}"}}]},
        [("parts[0].native_fields", "'toolCall' " + _TWICE.format("native"))],
    ),
    (
        {"role": 3, "parts": [{"image": {"uri": "gs://a/b", "detail": 3}, "native_fields": {"mediaResolution": "{}"}}]},
        [("parts[0].native_fields", "'mediaResolution' " + _TWICE.format("image.detail"))],
    ),
    ({"role": 3, "parts": [{"image": {"uri": "gs://a/b"}, "native_fields": {"mediaResolution": "{}"}}]}, []),
    ({"role": 3, "parts": [{"thought_signature": b"s", "native_fields": {"functionCall": "{}"}}]}, []),
]


@pytest.mark.parametrize(("fields", "wrong"), MESSAGES)
def test_each_wrong_field_of_a_message_has_its_remedy(fields: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    assert list(message_rules.message(pb.ChatMessage(**fields))) == wrong


def test_every_picture_of_a_message_is_listed_once_with_its_path() -> None:
    own, other = pb.Image(data=PNG, sha256=SHA), pb.Image(uri="gs://a/b")
    answered = {"function_response": {"name": "f", "images": [{"uri": "gs://a/c"}, {"uri": "gs://a/d"}]}}
    parts: list[Any] = [{"text": "a"}, {"image": {"sha256": SHA}}, {"image": other}, answered]
    turn = pb.ChatMessage(role="ROLE_ASSISTANT", image=own, parts=parts)
    assert list(message_rules.images(turn, "m")) == [
        ("m.parts[1].image", own),
        ("m.parts[2].image", other),
        ("m.parts[3].function_response.images[0]", pb.Image(uri="gs://a/c")),
        ("m.parts[3].function_response.images[1]", pb.Image(uri="gs://a/d")),
    ]
    assert list(message_rules.images(pb.ChatMessage(image=own), "m")) == [("m.image", own)]
    assert list(message_rules.images(pb.ChatMessage(content="a"), "m")) == []


def test_pictures_that_must_be_had_from_the_store() -> None:
    by_id, by_hash = pb.Image(image_id="img-1"), pb.Image(sha256=SHA)
    parts: list[Any] = [{"image": by_id}, {"image": {"data": PNG, "sha256": SHA}}, {"image": {"uri": "gs://a/b"}}]
    own = pb.Image(data=PNG, sha256=SHA)
    spec = pb.Spec(
        messages=[
            pb.ChatMessage(role="ROLE_USER", parts=parts),
            pb.ChatMessage(role="ROLE_ASSISTANT", image=own, parts=[pb.Part(image=by_hash)]),
            pb.ChatMessage(role="ROLE_ASSISTANT", image=by_hash),
        ]
    )
    assert list(message_rules.kept_images(spec)) == [
        ("spec.messages[0].parts[0].image", by_id, pb.Role.ROLE_USER),
        ("spec.messages[2].image", by_hash, pb.Role.ROLE_ASSISTANT),
    ]


def test_the_text_of_a_message_has_no_thoughts() -> None:
    parts = [pb.Part(text="a"), pb.Part(text="hm", thought=True), pb.Part(image=pb.Image()), pb.Part(text="b")]
    assert message_rules.spoken(pb.ChatMessage(parts=parts)) == "ab"
