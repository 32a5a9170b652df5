"""Decodes a JSON body as one of our request types. Errors name the field as the caller wrote it."""

import enum
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.formats.openai.common import nulls, other_names

_T = TypeVar("_T")
Step = tuple[str, str]  # of a path: a name and "", or "" and an index

_AT = " - at `"
_UNKNOWN_FIELD = "Object contains unknown field "
_UNKNOWN = re.compile(_UNKNOWN_FIELD + "`(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_STEPS = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_CHOICE = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)
# A field that may only be null or empty.
_NOTHING = re.compile(r"Expected `(null`, got|(object|array)` of length <= 0)")
_LONGEST = 200
_MOST_NUMBERS = 16  # that are named as too large
_MOST_DIGITS = 300  # of a whole number; Python takes long to convert very long ones
EMPTY = '""'  # how an empty name is shown


class Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An object of the API. Unknown fields are refused; null means absent.

    remedies: what to say of fields of OpenAI's that are not supported at all, and of fields with few supported values.
    """

    remedies: ClassVar[Mapping[str, str]] = {}


def decode(body: json_scan.Json, kind: type[_T]) -> _T:
    """Decode the body as `kind`. Raises InvalidRequest, with the field, if it is wrong or exceeds a limit."""
    json_scan.check(body)
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError as error:
            if not is_unknown(error):
                raise _refusal(error, kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(error) from None
    return convert(plain(body), kind)


def plain(body: json_scan.Json) -> Any:
    """Decode the body without a type. Raises InvalidRequest if it is not valid JSON, or has numbers too large."""
    value, too_large = parsed(body)
    if too_large:
        raise InvalidRequest(too_large)
    return value


def parsed(body: json_scan.Json) -> tuple[Any, list[Violation]]:
    """Decode the body without a type, and name the numbers that are too large, which become infinite.

    Raises InvalidRequest if it is not valid JSON.
    """
    try:
        try:
            return msgspec.json.decode(body), []
        except msgspec.ValidationError:  # without a type, only a number can be wrong
            value = json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise _invalid(error) from None
    return value, list(islice(_infinite(value), _MOST_NUMBERS))


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= _MOST_DIGITS else float(text)


def _infinite(value: Any) -> Iterator[Violation]:
    waiting = [("", value)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, float) and math.isinf(one):
            yield Violation(place or "body", "is a number that is too large; send a smaller one")
        elif isinstance(one, dict):
            waiting += [(_joined(place, name or EMPTY), held) for name, held in reversed(one.items())]
        elif isinstance(one, list):
            waiting += [(f"{place}[{i}]", held) for i, held in reversed(list(enumerate(one)))]


def _invalid(error: Exception) -> InvalidRequest:
    words = "is nested too deeply" if isinstance(error, RecursionError) else "is not valid JSON"
    return InvalidRequest([Violation("body", f"{words}; send an object as application/json")])


def convert(value: Any, kind: type[_T], field: str = "", *, text: bool = False) -> _T:
    """Convert a decoded object to `kind`. field: its name. text: the values are from a form, so all are text.

    If it has unknown fields, those that are null are removed first. Raises InvalidRequest with the field.
    """
    try:
        try:
            return msgspec.convert(value, kind, strict=not text)
        except msgspec.ValidationError as error:
            if not is_unknown(error):
                raise
            nulls.dropped(value, kind)
            return msgspec.convert(value, kind, strict=not text)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, field) from None


class Kind(enum.Enum):
    """What is wrong with a field. UNSUPPORTED: the value is valid in OpenAI's API, but not supported here."""

    UNKNOWN = enum.auto()
    MISSING = enum.auto()
    UNSUPPORTED = enum.auto()
    INVALID = enum.auto()


class Reason(NamedTuple):
    """An error of the decoder. path: of the value with the error; name: of a field of it that is unknown or missing."""

    kind: Kind
    path: str
    name: str
    description: str

    @property
    def field(self) -> str:
        """The wrong field."""
        return _joined(self.path, self.name) if self.name else self.path or "body"


def is_unknown(error: msgspec.ValidationError) -> bool:
    """Whether a field is unknown."""
    return str(error).startswith(_UNKNOWN_FIELD)


def within(place: str, field: str) -> str:
    """The name of a field of the object that is called `place`."""
    return place if field == "body" and place else _joined(place, field)


def _refusal(error: msgspec.ValidationError, kind: type[Any], field: str = "") -> InvalidRequest:
    found = reason(error, kind)
    return InvalidRequest([Violation(within(field, found.field), found.description)])


def reason(error: msgspec.ValidationError, kind: type[Any], *, hint: bool = True) -> Reason:
    """What is wrong, and what to do about it. hint: whether to look for a known name that is similar."""
    words, path = _split(str(error))
    if path in other_names.OLDER:
        return Reason(Kind.INVALID, path, "", other_names.OLDER[path])
    if match := _UNKNOWN.fullmatch(words):
        if not path and match[1] in other_names.REMEDIES:
            return Reason(Kind.UNKNOWN, path, match[1], other_names.REMEDIES[match[1]])
        remedy = _remedy(match[1], kind, path)
        similar = _hint(match[1], kind, path) if hint and not remedy else ""
        unknown = f"is an unknown field; leave it out{similar}"
        return Reason(Kind.UNKNOWN, path, match[1] or EMPTY, remedy or unknown)
    if match := _MISSING.fullmatch(words):
        return Reason(Kind.MISSING, path, match[1], "is required")
    if match := _CHOICE.fullmatch(words):
        *above, (name, _) = steps(path) or [("", "")]
        choices = ", ".join(map(_shown, _choices(kind, path)))
        other = f"{match[1][:_LONGEST]} is not supported; use {choices or 'another value'} or leave it out"
        return Reason(Kind.UNSUPPORTED, path, "", _remedy(name, kind, path_of(above)) or other)
    if _NOTHING.match(words):
        return Reason(Kind.UNSUPPORTED, path, "", "is not supported; leave it out")
    return Reason(Kind.INVALID, path, "", words[0].lower() + words[1:_LONGEST])


def steps(path: str) -> list[Step]:
    """The steps of a path."""
    return _STEPS.findall(path)


def path_of(steps: Iterable[Step]) -> str:
    """The path with these steps."""
    return "".join(f".{name}" if name else f"[{index}]" for name, index in steps).removeprefix(".")


def _split(said: str) -> tuple[str, str]:
    """Split a message of msgspec into its text and the path. A field name in the text may look like a path."""
    words, at, path = said.rpartition(_AT)
    if not at or not path.endswith("`") or "`" in path[:-1]:
        return said, ""
    return words, path[1:-1].removeprefix(".")


def _joined(path: str, name: str) -> str:
    name = name[:_LONGEST]
    return f"{path}.{name}" if path else name


def _hint(name: str, kind: type[Any], path: str) -> str:
    """The known name of the same object that is nearest to an unknown one."""
    objects = [one for one in types(kind, path) if isinstance(one, inspect.StructType)]
    known = [field.encode_name for one in objects for field in one.fields]
    close = get_close_matches(name[:_LONGEST], known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _remedy(name: str, kind: type[Any], path: str) -> str:
    """What the objects at a path say of a field, "" if nothing."""
    found = (one.cls for one in types(kind, path) if isinstance(one, inspect.StructType))
    return next((cls.remedies[name] for cls in found if issubclass(cls, Strict) and name in cls.remedies), "")


def _choices(kind: type[Any], path: str) -> list[Any]:
    """The valid values of a field with a fixed set of values."""
    literals = [one for one in types(kind, path) if isinstance(one, inspect.LiteralType)]
    return list(dict.fromkeys(value for one in literals for value in one.values))


def types(kind: type[Any], path: str) -> list[inspect.Type]:
    """What the value at a path may be."""
    found = list(nulls.alternatives(_type_info(kind)))  # type: ignore[arg-type]  # classes are hashable
    for step, _ in _STEPS.findall(path):
        inside: list[inspect.Type] = []
        for one in found:
            if isinstance(one, inspect.StructType) and step == one.tag_field:
                inside.append(inspect.LiteralType((one.tag,)))
            elif isinstance(one, inspect.StructType):
                inside += [field.type for field in one.fields if field.encode_name == step]
            elif isinstance(one, inspect.ListType):
                inside.append(one.item_type)
        found = [flat for one in inside for flat in nulls.alternatives(one)]
    return found


_type_info = cache(inspect.type_info)


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
