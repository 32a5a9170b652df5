"""Times and durations as Google's API writes them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from imagewire_emulator.errors import invalid

_DURATION = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?s")


def now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """Such as "2026-01-01T00:00:00.000000Z"."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def expiry(given: dict[str, Any], default: timedelta) -> datetime:
    """When something ends, by its "ttl" or "expireTime". Raises ApiError."""
    ttl, time = given.get("ttl"), given.get("expireTime")
    if ttl is not None and time is not None:
        raise invalid("expiration: only one of ttl and expire_time may be set.", "cached_content.expiration")
    try:
        if ttl is not None:
            match = _DURATION.fullmatch(str(ttl))
            if match is None:
                raise invalid(
                    f"Invalid value at 'cached_content.ttl' (Duration): {str(ttl)[:40]!r}", "cached_content.ttl"
                )
            seconds = float(f"{match[1]}.{match[2] or 0}")
            if not seconds:
                raise invalid("ttl: must be greater than 0 seconds.", "cached_content.ttl")
            return now() + timedelta(seconds=seconds)
        if time is not None:
            made = datetime.fromisoformat(str(time))
            made = made if made.tzinfo else made.replace(tzinfo=UTC)
            if made <= now():
                raise invalid("expire_time: must be in the future.", "cached_content.expire_time")
            return made
        return now() + default
    except (ValueError, OverflowError):
        name = "ttl" if ttl is not None else "expire_time"
        raise invalid(f"Invalid value at 'cached_content.{name}'", f"cached_content.{name}") from None
