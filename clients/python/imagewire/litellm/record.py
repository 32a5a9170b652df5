"""Objects whose fields are attributes and keys, as LiteLLM's are."""

from collections.abc import Iterator
from typing import Any


class Record:
    """names: its fields, in order. A field that is None is not set."""

    names: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """List the fields that are set.

        Returns:
            Their names, in order.

        Examples:
            >>> say = [{"role": "user", "content": "A banana"}]
            >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say)
            >>> "choices" in answer.keys()
            True
        """
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
        """Look up a field, as a dict's `get`.

        Args:
            name: The field.
            default: What is returned when the field is not set.

        Returns:
            The field's value, or `default`.

        Examples:
            >>> say = [{"role": "user", "content": "A banana"}]
            >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say)
            >>> answer.get("object")
            'chat.completion'
        """
        return self[name] if name in self else default  # noqa: SIM401  # that would call this

    def model_dump(self) -> dict[str, Any]:
        """Make plain dicts and lists, ready for JSON. Pictures become data URIs.

        Returns:
            The fields that are set.

        Raises:
            ValueError: The bytes of a picture are not here.

        Examples:
            >>> say = [{"role": "user", "content": "A banana"}]
            >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say)
            >>> answer.model_dump()["choices"][0]["finish_reason"]
            'stop'
        """
        return {name: plain(self[name]) for name in self.keys()}

    def __repr__(self) -> str:
        return repr({name: self[name] for name in self.keys()})


def plain(value: Any) -> Any:
    """The value with dicts in the place of Records, also inside lists."""
    if isinstance(value, Record):
        return value.model_dump()
    return [plain(item) for item in value] if isinstance(value, list) else value
