"""A chat's messages become messages of the spec."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest
from tests.pictures import PNG
from tests.unit.formats.openai.asked import PNG_URL, USER, refused, spec


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"role": "user", "content": "x", "tool_calls": []}, "tool_calls"),
        ({"role": "user", "content": "x", "tool_call_id": "a"}, "tool_call_id"),
        ({"role": "user", "content": "x", "name": "me"}, "name"),
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
