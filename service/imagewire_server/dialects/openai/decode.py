"""A JSON body as one of our request types, or a refusal that names the field as the caller wrote it."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from imagewire_server.contract.errors import InvalidRequest, Violation

_T = TypeVar("_T")

_AT = re.compile(r"(?P<words>.*?)(?: - at `(?P<path>[^`]*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_STEPS = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_CHOICE = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)
_LONGEST = 200


class Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An object of the API: a field it does not have is refused, null is the same as absent."""


def decode(body: bytes, kind: type[_T]) -> _T:
    """The body as `kind`. Raises InvalidRequest that names the field."""
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError:
            read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        words = "is nested too deep" if isinstance(error, RecursionError) else "is no valid JSON"
        raise InvalidRequest([Violation("body", f"{words}; send an object as application/json")]) from None
    return convert(read, kind)


def convert(value: Any, kind: type[_T], field: str = "", *, text: bool = False) -> _T:
    """An object that was read already as `kind`. field: where it stands. text: its values are a form's, all text.

    Unknown fields that are null are taken out of it: clients write back what their own types have, and null asks for
    nothing. Raises InvalidRequest that names the field.
    """
    while True:
        try:
            return msgspec.convert(value, kind, strict=not text)
        except msgspec.ValidationError as error:
            words, path = _split(str(error))
            unknown = _UNKNOWN.fullmatch(words)
            if unknown and _dropped(value, path, unknown[1]):
                continue
            wrong = _violation(words, path, kind)
            place = field if wrong.field == "body" and field else _joined(field, wrong.field)
            raise InvalidRequest([Violation(place, wrong.description)]) from None


def _dropped(value: Any, path: str, name: str) -> bool:
    """Take a field that is null out of an object inside the value; False when it is not null."""
    for key, index in _STEPS.findall(path):
        if index == "...":
            return False  # inside an object of the caller's own making
        value = value[int(index)] if index else value[key]
    if value.get(name, name) is not None:
        return False
    del value[name]
    return True


def _violation(words: str, path: str, kind: type[Any]) -> Violation:
    if match := _UNKNOWN.fullmatch(words):
        return Violation(
            _joined(path, match[1]), f"is no field that this server knows; leave it out{_hint(match[1], kind)}"
        )
    if match := _MISSING.fullmatch(words):
        return Violation(_joined(path, match[1]), "is required")
    if match := _CHOICE.fullmatch(words):
        choices = ", ".join(map(_shown, _choices(kind, path)))
        return Violation(path, f"{match[1][:_LONGEST]} is not taken; use {choices or 'another'} or leave it out")
    return Violation(path or "body", words[0].lower() + words[1:_LONGEST])


def _split(said: str) -> tuple[str, str]:
    match = _AT.fullmatch(said)
    return (match["words"], (match["path"] or "$")[1:].removeprefix(".")) if match else (said, "")


def _joined(path: str, name: str) -> str:
    name = name[:_LONGEST]
    return f"{path}.{name}" if path else name


def _hint(name: str, kind: type[Any]) -> str:
    close = get_close_matches(name, getattr(kind, "__struct_fields__", ()), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _choices(kind: type[Any], path: str) -> list[Any]:
    """What a field with a fixed set of values takes."""
    types = list(_flat(inspect.type_info(kind)))
    for step, _ in _STEPS.findall(path):
        inside: list[inspect.Type] = []
        for one in types:
            if isinstance(one, inspect.StructType) and step == one.tag_field:
                inside.append(inspect.LiteralType((one.tag,)))
            elif isinstance(one, inspect.StructType):
                inside += [field.type for field in one.fields if field.encode_name == step]
            elif isinstance(one, inspect.ListType):
                inside.append(one.item_type)
        types = [flat for one in inside for flat in _flat(one)]
    return [value for one in types if isinstance(one, inspect.LiteralType) for value in one.values]


def _flat(one: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(one, inspect.UnionType):
        for inside in one.types:
            yield from _flat(inside)
    elif isinstance(one, inspect.Metadata):
        yield from _flat(one.type)
    else:
        yield one


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
