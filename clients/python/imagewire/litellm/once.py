"""Arguments that have several names. Sans-IO."""

from typing import TypeVar

from imagewire.errors import invalid

_T = TypeVar("_T")


def once(name: str, value: _T | None, among: dict[str, _T] | dict[str, _T | None], *others: str) -> _T | None:
    """The value of an argument that has several names. The other names are removed from `among`."""
    for other in others:
        found = among.pop(other, None)
        if found is not None and value not in {None, found}:
            raise invalid(name, f"contradicts {other}; set only one of them")
        value = value if found is None else found
    return value
