"""What is kept of a request: its messages, with large pictures by their hash."""

import hashlib

from imagewire_server.contract import pb
from imagewire_server.core.store.request import kept_request
from tests.pictures import encoded

LARGE = encoded("JPEG", 300, 200) + bytes(2000)
SHA = hashlib.sha256(LARGE).digest()


def test_pictures_are_taken_out_once() -> None:
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
    kept, [taken] = kept_request(spec)
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
    kept, taken = kept_request(spec)
    assert [message.image for message in kept.messages] == images
    assert taken == []


def test_a_picture_of_unknown_type_is_taken_out_too() -> None:
    spec = pb.Spec(messages=[pb.ChatMessage(role=pb.Role.ROLE_ASSISTANT, image=pb.Image(data=bytes(5000)))])
    _, [taken] = kept_request(spec)
    assert (taken.mime_type, taken.width, taken.height) == ("", 0, 0)
