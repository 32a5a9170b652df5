"""A JSON body as one of our request types, or a refusal that names the field as the caller wrote it."""

import re
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.formats.openai.common import nulls

_T = TypeVar("_T")

_AT = " - at `"
_UNKNOWN_FIELD = "Object contains unknown field "
_UNKNOWN = re.compile(_UNKNOWN_FIELD + "`(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_STEPS = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_CHOICE = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)
_LONGEST = 200


class Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An object of the API: a field it does not have is refused, null is the same as absent."""


def decode(body: json_scan.Json, kind: type[_T]) -> _T:
    """The body as `kind`. Raises InvalidRequest that names the field, or where it holds more than it may."""
    json_scan.check(body)
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError as error:
            if not _is_unknown(error):
                raise _refusal(error, kind) from None
            read = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        words = "is nested too deep" if isinstance(error, RecursionError) else "is no valid JSON"
        raise InvalidRequest([Violation("body", f"{words}; send an object as application/json")]) from None
    return convert(read, kind)


def convert(value: Any, kind: type[_T], field: str = "", *, text: bool = False) -> _T:
    """An object that was read already as `kind`. field: where it stands. text: its values are a form's, all text.

    Where it has unknown fields, its nulls are taken out of it first. Raises InvalidRequest that names the field.
    """
    try:
        try:
            return msgspec.convert(value, kind, strict=not text)
        except msgspec.ValidationError as error:
            if not _is_unknown(error):
                raise
            nulls.dropped(value, kind)
            return msgspec.convert(value, kind, strict=not text)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, field) from None


def _is_unknown(error: msgspec.ValidationError) -> bool:
    return str(error).startswith(_UNKNOWN_FIELD)


def _refusal(error: msgspec.ValidationError, kind: type[Any], field: str = "") -> InvalidRequest:
    words, path = _split(str(error))
    wrong = _violation(words, path, kind)
    place = field if wrong.field == "body" and field else _joined(field, wrong.field)
    return InvalidRequest([Violation(place, wrong.description)])


def _violation(words: str, path: str, kind: type[Any]) -> Violation:
    if match := _UNKNOWN.fullmatch(words):
        return Violation(
            _joined(path, match[1] or '""'), f"is no field that this server knows; leave it out{_hint(match[1], kind)}"
        )
    if match := _MISSING.fullmatch(words):
        return Violation(_joined(path, match[1]), "is required")
    if match := _CHOICE.fullmatch(words):
        choices = ", ".join(map(_shown, _choices(kind, path)))
        return Violation(path, f"{match[1][:_LONGEST]} is not taken; use {choices or 'another'} or leave it out")
    return Violation(path or "body", words[0].lower() + words[1:_LONGEST])


def _split(said: str) -> tuple[str, str]:
    """What msgspec says into its words and the path. The words may hold a caller's field name, be it like a path."""
    words, at, path = said.rpartition(_AT)
    if not at or not path.endswith("`") or "`" in path[:-1]:
        return said, ""
    return words, path[1:-1].removeprefix(".")


def _joined(path: str, name: str) -> str:
    name = name[:_LONGEST]
    return f"{path}.{name}" if path else name


def _hint(name: str, kind: type[Any]) -> str:
    close = get_close_matches(name[:_LONGEST], getattr(kind, "__struct_fields__", ()), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _choices(kind: type[Any], path: str) -> list[Any]:
    """What a field with a fixed set of values takes."""
    types = list(nulls.alternatives(inspect.type_info(kind)))
    for step, _ in _STEPS.findall(path):
        inside: list[inspect.Type] = []
        for one in types:
            if isinstance(one, inspect.StructType) and step == one.tag_field:
                inside.append(inspect.LiteralType((one.tag,)))
            elif isinstance(one, inspect.StructType):
                inside += [field.type for field in one.fields if field.encode_name == step]
            elif isinstance(one, inspect.ListType):
                inside.append(one.item_type)
        types = [flat for one in inside for flat in nulls.alternatives(one)]
    return [value for one in types if isinstance(one, inspect.LiteralType) for value in one.values]


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
