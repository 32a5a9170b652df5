"""A picture of a request has one key for the answer cache, however it is sent."""

import base64
import hashlib
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.core.cache_key import Way, cache_key
from tests.pictures import encoded

PNG = encoded("PNG", 64, 48)
SMALL, LARGE = PNG, PNG + bytes(2000)
UNKNOWN = b"no picture that the server knows" * 50
USER, ASSISTANT = pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT
AUTO, HIGH = pb.ImageDetail.IMAGE_DETAIL_AUTO, pb.ImageDetail.IMAGE_DETAIL_HIGH


def key(*messages: pb.ChatMessage) -> bytes:
    return cache_key(pb.Spec(model="m", messages=messages), [Way("gemini/m")])


def said(role: pb.Role = USER, **image: Any) -> bytes:
    parts = [pb.Part(text="Make it blue"), pb.Part(image=pb.Image(**image))]
    return key(pb.ChatMessage(role=role, parts=parts))


def uri(data: bytes, mime_type: str = "image/png") -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_what_is_said_beside_the_bytes_does_not_count(data: bytes) -> None:
    sha = hashlib.sha256(data).digest()
    same = [
        {"data": data, "mime_type": "image/png"},
        {"data": data, "sha256": sha, "size_bytes": len(data), "width": 64, "height": 48},
        {"data": data, "detail": AUTO},
        {"uri": uri(data)},
        {"uri": uri(data), "mime_type": "image/png", "detail": AUTO},
    ]
    assert {said(**one) for one in same} == {said(data=data)}


def test_detail_and_other_bytes_count() -> None:
    different = [{"data": SMALL}, {"data": SMALL, "detail": HIGH}, {"data": LARGE}, {"uri": uri(PNG + b"x")}]
    assert len({said(**one) for one in different}) == len(different)


def test_the_type_counts_where_no_header_tells_it() -> None:
    types = ["image/x-one", "image/x-two"]
    assert len({said(ASSISTANT, data=UNKNOWN, mime_type=one) for one in types}) == 2
    assert said(ASSISTANT, uri=uri(UNKNOWN, types[0])) == said(ASSISTANT, data=UNKNOWN, mime_type=types[0])


def test_a_data_uri_without_base64_is_compared_as_it_is() -> None:
    assert len({said(uri=f"data:image/png;base64,{word}") for word in ("A", "B")}) == 2


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_message_has_one_spelling(data: bytes) -> None:
    image, sha = pb.Image(data=data), hashlib.sha256(data).digest()
    text, own = pb.Part(text="Make it blue"), pb.Part(image=pb.Image(sha256=sha))
    named = pb.Image(data=data, sha256=sha)
    same = [
        pb.ChatMessage(role=USER, content="Make it blue", image=image),
        pb.ChatMessage(role=USER, parts=[text, pb.Part(image=image)]),
        pb.ChatMessage(role=USER, parts=[text, own], image=named),
        pb.ChatMessage(role=USER, content="Make it blue", parts=[text, own], image=named),
    ]
    assert len({key(one) for one in same}) == 1


def test_a_part_that_only_looks_like_the_messages_picture_is_its_own() -> None:
    """It has the same bytes, and says more about them."""
    sha = hashlib.sha256(LARGE).digest()
    own, image = pb.Part(image=pb.Image(sha256=sha)), pb.Image(data=LARGE, sha256=sha)
    again = [pb.Part(image=pb.Image(data=LARGE, detail=detail)) for detail in (AUTO, HIGH)]
    one, two = (key(pb.ChatMessage(role=USER, parts=[own, part], image=image)) for part in again)
    assert one != two


def test_a_functions_picture_counts_by_its_content_too() -> None:
    def answered(**image: Any) -> bytes:
        response = pb.FunctionResponse(name="f", images=[pb.Image(**image)])
        return key(pb.ChatMessage(role=USER, parts=[pb.Part(function_response=response)]))

    assert answered(data=PNG) == answered(data=PNG, mime_type="image/png", detail=AUTO)
    assert answered(data=PNG) != answered(data=PNG, display_name="a")
