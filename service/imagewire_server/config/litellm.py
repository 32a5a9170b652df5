"""The keys of LiteLLM's file that this server does not support, read from litellm.toml."""

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

# Called with the name of each such key in a file.
Warn = Callable[[str], None]


@cache
def _table() -> dict[str, frozenset[str]]:
    text = resources.files(__package__).joinpath("litellm.toml").read_text(encoding="utf-8")
    return {section: frozenset(names) for section, names in tomllib.loads(text).items()}


def unserved(section: str) -> frozenset[str]:
    """LiteLLM's keys of a section ("sections" for the top level) that are not supported."""
    return _table()[section]
