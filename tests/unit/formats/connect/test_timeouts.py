"""The caller's time limit, in both spellings."""

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.connect.timeouts import milliseconds, with_unit


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("1500", 1.5), ("9999999999", 9_999_999.999)])
def test_connects(value: str, seconds: float) -> None:
    assert milliseconds(value) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"), [("2H", 7200), ("2M", 120), ("3S", 3), ("250m", 0.25), ("1000u", 0.001), ("5000000n", 0.005)]
)
def test_grpcs(value: str, seconds: float) -> None:
    assert with_unit(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["-1", "1.5", "1s", "+1", "1_0", " 1", "12345678901", "\u0663"])
def test_what_is_no_number_of_milliseconds_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        milliseconds(value)
    assert caught.value.violations[0].field == "connect-timeout-ms"


@pytest.mark.parametrize("value", ["S", "1", "1s", "-1S", "1.5S", "123456789S", "\u0663S"])
def test_what_is_no_timeout_of_grpc_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        with_unit(value)
    assert caught.value.violations[0].field == "grpc-timeout"
