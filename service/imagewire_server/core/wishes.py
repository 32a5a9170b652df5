"""What a request wants of the keeper beside its spec."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wishes:
    """keeps: whether its answer may be kept. fingerprint: of the request; b"" for that of its spec.

    fallbacks: models to ask instead of the configured ones. prepare: called before something is drawn, but not for an
    answer that there is already. It may change the spec.
    """

    keeps: bool = True
    fingerprint: bytes = b""
    fallbacks: Sequence[str] | None = None
    prepare: Callable[[], Awaitable[None]] | None = None


ANY = Wishes()
