"""Moments as text."""

from imagewire_server.core.overview.times import day, rfc3339


def test_a_moment_is_in_utc_with_milliseconds() -> None:
    assert (rfc3339(0.0), rfc3339(1769860800.1234)) == ("1970-01-01T00:00:00.000Z", "2026-01-31T12:00:00.123Z")
    assert (day(1769903999.9), day(1769904000.0)) == ("2026-01-31", "2026-02-01")
