"""What a request of REST wants of the answer cache: the `cache` of its body, and `Cache-Control: no-cache`."""

from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.core.call import Call
from imagewire_server.core.wishes import CacheWish
from imagewire_server.formats.openai.common.cache import CacheOptions


def wish(call: Call, given: CacheOptions, *, keeps: bool) -> CacheWish:
    """The wish. keeps: whether the answer may be kept. Raises InvalidRequest."""
    if given.ttl and not keeps:
        words = "needs an answer that is kept: leave out store: false, or this field"
        raise InvalidRequest([Violation(given.field, words)])
    directives = [word.strip().lower() for word in call.header("cache-control").split(",")]
    return CacheWish(
        ttl=given.ttl,
        fresh=given.no_cache or "no-cache" in directives,
        stores=not given.no_store,
        space=given.namespace,
    )
