"""Checks an argument against its type annotation, so that a wrong one is named before anything is sent."""

import types
import typing
from collections import abc
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, get_args, get_origin

_WORDS = {str: "text", float: "a number", int: "a whole number of 32 bits"}


def mismatch(value: object, kind: Any) -> str:
    """Say what the value must be, "" when it fits. kind: a type annotation, such as those of Options."""
    return "" if _fits(value, kind) else f"must be {_words(kind)}"


def require(name: str, value: object, kind: Any) -> None:
    """Raise TypeError, which names the argument, for a value of the wrong type. kind: a type annotation.

    ValueError is for a text that UTF-8, and so protobuf, cannot hold.
    """
    if wrong := mismatch(value, kind):
        # Of a list it may be an item that is wrong.
        given = "" if isinstance(value, list | tuple | set | Mapping) else f", not {type(value).__name__}"
        if _WORDS[int] in wrong and isinstance(value, Integral) and not isinstance(value, bool):
            given = f", not {value}"
        raise TypeError(f"{name}: {wrong}{given}")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            alone = f"half of a surrogate pair at position {error.start}"
            raise ValueError(f"{name}: has {alone}, and so is no UTF-8; remove it") from None


def _fits(value: object, kind: Any) -> bool:
    of = get_args(kind)
    match get_origin(kind):
        case None:
            return _is_a(value, kind)
        case types.UnionType:
            return any(_fits(value, each) for each in of)
        case typing.Literal:
            return isinstance(value, str) and value in of
        case abc.Mapping:
            return isinstance(value, Mapping) and all(_fits(k, of[0]) and _fits(v, of[1]) for k, v in value.items())
    # Another iterable may be read only once, so its items are not checked.
    if isinstance(value, list | tuple | set | frozenset):
        return all(_fits(item, of[0]) for item in value)
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _is_a(value: object, kind: Any) -> bool:
    if kind is Any:
        return True
    if kind is int:
        return not isinstance(value, bool) and isinstance(value, Integral) and -(2**31) <= int(value) < 2**31
    if kind is float:
        return not isinstance(value, bool) and isinstance(value, Real)
    return isinstance(value, kind)


def _words(kind: Any) -> str:
    origin, of = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return " or ".join(_words(each) for each in of if each is not types.NoneType)
    if origin is typing.Literal:
        return " or ".join(str(each) for each in of)
    if origin is Mapping:
        return "a mapping" if of[1] is Any else f"a mapping to {_words(of[1])}"
    if origin is Iterable:
        return f"a list, each item {_words(of[0])}"
    return _WORDS.get(kind) or str(kind.__name__)
