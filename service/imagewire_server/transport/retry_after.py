"""The header Retry-After (RFC 9110): seconds, also with a fraction, or a date."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d{1,18}(?:\.\d{1,18})?", re.ASCII)


def seconds(value: str, date: str) -> float | None:
    """The seconds to wait, None if unknown. date: the answer's Date header, the clock for a Retry-After date."""
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = _moment(value)
    if until is None:
        return None
    return max(0.0, (until - (_moment(date) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
