"""Pictures that `parts` names by their index."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common.part_order import Pieces, is_default


def image(data: bytes) -> pb.Part:
    return pb.Part(image={"data": data})


def test_pictures_by_index() -> None:
    made = Pieces("A", "", {"image": [image(b"1"), image(b"2")]}).parts(["image:1", "text:1", "image:0"])
    assert made == [image(b"2"), pb.Part(text="A"), image(b"1")]


@pytest.mark.parametrize("layout", [["image:2"], ["image:0", "image:0"], ["image:0"], ["image:-1"], ["image:00000"]])
def test_a_layout_that_does_not_fit(layout: list[str]) -> None:
    with pytest.raises(ValueError, match="does not"):
        Pieces("", "", {"image": [image(b"1"), image(b"2")]}).parts(layout)


def test_it_is_never_the_default() -> None:
    assert not is_default(["image:0"])
