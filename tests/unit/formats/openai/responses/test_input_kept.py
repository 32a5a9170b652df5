"""Pictures of a Responses request that are named by their ids."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from tests.unit.formats.openai.asked import USER, reading, refusals

CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
KEPT = {"type": "input_image", "file_id": "img-1"}


def test_an_earlier_picture_by_its_id() -> None:
    made = reading("responses", input=[*USER, {"type": "image_generation_call", "id": "ig_1", "image_id": "img-1"}])
    assert made.spec.messages[1].parts[0] == pb.Part(image={"image_id": "img-1"})
    assert made.origins["spec.messages[1].parts[0].image"] == "input[1].image_id"


def test_an_earlier_picture_by_the_id_of_its_item() -> None:
    answer = "0123456789abcdef" * 2
    made = reading("responses", input=[*USER, {"type": "image_generation_call", "id": f"ig_{answer}_0_3"}])
    assert made.spec.messages[1].parts[0] == pb.Part(image={"image_id": f"cmpl-{answer}.0.3"})
    assert made.origins["spec.messages[1].parts[0].image"] == "input[1].id"


def test_a_users_picture_by_its_id() -> None:
    high = {**KEPT, "detail": "high"}
    made = reading("responses", input=[{"role": "user", "content": [KEPT, high]}])
    assert [part.image for part in made.spec.messages[0].parts] == [
        pb.Image(image_id="img-1"),
        pb.Image(image_id="img-1", detail=pb.ImageDetail.IMAGE_DETAIL_HIGH),
    ]
    assert made.origins["spec.messages[0].parts[0].image"] == "input[0].content[0].file_id"


def test_a_results_picture_by_its_id() -> None:
    made = reading("responses", input=[CALL, {"type": "function_call_output", "call_id": "a", "output": [KEPT]}])
    assert made.spec.messages[1].parts[0].function_response.images == [pb.Image(image_id="img-1")]


@pytest.mark.parametrize("sources", [{}, {"file_id": "img-1", "image_url": "gs://b/a.png"}], ids=["none", "both"])
def test_a_picture_has_one_source(sources: dict[str, Any]) -> None:
    piece = {"type": "input_image", **sources}
    words = "is required, or file_id; send one of the two"
    assert refusals("responses", input=[{"role": "user", "content": [piece]}]) == [
        ("input[0].content[0].image_url", words)
    ]


def test_a_file_by_its_id() -> None:
    made = reading("responses", input=[{"role": "user", "content": [{"type": "input_file", "file_id": "img-1"}]}])
    assert made.spec.messages[0].parts == [pb.Part(image={"image_id": "img-1"})]
    assert made.origins["spec.messages[0].parts[0].image"] == "input[0].content[0].file_id"
