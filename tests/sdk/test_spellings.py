"""The Python client and the server's REST API accept the same spellings of picture options."""

from typing import Any

import pytest

import imagewire
from imagewire import spellings
from imagewire_server.formats.openai.common import spellings as servers
from tests.unit.formats.openai.asked import spec

RATIOS = ["16:9", "16/9", " 16 x 9 ", "16X9", "auto", "AUTO", "", "x", "1:1:1", "100:1", "16.0:9"]
SIZES = [*servers.SIZES, *(name.upper() for name in servers.SIZES), "8K", "", "x"]


def test_the_tables_are_the_same() -> None:
    assert spellings.SIZES == servers.SIZES
    assert list(map(spellings.ratio, RATIOS)) == list(map(servers.ratio, RATIOS))
    assert list(map(spellings.size, SIZES)) == list(map(servers.size, SIZES))


@pytest.mark.parametrize(
    "options",
    [
        {"aspect_ratio": "16/9", "image_size": "2k"},
        {"aspect_ratio": "auto", "image_size": "AUTO"},
        {"image_size": "512px"},
        {"aspect_ratio": "7:5", "image_size": "8K"},
        {"modalities": ["text", "image"]},
    ],
    ids=str,
)
def test_an_option_is_the_same_in_the_client_and_in_rest(options: dict[str, Any]) -> None:
    made = imagewire.build_spec("gemini/m", "A banana", **options)
    asked = spec("chat", **options)
    assert made.image_config.SerializeToString() == asked.image_config.SerializeToString()
    assert list(made.response_modalities) == list(asked.response_modalities)
