"""Warnings about a configuration: what it asks for and this server does not do. Each is told once."""

from collections.abc import Iterable

from imagewire_server.config import litellm
from imagewire_server.config.source import Key, Node, nearest

# Keys that ask for something by being false.
_ASK_BY_FALSE = frozenset({"discoverable", "ssl_verify", "supports_system_message"})
# Those of them that ask for nothing by being true.
_ONLY_BY_FALSE = frozenset({"discoverable", "supports_system_message"})
# What to do in place of a key.
_CACHE = "set cache_ttl under imagewire for the answer cache"
_CALLERS = "see imagewire.callers for keys with limits and budgets"
_INSTEAD = {
    **dict.fromkeys(("cache", "cache_params"), _CACHE),
    **dict.fromkeys(("database_url", "key_generation_settings", "max_budget"), _CALLERS),
}


class Notices:
    """Collects the warnings, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}
        self.unknown: list[str] = []  # those about keys that nobody knows

    @property
    def found(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._found)

    def add(self, words: str) -> None:
        """Add one. Characters that cannot be shown are escaped."""
        self._found["".join(one if one.isprintable() else ascii(one)[1:-1] for one in words)] = None

    def not_used(self, name: str, why: str = "") -> None:
        """A key or value of LiteLLM that has no effect here."""
        self.add(f"{name} is not supported{': ' + why if why else ''}")

    def is_missing(self, name: str, value: Node) -> bool:
        """Whether a value refers to a variable that is not set, so that it counts as not given, which is told."""
        if value.is_unset:
            self.add(f"{value.where}: {name} is not given, because {value.reference} is not set")
        return value.is_unset

    def other(self, key: Key, value: Node, section: str, served: Iterable[str]) -> None:
        """A key of a section that this server does not read. served: the section's keys that it reads."""
        if litellm.has(section, key.text):
            nothing = value.asks_nothing
            if key.text in _ONLY_BY_FALSE:
                asks = nothing and not value.is_null
            else:
                asks = not nothing or (key.text in _ASK_BY_FALSE and not value.is_null)
            if asks:
                self.not_used(f"{section}.{key.text}", _INSTEAD.get(key.text, ""))
            return
        known = [*served, *(name for name in litellm.names(section) if "*" not in name)]
        close = nearest(key.text, known) or "; it has no effect"
        self.unknown.append(f"{key.where}: unknown key {key.text!r} in {section}{close}")
        self.add(self.unknown[-1])
