"""What LiteLLM's file may hold and this server does not serve, read once from litellm.toml."""

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

# Told the name of each such key that a file has.
Warn = Callable[[str], None]


@cache
def _table() -> dict[str, frozenset[str]]:
    text = resources.files(__package__).joinpath("litellm.toml").read_text(encoding="utf-8")
    return {section: frozenset(names) for section, names in tomllib.loads(text).items()}


def unserved(section: str) -> frozenset[str]:
    """The keys of a section ("sections" for the file's top) that are LiteLLM's and not served."""
    return _table()[section]
