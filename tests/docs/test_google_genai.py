"""The page for users of google-genai names every field of that package, and only what this one has."""

import re

from google.genai import types

import imagewire
from tests.docs.pages import ROOT

_PAGE = (ROOT / "docs/from-google-genai.md").read_text()
_SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE))


def _rows(section: str) -> list[tuple[str, str]]:
    rows = [tuple(line.strip("| ").split(" | ")) for line in _SECTIONS[section].splitlines() if line.startswith("| `")]
    return [(first, second) for first, second in rows]


def test_every_field_of_a_request_is_there() -> None:
    named = [name for first, _ in _rows("Options") for name in re.findall(r"`(\w+)`", first)]
    configs = (types.GenerateContentConfig, types.ImageConfig, types.ThinkingConfig)
    assert sorted(named) == sorted(name for config in configs for name in config.model_fields)


def test_every_option_that_it_names_is_one() -> None:
    options = imagewire.Options.__annotations__
    for first, second in _rows("Options"):
        (name,) = re.findall(r"^`(\w+)`", second) or [None]
        if name is not None:
            assert name in options, first


def test_every_attribute_of_an_answer_that_it_names_is_one() -> None:
    named = {name for _, second in _rows("Answers") for name in re.findall(r"`answer\.(\w+)", second)}
    assert named
    assert all(hasattr(imagewire.Answer, name) for name in named), named


def test_every_call_that_it_names_is_one() -> None:
    with imagewire.Client("127.0.0.1:9") as client:
        for _, second in _rows("Calls"):
            for path in re.findall(r"`client\.([\w.]+)", second):
                found = client
                for name in path.split("."):
                    found = getattr(found, name)
