"""What a request wants of the keeper beside its spec."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wishes:
    """keeps: whether its answer may be kept. fingerprint: of the request; b"" for that of its spec.

    prepare: called before something is drawn, but not for an answer that there is already. It may change the spec.
    """

    keeps: bool = True
    fingerprint: bytes = b""
    prepare: Callable[[], Awaitable[None]] | None = None


ANY = Wishes()
