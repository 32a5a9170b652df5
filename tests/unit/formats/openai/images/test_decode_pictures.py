"""Pictures to draw from: files, references, and a mask."""

import pytest

from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.images.decode import spec_of
from imagewire_server.formats.openai.images.request import ImagesRequest
from tests.pictures import PNG
from tests.unit.formats.openai.asked import PNG_URL, reading, refusals


def test_references() -> None:
    given = [PNG_URL, {"image_url": PNG_URL}, {"image_url": {"url": PNG_URL}}]
    builder = reading("images", input_references=given)
    _, *parts = builder.spec.messages[0].parts
    assert [part.image.data for part in parts] == [PNG] * 3
    origins = [builder.origins[f"spec.messages[0].parts[{i}]"] for i in (1, 2, 3)]
    assert origins == [f"input_references[{i}]{rest}" for i, rest in enumerate(("", ".image_url", ".image_url.url"))]
    assert [field for field, _ in refusals("images", input_references=["?"])] == ["input_references[0]"]


def test_a_mask_is_the_last_picture() -> None:
    request = ImagesRequest(prompt="Blue", model="gemini/m")
    builder = spec_of(request, Capabilities(), [("image[0]", PNG)], PNG)
    prompt, _, mask, words = builder.spec.messages[0].parts
    assert (prompt.text, mask.image.data) == ("Blue", PNG)
    assert "mask" in words.text
    assert (builder.explains_mask, builder.origins["spec.messages[0].parts[2]"]) == (True, "mask")


@pytest.mark.parametrize(("n", "wrong"), [(None, []), (1, []), (2, ["n"])])
def test_a_stream_draws_one_picture(n: int | None, wrong: list[str]) -> None:
    if wrong:
        assert [field for field, _ in refusals("images", stream=True, n=n)] == wrong
    else:
        reading("images", stream=True, n=n)
