"""What all encoders share: JSON, and the keys of kept bytes."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.formats.openai.common.encoder import encoded, has_bytes, key_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": None, "b": [1, 2.5, True]}, b'{"a":null,"b":[1,2.5,true]}'),
        ('Ä\n"\\\u2028', '"Ä\\n\\"\\\\\u2028"'.encode()),
        (2**53 + 1, b"9007199254740993"),
        ({}, b"{}"),
    ],
)
def test_json_is_short_and_on_one_line(value: object, expected: bytes) -> None:
    assert encoded(value) == expected


def test_half_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(UnicodeEncodeError):
        encoded("\ud800")


@pytest.mark.parametrize(
    "part",
    [
        pb.PartStarted(candidate_index=1, part_index=2),
        pb.PartFinished(candidate_index=1, part_index=2),
        Chunk("image_chunk", 1, 2, 0, b"A"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_the_bytes_of_a_part_have_one_key(part: pb.PartStarted | pb.PartFinished | Chunk) -> None:
    assert key_of(part) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("UNSPECIFIED", False),
        ("TEXT", False),
        ("IMAGE", True),
        ("FUNCTION_CALL", False),
        ("MEDIA", True),
        ("NATIVE", False),
    ],
)
def test_pictures_and_media_have_bytes(kind: str, expected: bool) -> None:
    assert has_bytes(pb.PartStarted(kind=f"PART_KIND_{kind}")) is expected
