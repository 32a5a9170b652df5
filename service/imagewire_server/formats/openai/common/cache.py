"""LiteLLM's `cache` of a request: what it wants of the answer cache."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from imagewire_server.contract.errors import Violation
from imagewire_server.formats.openai.common.json_decode import Strict

# What the core calls the time.
FIELD = "cache_ttl"
_Seconds = Annotated[float, msgspec.Meta(ge=0, lt=1e11)]


class Cache(Strict):
    """The answer cache, in LiteLLM's words. ttl, s-maxage: how many seconds old an answer may be that is sent again.

    no-cache: draw in any case. no-store: later requests do not find the answer. namespace: only requests with the same
    one find it. use-cache: true changes nothing beside a time; false is no-cache and no-store.
    """

    ttl: _Seconds | None = None
    s_maxage: _Seconds | None = msgspec.field(default=None, name="s-maxage")
    s_max_age: _Seconds | None = msgspec.field(default=None, name="s-max-age")
    no_cache: bool | None = msgspec.field(default=None, name="no-cache")
    no_store: bool | None = msgspec.field(default=None, name="no-store")
    use_cache: bool | None = msgspec.field(default=None, name="use-cache")
    namespace: Annotated[str, msgspec.Meta(max_length=256)] | None = None


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """ttl: in seconds, None for what the server says; field: that which says it."""

    ttl: float | None = None
    field: str = "cache"
    no_cache: bool = False
    no_store: bool = False
    namespace: str = ""


def read(given: Cache | None) -> tuple[CacheOptions, list[Violation]]:
    """What the request wants, and what of it cannot be."""
    if given is None:
        return CacheOptions(), []
    times = {"ttl": given.ttl, "s-maxage": given.s_maxage, "s-max-age": given.s_max_age}
    # Each limits the age: LiteLLM removes an answer after the first, and takes none older than the others.
    least, name = min(((value, name) for name, value in times.items() if value is not None), default=(None, ""))
    off = given.use_cache is False
    wrong = []
    if given.use_cache and least is None:
        wrong = [Violation("cache.use-cache", "is true, but there is no time; send ttl, in seconds, beside it")]
    options = CacheOptions(
        ttl=least,
        field=f"cache.{name}" if name else "cache",
        no_cache=off or bool(given.no_cache),
        no_store=off or bool(given.no_store),
        namespace=given.namespace or "",
    )
    return options, wrong
