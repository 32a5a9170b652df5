"""Removes nulls from a request: clients send back all fields of their own types, and null asks for nothing.

Only objects of the API are changed. In the caller's own objects, for example a function's parameters, null is a value.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from msgspec import inspect

# The maximum number of objects and lists that are searched. After that, a null is refused like any unknown field.
_MOST = 50_000


class _Place(NamedTuple):
    """What a value may be. fields: of the API's objects, None if other objects are allowed. items: of lists."""

    fields: "dict[str, _Place] | None"
    items: "_Place | None"


def dropped(value: Any, kind: type[Any]) -> None:
    """Remove the nulls from a value of this kind, in one pass."""
    waiting = [(value, _of_kind(kind))]  # type: ignore[arg-type]  # classes are hashable
    looked = 0
    while waiting and looked < _MOST:
        looked += 1
        one, place = waiting.pop()
        if isinstance(one, list) and place.items is not None:
            inside = ((item, place.items) for item in one)
        elif isinstance(one, dict) and place.fields is not None:
            for name in [name for name, given in one.items() if given is None]:
                del one[name]
            inside = ((one[name], field) for name, field in place.fields.items() if name in one)
        else:
            continue
        waiting += islice((pair for pair in inside if isinstance(pair[0], dict | list)), _MOST - len(waiting))


@cache
def _of_kind(kind: Any) -> _Place:
    return _of([inspect.type_info(kind)])


def _of(types: Iterable[inspect.Type]) -> _Place:
    flat = [one for kind in types for one in alternatives(kind)]
    fields: dict[str, list[inspect.Type]] = {}
    for one in flat:
        for field in one.fields if isinstance(one, inspect.StructType) else ():
            fields.setdefault(field.encode_name, []).append(field.type)
    theirs = any(isinstance(one, inspect.DictType | inspect.AnyType) for one in flat)
    ours = any(isinstance(one, inspect.StructType) for one in flat)
    items = [one.item_type for one in flat if isinstance(one, inspect.ListType)]
    return _Place(
        {name: _of(kinds) for name, kinds in fields.items()} if ours and not theirs else None,
        _of(items) if items else None,
    )


def alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    """The types of a union, without their constraints."""
    if isinstance(kind, inspect.UnionType):
        for inside in kind.types:
            yield from alternatives(inside)
    elif isinstance(kind, inspect.Metadata):
        yield from alternatives(kind.type)
    else:
        yield kind
