"""LiteLLM's `cache` of a request."""

from typing import Any

import msgspec
import pytest

from imagewire_server.formats.openai.common.cache import Cache, CacheOptions, read

ROWS: list[tuple[dict[str, Any] | None, CacheOptions]] = [
    (None, CacheOptions()),
    ({}, CacheOptions()),
    ({"ttl": 600}, CacheOptions(600, "cache.ttl")),
    ({"ttl": 0}, CacheOptions(0, "cache.ttl")),
    ({"ttl": 600, "s-maxage": 60}, CacheOptions(60, "cache.s-maxage")),
    ({"s-max-age": 60.5}, CacheOptions(60.5, "cache.s-max-age")),
    ({"no-cache": True}, CacheOptions(no_cache=True)),
    ({"no-store": True, "namespace": "a"}, CacheOptions(no_store=True, namespace="a")),
    ({"use-cache": True, "ttl": 1}, CacheOptions(1, "cache.ttl")),
    ({"use-cache": False}, CacheOptions(no_cache=True, no_store=True)),
    ({"no-cache": False, "no-store": False, "ttl": None, "namespace": None}, CacheOptions()),
]


@pytest.mark.parametrize(("given", "expected"), ROWS)
def test_what_it_says(given: dict[str, Any] | None, expected: CacheOptions) -> None:
    assert read(None if given is None else msgspec.convert(given, Cache)) == (expected, [])


def test_to_use_the_cache_needs_a_time() -> None:
    _, [wrong] = read(Cache(use_cache=True))
    assert (wrong.field, "send ttl" in wrong.description) == ("cache.use-cache", True)


@pytest.mark.parametrize("given", [{"ttl": -1}, {"ttl": "600"}, {"no_cache": True}, {"namespace": "a" * 257}])
def test_what_is_none_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, Cache)
