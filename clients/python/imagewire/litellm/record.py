"""Objects whose fields are there by attribute and by key, as LiteLLM's have them."""

from collections.abc import Iterator
from typing import Any


class Record:
    """names: its fields, in order. A field that is None is not set."""

    names: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """The names of the fields that are set."""
        return tuple(name for name in self.names if getattr(self, name) is not None)

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def get(self, name: str, default: Any = None) -> Any:
        """As a dict's."""
        return self[name] if name in self else default  # noqa: SIM401  # that would call this

    def model_dump(self) -> dict[str, Any]:
        """All of it as dicts and lists, ready for JSON; what is None is left out."""
        return {name: plain(self[name]) for name in self.keys()}

    def __repr__(self) -> str:
        return repr({name: self[name] for name in self.keys()})


def plain(value: Any) -> Any:
    """Records as dicts, in lists too."""
    if isinstance(value, Record):
        return value.model_dump()
    return [plain(item) for item in value] if isinstance(value, list) else value
