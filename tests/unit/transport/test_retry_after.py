"""The header Retry-After in every form, and forms that say nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from imagewire_server.transport import retry_after

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("999999999", 999999999.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wednesday, 21-Oct-26 07:28:30 GMT", 30.0),
        ("Wed Oct 21 07:28:30 2026", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("soon", None),
        ("٧", None),
        ("Wed, 99 Oct 2026 07:28:30 GMT", None),
    ],
)
def test_u8_retry_after_is_read_in_every_form(header: str, seconds: float | None) -> None:
    assert retry_after.seconds(header, DATE) == seconds


def test_a_date_without_an_answers_date_is_by_this_machines_clock() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    for date in ("", "no date"):
        found = retry_after.seconds(later, date)
        assert found is not None
        assert 3500 < found <= 3600
    assert retry_after.seconds("Wed, 21 Oct 2015 07:28:00 GMT", "") == 0.0
