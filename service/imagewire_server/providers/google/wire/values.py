"""JSON objects of Google's as Structs; one that no client could read is the provider's fault."""

from collections.abc import Mapping
from typing import Any

from imagewire_server.contract import json_values, pb
from imagewire_server.contract.errors import Malformed


def struct(value: Mapping[str, Any]) -> pb.Struct:
    """A JSON object as a Struct. Raises Malformed for endless numbers and deep nesting."""
    try:
        return json_values.struct(value)
    except ValueError as error:
        raise Malformed("the provider sent an object that this server cannot hold; it may have been charged") from error
