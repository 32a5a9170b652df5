"""When cached contents end."""

from datetime import timedelta

import pytest

from imagewire_emulator.errors import ApiError
from imagewire_emulator.resources.times import expiry, now


@pytest.mark.parametrize("ttl", ["0s", "0.000s", "-1s", "1", "", "1h"])
def test_a_time_that_is_none_is_refused(ttl: str) -> None:
    with pytest.raises(ApiError, match="ttl"):
        expiry({"ttl": ttl}, timedelta(hours=1))


def test_a_time_to_live_counts_from_now() -> None:
    assert timedelta(0) < expiry({"ttl": "0.5s"}, timedelta(hours=1)) - now() <= timedelta(seconds=0.5)
