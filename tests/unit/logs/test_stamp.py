"""The time of a log line, as ISO 8601 has it."""

from datetime import UTC, datetime, timedelta

import pytest

from imagewire_server.logs.stamp import stamper

_SECOND = 1_000_000_000


@pytest.mark.parametrize(
    "microseconds",
    [
        0,
        1,
        999_999,
        1_000_000,
        951_782_400_000_000,
        1_795_838_399_999_999,
        1_795_838_400_000_000,
        4_102_444_800_123_456,
    ],
)
def test_a_stamp_is_the_moment_in_utc(microseconds: int) -> None:
    seen = stamper(lambda: microseconds * 1000 + 999)(None, "info", {"event": "e"})
    assert seen["event"] == "e"
    assert datetime.fromisoformat(seen["timestamp"]) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=microseconds
    )
    assert len(seen["timestamp"]) == len("2026-11-28T04:43:54.231599Z")


def test_stamps_follow_the_clock_also_when_it_is_set_back() -> None:
    times = iter([5 * _SECOND, 5 * _SECOND + 1000, 6 * _SECOND, 5 * _SECOND + 2000])
    stamp = stamper(lambda: next(times))
    seen = [stamp(None, "info", {})["timestamp"] for _ in range(4)]
    assert seen == [
        "1970-01-01T00:00:05.000000Z",
        "1970-01-01T00:00:05.000001Z",
        "1970-01-01T00:00:06.000000Z",
        "1970-01-01T00:00:05.000002Z",
    ]
