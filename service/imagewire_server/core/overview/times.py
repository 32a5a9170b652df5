"""Moments as text."""

from datetime import UTC, datetime


def rfc3339(moment: float) -> str:
    """A moment of Unix time in UTC, with milliseconds: "2026-01-31T12:00:00.000Z"."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(moment: float) -> str:
    """Its day in UTC: "2026-01-31"."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
