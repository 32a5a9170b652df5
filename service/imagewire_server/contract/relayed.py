"""A request in a provider's own format, which goes to it as it is, and whose answer comes back as it is."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RelayedRequest:
    """method: the provider's name of what is asked: "generateContent". body: as the caller sent it, checked as JSON.

    query: of the URL, without credentials: "alt=sse". draws: whether it is charged for; a count of tokens is not.
    """

    method: str
    body: bytes
    query: str = ""
    draws: bool = True


class RelayedBytes(Protocol):
    """Takes the bytes of one upstream call's answer on their way to the caller."""

    def begin(self, content_type: str) -> None:
        """The answer begins. content_type: without parameters, "" for none."""
        ...

    def add(self, piece: bytes) -> None:
        """The next bytes, as they came."""
        ...

    async def room(self) -> None:
        """Return when the caller has taken enough of what was added."""
        ...
