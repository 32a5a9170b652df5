"""What is kept of a request: its messages, with large pictures by their hash."""

import hashlib

import pytest

from imagewire_server.contract import pb
from imagewire_server.core.store.request import InputImage, kept_request
from tests.pictures import encoded

LARGE = encoded("JPEG", 300, 200) + bytes(2000)
SHA = hashlib.sha256(LARGE).digest()


def split(spec: pb.Spec) -> tuple[pb.Spec, list[InputImage]]:
    taken: list[InputImage] = []
    kept = kept_request(spec, taken.append)
    assert kept is not None
    return kept, taken


def test_large_pictures_are_taken_out() -> None:
    response = pb.FunctionResponse(name="f", images=[pb.Image(data=LARGE)])
    spec = pb.Spec(
        model="m",
        previous_completion_id="c",
        messages=[
            pb.ChatMessage(content="x", image=pb.Image(data=LARGE)),
            pb.ChatMessage(
                parts=[
                    pb.Part(image=pb.Image(data=LARGE, mime_type="image/jpeg")),
                    pb.Part(function_response=response),
                    pb.Part(text="t"),
                ]
            ),
        ],
    )
    before = spec.SerializeToString()
    kept, [taken, *_] = split(spec)
    assert (taken.sha256, taken.data, taken.mime_type, taken.width, taken.height) == (
        SHA,
        LARGE,
        "image/jpeg",
        300,
        200,
    )
    assert (kept.model, kept.previous_completion_id, kept.messages[0].content) == ("m", "c", "x")
    images = [kept.messages[0].image, kept.messages[1].parts[0].image]
    images.append(kept.messages[1].parts[1].function_response.images[0])
    assert [(image.data, image.sha256) for image in images] == [(b"", SHA)] * 3
    assert spec.SerializeToString() == before


def test_small_pictures_and_those_elsewhere_stay() -> None:
    images = [pb.Image(data=b"small"), pb.Image(uri="gs://a/b"), pb.Image(image_id="i")]
    spec = pb.Spec(messages=[pb.ChatMessage(image=image) for image in images])
    kept, taken = split(spec)
    assert [message.image for message in kept.messages] == images
    assert taken == []


def test_a_picture_of_unknown_type_is_taken_out_too() -> None:
    spec = pb.Spec(messages=[pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT, image=pb.Image(data=bytes(5000)))])
    _, [taken] = split(spec)
    assert (taken.mime_type, taken.width, taken.height) == ("", 0, 0)


def test_all_else_stays_as_it_is() -> None:
    part = pb.Part(text="t", thought=True, thought_signature=b"s", native_fields={"k": "1"})
    call = pb.Part(function_call=pb.FunctionCall(name="f", args_json="{}"))
    response = pb.FunctionResponse(name="f")
    response.response["a"] = 1
    media = pb.Part(media=pb.Media(data=b"m" * 2000, mime_type="audio/wav"))
    messages = [
        pb.ChatMessage(role=pb.Role.ROLE_SYSTEM, content="x"),
        pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT, parts=[part, call, media, pb.Part(function_response=response)]),
    ]
    spec = pb.Spec(model="m", messages=messages)
    kept, taken = split(spec)
    assert (kept, taken) == (spec, [])


@pytest.mark.parametrize(
    "message",
    [
        pb.ChatMessage(content="x" * 1024 * 1024),
        pb.ChatMessage(parts=[pb.Part(text="x" * 1024 * 1024)]),
        pb.ChatMessage(image=pb.Image(uri="data:image/png;base64," + "A" * 1024 * 1024)),
        pb.ChatMessage(content="x" * 1024 * 1024, image=pb.Image(data=LARGE)),
    ],
    ids=["content", "part", "uri", "beside"],
)
def test_a_request_that_is_too_large_is_not_kept(message: pb.ChatMessage) -> None:
    assert kept_request(pb.Spec(messages=[message]), lambda _: None) is None


@pytest.mark.parametrize(("most", "is_kept"), [(2 * len(LARGE) - 1, False), (2 * len(LARGE), True)])
def test_a_request_whose_pictures_are_too_large_together_leaves_none_of_them(most: int, is_kept: bool) -> None:
    response = pb.FunctionResponse(name="f", images=[pb.Image(data=LARGE)])
    message = pb.ChatMessage(parts=[pb.Part(image=pb.Image(data=LARGE)), pb.Part(function_response=response)])
    taken: list[InputImage] = []
    kept = kept_request(pb.Spec(messages=[message]), taken.append, most)
    assert (kept is not None, len(taken)) == ((True, 2) if is_kept else (False, 0))
