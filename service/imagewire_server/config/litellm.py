"""The key names of LiteLLM's file, read from litellm.toml."""

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources


@cache
def _table() -> dict[str, frozenset[str]]:
    text = resources.files(__package__).joinpath("litellm.toml").read_text(encoding="utf-8")
    return {section: frozenset(names) for section, names in tomllib.loads(text).items()}


def names(section: str) -> frozenset[str]:
    """The names of a section ("sections" for the top level). A "*" stands for any text."""
    return _table()[section]


def has(section: str, name: str) -> bool:
    """Whether LiteLLM has this key in a section."""
    return any(fnmatchcase(name, pattern) for pattern in _table()[section])
