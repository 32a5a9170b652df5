"""A time limit is a number above 0, also as text."""

import pytest

from imagewire_server.formats.openai.common import timeout


@pytest.mark.parametrize(("given", "expected"), [(60, 60.0), (0.5, 0.5), ("600", 600.0), (" 1.5 ", 1.5)])
def test_seconds(given: float | str, expected: float) -> None:
    assert timeout.seconds(given) == expected


@pytest.mark.parametrize("given", [0, -1, "0", "-5", "soon", "", "inf", "nan", "1e999", "60s"])
def test_what_is_no_time_limit(given: float | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        timeout.seconds(given)
