"""The key names of LiteLLM's file, read from litellm.toml."""

import re
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("litellm.toml").read_text(encoding="utf-8"))


@cache
def _table() -> dict[str, frozenset[str]]:
    return {section: frozenset(names) for section, names in _document().items()}


def names(section: str) -> frozenset[str]:
    """The names of a section ("sections" for the top level). A "*" stands for any text."""
    return _table()[section]


def common(section: str) -> dict[str, str]:
    """The keys of a section that stand for a key of every deployment that does not have it: that key by their name."""
    return dict(_document()["common"].get(section, {}))


def default_name(name: str) -> str:
    """The field of a chat request for one of Google's names of it, such as "maxOutputTokens"; else the name itself."""
    return str(_document()["google_names"].get(snake(name), name))


def generation_field(name: str) -> str:
    """Google's field of generationConfig that only extra_body can hold, by one of its names; "" for others."""
    return str(_document()["google_places"].get(snake(name), ""))


def snake(name: str) -> str:
    """A name as Python spells it."""
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def has(section: str, name: str) -> bool:
    """Whether LiteLLM has this key in a section."""
    return any(fnmatchcase(name, pattern) for pattern in _table()[section])
