"""Reads `imagewire.models`, and builds a provider's table of models from such rows."""

import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any

from imagewire_server.config.source import Key, Node
from imagewire_server.contract.provider import Capabilities, ModelTable, TokenPrice

# The id of a model, as "PROVIDER/ID" or for every provider, and some of its Capabilities by name.
Row = Mapping[str, Any]

# Capabilities that are the same for all models of a provider, or that the provider tells by the name.
_PROVIDERS_OWN = frozenset(
    {"service", "traced_as", "default_image_size", "image_bytes", "uri_schemes", "fields", "billed_as", "talks"}
)
_WITHOUT_SYSTEM = "without_system_instruction"


@cache
def keys() -> dict[str, Any]:
    """The keys of a row with their types. `without_system_instruction` lists providers, each of which checks it."""
    found: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(Capabilities).items():
        if name == "system_instruction":
            found[_WITHOUT_SYSTEM] = tuple[str, ...]
        elif name not in _PROVIDERS_OWN:
            found[name] = _without_none(hint)
    return found


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint


def read(own: Node | None) -> tuple[Row, ...]:
    """Read the rows under imagewire.models. Raises ConfigError."""
    section = next((value for key, value in own.pairs("imagewire") if key.text == "models"), None) if own else None
    if section is None:
        return ()
    return tuple(_row(entry) for entry in section.items("models"))


def rows_of(provider: str, providers: Collection[str], rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows for one provider, whose ids name it or none. providers: the names of all."""
    found = []
    for row in rows:
        name, _, model = row["id"].partition("/")
        if name not in providers:
            found.append(row)
        elif name == provider:
            found.append({**row, "id": model})
    return tuple(found)


def typed(row: Row) -> Row:
    """Convert a row of plain JSON values to the types of Capabilities."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if "price" in given:
        given["price"] = TokenPrice(*given["price"])
    return given


def table(
    provider: str, unknown: Capabilities, rows: Iterable[Row], talks: Callable[[str], bool] = lambda name: False
) -> ModelTable:
    """Build a provider's table. unknown: capabilities of models that are not in it. Rows with the same id merge.

    talks: whether the name of a model is of one that answers with text only.
    """
    found: dict[str, Capabilities] = {}
    for row in rows:
        given = dict(row)
        if _WITHOUT_SYSTEM in given:
            given["system_instruction"] = provider not in given.pop(_WITHOUT_SYSTEM)
        other = dataclasses.replace(unknown, talks=talks(row["id"]))
        found[row["id"]] = dataclasses.replace(found.get(row["id"], other), **given)
    return ModelTable(found.values(), unknown, talks)


def _row(entry: Node) -> Row:
    row = {key.text: _value(key.text, hint, value) for key, hint, value in _known(entry)}
    if not row.get("id") or row["id"].endswith("/"):
        raise entry.error("id is missing; add the model's id")
    return typed(row)


def _known(entry: Node) -> list[tuple[Key, Any, Node]]:
    known = keys()
    pairs = list(entry.pairs("an entry of models"))
    for key, _ in pairs:
        if key.text not in known:
            raise key.unknown(known, "models")
    return [(key, known[key.text], value) for key, value in pairs]


def _value(name: str, hint: Any, value: Node) -> Any:
    if name == "price":
        numbers = [item.number("price") for item in value.items("price")]
        if len(numbers) not in {3, 4}:
            raise value.error(
                "price must be [prompt, text, picture], or these and the cached prompt, in USD per million tokens"
            )
        return numbers
    kind = typing.get_origin(hint) or hint
    if kind is tuple:
        return [item.text(name) for item in value.items(name)]
    if kind is Mapping:
        if typing.get_args(hint)[1] is int:
            return {key.text: number.whole(f"{name}.{key.text}", least=1) for key, number in value.pairs(name)}
        return {key.text: number.number(f"{name}.{key.text}") for key, number in value.pairs(name)}
    if kind is int:
        return value.whole(name)
    if kind is bool:
        return value.choice(name, ("true", "false")) == "true"
    return value.text(name)
