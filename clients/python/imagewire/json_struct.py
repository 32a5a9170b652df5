"""Makes protobuf's Struct from a dict. Values that a Struct would change without notice are refused."""

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

# protobuf reads 100 levels of nested messages; each JSON object takes three.
_MOST_LEVELS = 28
_MOST_WHOLE = 2**53


def struct(given: Mapping[str, Any]) -> Struct:
    """Make a Struct. Raises ValueError, whose message is for the caller, for what is not JSON or would be changed."""
    _check(given, _MOST_LEVELS)
    made = Struct()
    made.SetInParent()
    try:
        made.update(given)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a JSON object: a dict of text, numbers, lists and dicts") from None
    return made


def _check(value: object, levels: int) -> None:
    if isinstance(value, int) and not -_MOST_WHOLE <= value <= _MOST_WHOLE:
        raise ValueError("has a whole number beyond 2^53, which would be changed; send it as text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"has {value}, which is not a number in JSON; leave it out, or send it as text")
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for item in inside:
        if not levels:
            raise ValueError(f"is nested more than {_MOST_LEVELS} levels deep; send the inner part as text")
        _check(item, levels - 1)
