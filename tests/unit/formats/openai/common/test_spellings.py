"""The spellings of picture options."""

import pytest

from imagewire_server.formats.openai.common import spellings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("16:9", "16:9"),
        ("16/9", "16:9"),
        ("16x9", "16:9"),
        (" 16 : 9 ", "16:9"),
        ("auto", ""),
        ("Auto", ""),
        ("wide", "wide"),
        ("1024x768", "1024x768"),
        ("", ""),
    ],
)
def test_a_ratio(given: str, expected: str) -> None:
    assert spellings.ratio(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2k", "2K"),
        ("2K", "2K"),
        ("512", "512"),
        ("512PX", "512"),
        ("0.5K", "512"),
        ("AUTO", ""),
        ("8K", "8K"),
        ("", ""),
    ],
)
def test_a_size(given: str, expected: str) -> None:
    assert spellings.size(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1024x768", (1024, 768)),
        ("1024X768", (1024, 768)),
        ("1024*768", (1024, 768)),
        ("1024", None),
        ("0x10", None),
        ("100000x1", None),
        ("1K", None),
        ("auto", None),
    ],
)
def test_pixels(given: str, expected: tuple[int, int] | None) -> None:
    assert spellings.pixels(given) == expected


def test_every_size_and_quality_is_one_of_the_contract() -> None:
    assert {*spellings.SIZES.values(), *spellings.QUALITIES.values()} <= {"", *spellings.SIDES}
