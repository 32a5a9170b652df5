"""A chat's messages become messages of the spec."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.json_values import struct
from tests.pictures import PNG
from tests.unit.formats.openai.asked import PNG_URL, USER, reading, refusals, refused, spec

R = pb.Role
A64, B64 = "data:image/png;base64,QQ==", "data:image/png;base64,Qg=="
OWN = "provider_specific_fields"
NO_URL = "is not a URL; send https://…, gs://… or data:image/png;base64,…"
CALL = {"id": "a", "function": {"name": "f", "arguments": '{"n": 1}'}}
CALL_PART = pb.Part(function_call={"id": "a", "name": "f", "args": struct({"n": 1})})


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"role": "user", "content": "x", "tool_calls": []}, "tool_calls"),
        ({"role": "user", "content": "x", "tool_call_id": "a"}, "tool_call_id"),
        ({"role": "user", "content": "x", "reasoning_content": "hm"}, "reasoning_content"),
        ({"role": "user", "content": "x", "provider_specific_fields": {}}, "provider_specific_fields"),
        ({"role": "user", "content": "x", "refusal": "no"}, "refusal"),
        ({"role": "user", "content": "x", "annotations": [{"type": "url"}]}, "annotations"),
        ({"role": "user", "content": "x", "invented": 1}, "invented"),
        ({"role": "assistant", "content": "x", "provider_specific_fields": {"parts": ["image"]}}, "provider_specific"),
        (
            {"role": "assistant", "content": "x", "provider_specific_fields": {"thought_signatures": ["a", "b"]}},
            "provider_specific",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "["}}]},
            "tool_calls[0]",
        ),
    ],
    ids=str,
)
def test_a_message_holds_nothing_that_would_be_lost(message: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        spec("chat", messages=[message])
    assert caught.value.violations[0].field.startswith(f"messages[0].{field}")


def test_a_users_own_image_field_is_a_picture() -> None:
    [message] = spec("chat", messages=[{**USER[0], "image": {"url": PNG_URL, "detail": "high"}}]).messages
    assert [part.WhichOneof("content") for part in message.parts] == ["text", "image"]
    assert message.parts[1].image.data == PNG
    assert message.parts[1].image.detail == pb.ImageDetail.IMAGE_DETAIL_HIGH


URL_FIELD = {"url": PNG_URL, "detail": "auto"}


@pytest.mark.parametrize("image", [{"image": URL_FIELD}, {"provider_specific_fields": {"image": URL_FIELD}}])
@pytest.mark.parametrize("images", [{}, {"images": [{"type": "image_url", "image_url": URL_FIELD}]}])
def test_a_final_picture_comes_back_from_where_clients_put_it(image: dict[str, Any], images: dict[str, Any]) -> None:
    said = {"role": "assistant", "content": "Here", **image, **images}
    message = spec("chat", messages=[*USER, said, *USER]).messages[1]
    assert [part.image.data for part in message.parts] == [b"", PNG]


@pytest.mark.parametrize("nothing", ["", None, [], [{"type": "text", "text": ""}]])
def test_a_message_that_says_nothing_is_passed_over(nothing: object) -> None:
    said = {"role": "assistant", "content": nothing}
    made = spec("chat", messages=[*USER, said, *USER])
    assert [message.role for message in made.messages] == [pb.Role.ROLE_USER] * 2
    if nothing is not None:
        content = [{**part, "type": "output_text"} for part in nothing] if isinstance(nothing, list) else nothing
        made = spec("responses", input=[*USER, {**said, "content": content}, *USER])
        assert [message.role for message in made.messages] == [pb.Role.ROLE_USER] * 2


def test_what_stands_behind_a_message_that_says_nothing_keeps_its_name() -> None:
    nothing = {"role": "assistant", "content": ""}
    wrong = {"role": "user", "content": [{"type": "image_url", "image_url": "gs://bucket/object"}]}
    assert refused("chat", messages=[*USER, nothing, wrong]) == ["messages[2].content[0].image_url.format"]


def shown(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "system", "content": "A"}, pb.ChatMessage(role=R.ROLE_SYSTEM, content="A")),
        ({"role": "developer", "content": "A"}, pb.ChatMessage(role=R.ROLE_SYSTEM, content="A")),
        ({"role": "user", "content": "A"}, pb.ChatMessage(role=R.ROLE_USER, content="A")),
        ({"role": "user", "content": ""}, pb.ChatMessage(role=R.ROLE_USER)),
        ({"role": "user", "content": None}, pb.ChatMessage(role=R.ROLE_USER)),  # the contract's table refuses it
        (
            {"role": "user", "content": [{"type": "text", "text": "A"}, shown(A64), {"type": "text", "text": "B"}]},
            pb.ChatMessage(role=R.ROLE_USER, parts=[{"text": "A"}, {"image": {"data": b"A"}}, {"text": "B"}]),
        ),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": "gs://b/a.png"}]},
            pb.ChatMessage(role=R.ROLE_USER, parts=[{"image": {"uri": "gs://b/a.png", "mime_type": "image/png"}}]),
        ),
        (
            {"role": "user", "content": "A", "image": {"url": A64}, "images": [shown(B64)]},
            pb.ChatMessage(
                role=R.ROLE_USER, parts=[{"text": "A"}, {"image": {"data": b"B"}}, {"image": {"data": b"A"}}]
            ),
        ),
        (
            {"role": "user", "image": {"url": A64}, "images": [shown(A64.replace("png", "webp"))]},  # the same
            pb.ChatMessage(role=R.ROLE_USER, parts=[{"image": {"data": b"A"}}]),
        ),
        (
            {"role": "user", "image": {"url": "https://a/b"}, "images": [shown("https://a/b"), shown("https://a/c")]},
            pb.ChatMessage(
                role=R.ROLE_USER, parts=[{"image": {"uri": "https://a/b"}}, {"image": {"uri": "https://a/c"}}]
            ),
        ),
        (
            {"role": "assistant", "content": "A", "refusal": "No", "reasoning_content": "Hm", "tool_calls": [CALL]},
            pb.ChatMessage(
                role=R.ROLE_ASSISTANT,
                parts=[{"text": "Hm", "thought": True}, {"text": "A"}, {"text": "No"}, CALL_PART],
            ),
        ),
        (
            {"role": "assistant", "content": None, "refusal": "No"},
            pb.ChatMessage(role=R.ROLE_ASSISTANT, parts=[{"text": "No"}]),
        ),
        (
            {"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
            pb.ChatMessage(role=R.ROLE_ASSISTANT, parts=[{"text": "AB"}]),
        ),
        (
            {"role": "assistant", "images": [shown(A64)], OWN: {"parts": ["image"], "thought_signatures": ["QQ=="]}},
            pb.ChatMessage(
                role=R.ROLE_ASSISTANT,
                parts=[{"image": {"data": b"A", "mime_type": "image/png"}, "thought_signature": b"A"}],
            ),
        ),
    ],
    ids=str,
)
def test_a_message_of_each_kind(message: dict[str, Any], expected: pb.ChatMessage) -> None:
    assert list(spec("chat", messages=[message]).messages) == [expected]


def result(**fields: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "a", **fields}


SAID = [*USER, {"role": "assistant", "tool_calls": [CALL]}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (result(content='{"x": 1}'), {"id": "a", "name": "f", "response": struct({"x": 1})}),
        (result(content="A"), {"id": "a", "name": "f", "response": struct({"result": "A"})}),
        (result(content="A", name="g"), {"id": "a", "name": "g", "response": struct({"result": "A"})}),
        (result(content=None), {"id": "a", "name": "f", "response": struct({"result": ""})}),
        (
            result(
                content=[{"type": "text", "text": "A"}, shown(A64, display_name="cat"), {"type": "text", "text": "B"}]
            ),
            {
                "id": "a",
                "name": "f",
                "response": struct({"result": "AB"}),
                "images": [{"data": b"A", "display_name": "cat"}],
            },
        ),
        (
            {"role": "tool", "name": "g", "content": "A"},
            {"name": "g", "response": struct({"result": "A"})},
        ),
    ],
    ids=str,
)
def test_a_result(message: dict[str, Any], expected: dict[str, Any]) -> None:
    made = spec("chat", messages=[*SAID, message]).messages[2]
    assert made == pb.ChatMessage(role=R.ROLE_TOOL, parts=[{"function_response": expected}])


@pytest.mark.parametrize(
    ("message", "field", "words"),
    [
        (
            {"role": "tool", "tool_call_id": "b", "content": "A"},
            "tool_call_id",
            "matches no call in this chat; send the assistant's tool_calls before it",
        ),
        (
            {"role": "tool", "content": "A"},
            "tool_call_id",
            "matches no call in this chat; send the assistant's tool_calls before it",
        ),
        (result(content="A", image={"url": A64}), "image", "pictures of a result belong in its content"),
        (result(content="A", images=[shown(A64)]), "images", "pictures of a result belong in its content"),
        (result(content=[shown("?")]), "content[0].image_url.url", NO_URL),
        ({"role": "user", "image": {"url": "?"}}, "image.url", NO_URL),
        (
            {"role": "user", "images": [shown("data:image/png")]},
            "images[0].image_url.url",
            "must be data:image/TYPE;base64,DATA",
        ),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "?"}]}, "content[0].image_url", NO_URL),
        (
            {"role": "assistant", "content": [shown("data:;base64,?")]},
            "content[0].image_url.url",
            "is not valid base64",
        ),
        (
            {"role": "user", "content": "A", "tool_call_id": "a"},
            "tool_call_id",
            "is valid only in a message of role tool; leave it out",
        ),
        (
            {"role": "system", "content": "A", "refusal": ""},
            "refusal",
            "is valid only in a message of role assistant; leave it out",
        ),
        (
            {"role": "assistant", "image": {"url": "data:;base64,?"}},
            "image.url",
            "is not valid base64",
        ),
        (
            {"role": "assistant", OWN: {"image": {"url": "data:;base64,?"}}},
            f"{OWN}.image.url",
            "is not valid base64",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "[1]"}}]},
            "tool_calls[0].function.arguments",
            "is not a JSON object; send the call back unchanged",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_message_is_named(message: dict[str, Any], field: str, words: str) -> None:
    assert refusals("chat", messages=[*SAID, message]) == [(f"messages[2].{field}", words)]


def test_the_origins_of_a_messages_parts() -> None:
    content = [{"type": "text", "text": "A"}, {"type": "image_url", "image_url": A64}]
    made = reading(
        "chat",
        messages=[{"role": "user", "content": content, "image": {"url": B64}}, result(content=[shown(A64)], name="f")],
    )
    assert {path: field for path, field in made.origins.items() if path.startswith("spec.messages[")} == {
        "spec.messages[0]": "messages[0]",
        "spec.messages[0].parts[0]": "messages[0].content[0].text",
        "spec.messages[0].parts[1]": "messages[0].content[1].image_url",
        "spec.messages[0].parts[1].image": "messages[0].content[1].image_url",
        "spec.messages[0].parts[1].image.mime_type": "messages[0].content[1].image_url.format",
        "spec.messages[0].parts[1].image.detail": "messages[0].content[1].image_url.detail",
        "spec.messages[0].parts[1].image.display_name": "messages[0].content[1].image_url.display_name",
        "spec.messages[0].parts[2]": "messages[0].image.url",
        "spec.messages[0].parts[2].image": "messages[0].image.url",
        "spec.messages[0].parts[2].image.mime_type": "messages[0].image.format",
        "spec.messages[0].parts[2].image.detail": "messages[0].image.detail",
        "spec.messages[0].parts[2].image.display_name": "messages[0].image.display_name",
        "spec.messages[1]": "messages[1]",
        **{
            f"spec.messages[1].parts[0].function_response.images[0]{name}": f"messages[1].content[0].image_url.{field}"
            for name, field in (
                ("", "url"),
                (".mime_type", "format"),
                (".detail", "detail"),
                (".display_name", "display_name"),
            )
        },
    }
    assert reading("chat").origins["spec.messages[0].content"] == "messages[0].content"


def test_the_parts_of_all_messages_count() -> None:
    turn = {"role": "user", "content": [{"type": "text", "text": "A"}] * 4096}
    assert len(spec("chat", messages=[turn] * 4).messages) == 4
    own = {"role": "assistant", OWN: {"parts": ["text:0"]}}
    for last in (turn, own, {"role": "user", "images": [shown(A64)]}, {"role": "assistant", "tool_calls": [CALL]}):
        words = "makes the chat longer than 16384 parts; leave earlier messages out"
        assert refusals("chat", messages=[*[turn] * 4, last]) == [("messages[4]", words)]
