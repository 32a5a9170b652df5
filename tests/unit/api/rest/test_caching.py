"""What a request of REST wants of the answer cache."""

import pytest

from imagewire_server.api.rest import caching
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.core.call import Call
from imagewire_server.core.wishes import CacheWish
from imagewire_server.formats.openai.common.cache import CacheOptions


@pytest.mark.parametrize(
    ("header", "given", "wish"),
    [
        ("", CacheOptions(), CacheWish()),
        ("", CacheOptions(60.0, "cache.ttl", namespace="a"), CacheWish(60.0, space="a")),
        ("", CacheOptions(no_cache=True, no_store=True), CacheWish(fresh=True, stores=False)),
        ("max-age=0, No-Cache", CacheOptions(60.0, "cache.ttl"), CacheWish(60.0, fresh=True)),
        ("no-store", CacheOptions(), CacheWish()),
    ],
)
def test_the_body_and_the_header(header: str, given: CacheOptions, wish: CacheWish) -> None:
    assert caching.wish(Call(headers=[(b"cache-control", header.encode())]), given, keeps=True) == wish


def test_what_is_not_kept_cannot_be_cached() -> None:
    with pytest.raises(InvalidRequest, match=r"cache.s-maxage: needs an answer that is kept"):
        caching.wish(Call(), CacheOptions(60.0, "cache.s-maxage"), keeps=False)
    assert caching.wish(Call(), CacheOptions(no_cache=True), keeps=False) == CacheWish(fresh=True)
