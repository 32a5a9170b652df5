"""What a request wants of the keeper beside its spec."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from imagewire_server.core.relay import Relay


@dataclass(frozen=True, slots=True)
class CacheWish:
    """What a request wants of the answer cache. ttl: how many seconds old an answer may be that is sent in place of a
    new one; 0 for a new one in any case, None for what the model's configuration says.

    fresh: whether a new one is drawn in any case, without turning the cache on. stores: whether later requests may find
    the answer. space: only requests with the same one find it. number: of the drawing, where a request asks for
    several: each has a picture of its own.
    """

    ttl: float | None = None
    fresh: bool = False
    stores: bool = True
    space: str = ""
    number: int = 0


NO_CACHE_WISH = CacheWish()


@dataclass(frozen=True, slots=True)
class Wishes:
    """keeps: whether its answer may be kept. fingerprint: of the request; b"" for that of its spec.

    fallbacks: models to ask instead of the configured ones. prepare: called before something is drawn, but not for an
    answer that there is already. It may change the spec. relay: of a request in the provider's own format: its answer
    is kept, without the request, and none is sent in its place.
    """

    keeps: bool = True
    fingerprint: bytes = b""
    fallbacks: Sequence[str] | None = None
    prepare: Callable[[], Awaitable[None]] | None = None
    cache: CacheWish = NO_CACHE_WISH
    relay: Relay | None = None


ANY = Wishes()
