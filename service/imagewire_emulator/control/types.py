"""What the control API answers with. The OpenAPI document is made from these types."""

from typing import Any

import msgspec

from imagewire_emulator.control.steering import Natural
from imagewire_emulator.ledger import Entry


class Charges(msgspec.Struct, frozen=True):
    """What the calls in the ledger would have cost.

    requests: all. charged: those that drew something, also if their answer was cut or the client left. pictures: final
    pictures, without drafts.
    """

    requests: Natural
    charged: Natural
    pictures: Natural


class Nothing(msgspec.Struct, frozen=True):
    """An empty object."""


class ErrorBody(msgspec.Struct, frozen=True):
    """The content of an error: its HTTP status, text, name, and details."""

    code: int
    message: str
    status: str
    details: list[dict[str, Any]] = []


class Error(msgspec.Struct, frozen=True):
    """An error, in Google's format."""

    error: ErrorBody


def charges(entries: list[Entry]) -> Charges:
    """The sums over the ledger."""
    paid = [entry.charged for entry in entries if entry.charged]
    return Charges(len(entries), len(paid), sum(paid))
