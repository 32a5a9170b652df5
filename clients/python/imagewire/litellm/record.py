"""Objects whose fields are attributes and keys, as LiteLLM's are."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from imagewire.short_repr import short

# Arguments of pydantic's `model_dump` that change nothing here.
_PYDANTIC = frozenset(
    {
        *("mode", "context", "by_alias", "exclude_unset", "exclude_defaults", "round_trip", "warnings"),
        *("serialize_as_any", "fallback", "exclude_computed_fields", "use_api_names"),
    }
)


class Record:
    """names: its fields, in order. A field that is None is not set.

    dumped: the fields that stand in a dump also where they are not set, since callers of LiteLLM's index them.
    """

    names: tuple[str, ...] = ()
    dumped: frozenset[str] = frozenset()

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
        return name in self.names and getattr(self, str(name)) is not None

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

    def model_dump(
        self,
        *,
        include: Collection[str] | None = None,
        exclude: Collection[str] = (),
        exclude_none: bool = False,
        **pydantic: Any,
    ) -> dict[str, Any]:
        """Make plain dicts and lists, ready for JSON. Pictures become data URIs.

        Args:
            include: The fields that are wanted. Default: all.
            exclude: The fields that are not wanted.
            exclude_none: Whether the fields that are not set are left out. Else a message's `tool_calls` and
                `function_call` and a chunk's `role`, `content` and `finish_reason` are None where they are not set.
            **pydantic: Other arguments of pydantic's `model_dump`, such as `mode`. They change nothing here: all
                values are JSON's.

        Returns:
            The fields that are set, and those that callers of LiteLLM's expect in any case.

        Raises:
            TypeError: An argument is none of pydantic's.
            ValueError: The bytes of a picture are not here.

        Examples:
            >>> say = [{"role": "user", "content": "A banana"}]
            >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say)
            >>> answer.model_dump()["choices"][0]["finish_reason"]
            'stop'
        """
        if unknown := sorted(pydantic.keys() - _PYDANTIC):
            raise TypeError(f"model_dump has no argument {unknown[0]}; it has include and exclude")
        there = self.keys() if exclude_none else self._shown()
        wanted = [name for name in there if (include is None or name in include) and name not in (exclude or ())]
        return {name: plain(self[name], exclude_none=exclude_none) for name in wanted}

    def _shown(self) -> list[str]:
        return [name for name in self.names if name in self.dumped or getattr(self, name) is not None]

    def model_dump_json(self, *, indent: int | None = None, **arguments: Any) -> str:
        """Make JSON text. Pictures become data URIs.

        Args:
            indent: Spaces per level; None for one line.
            **arguments: Those of `model_dump`.

        Returns:
            The text.

        Raises:
            ValueError: The bytes of a picture are not here.

        Examples:
            >>> say = [{"role": "user", "content": "A banana"}]
            >>> answer = imagewire.completion("gemini/gemini-2.5-flash-image", say)
            >>> answer.model_dump_json(include={"object"})
            '{"object":"chat.completion"}'
        """
        separators = (",", ":") if indent is None else None
        return json.dumps(self.model_dump(**arguments), ensure_ascii=False, indent=indent, separators=separators)

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {short(self[name])}' for name in self.keys())}}}"

    # The names of the same in OpenAI's and LiteLLM's packages. LiteLLM's `json` makes a dict too.
    to_json = model_dump_json
    json = to_dict = dict = model_dump


def plain(value: Any, *, exclude_none: bool = False) -> Any:
    """The value with plain dicts in the place of Records and of a message's pictures, also inside lists."""
    if isinstance(value, Record):
        return value.model_dump(exclude_none=exclude_none)
    if isinstance(value, dict):
        return {name: plain(item, exclude_none=exclude_none) for name, item in value.items()}
    return [plain(item, exclude_none=exclude_none) for item in value] if isinstance(value, list) else value
