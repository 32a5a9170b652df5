"""How busy a process is."""

import pytest

from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.load import LoadMeter, Rate


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seconds", [1, 10, 100])
def test_a_steady_rate_is_known_from_the_beginning(seconds: int) -> None:
    clock = _Clock()
    rate = Rate(clock)
    for _ in range(seconds * 20):
        clock.now += 0.05
        rate.add()
    assert rate.read() == pytest.approx(20, rel=0.05)


def test_what_is_long_ago_is_forgotten() -> None:
    clock = _Clock()
    rate = Rate(clock)
    assert rate.read() == 0.0
    rate.add()
    clock.now += 100
    assert rate.read() < 1e-4


async def _ended(meter: LoadMeter, call: Call) -> None:
    on_end = await meter.intercept(call)
    if on_end is not None:
        on_end()


@pytest.mark.parametrize(
    ("status", "code", "is_fault"),
    [
        ("OK", "OK", False),
        (200, "OK", False),
        ("CANCELLED", "CANCELLED", False),
        ("INVALID_ARGUMENT", "INVALID_REQUEST", False),
        (429, "CALLER_LIMIT", False),
        ("RESOURCE_EXHAUSTED", "OVERLOADED", True),
        (429, "OVERLOADED", True),
        ("UNAVAILABLE", "PROVIDER_UNAVAILABLE", True),
        (502, "PROVIDER_UNAVAILABLE", True),
    ],
)
async def test_calls_that_draw_are_counted_by_how_they_ended(status: str | int, code: str, is_fault: bool) -> None:
    clock = _Clock()
    meter = LoadMeter(Admission(4), clock=clock)
    for _ in range(30):
        clock.now += 0.1
        await _ended(meter, Call(status=status, code=code))
        await _ended(meter, Call(status=status, code=code, permission=Permission.MODELS))
        await _ended(meter, Call(status=status, code=code, quiet=True))
    load = meter.read()
    assert load.calls == pytest.approx(10, rel=0.1)
    assert load.faults == (load.calls if is_fault else 0.0)


def test_the_utilization_is_that_of_all_places_with_the_call_that_asks() -> None:
    admission = Admission(4)
    meter = LoadMeter(admission, clock=_Clock())
    assert (meter.read().utilization, meter.read().running) == (0.25, 0)
    with admission.slot(), admission.slot():
        assert (meter.read().utilization, meter.read().running) == (0.75, 2)


@pytest.mark.parametrize("left", [None, 0.0, 0.25])
def test_what_is_left_of_the_quota_is_told(left: float | None) -> None:
    assert LoadMeter(Admission(4), lambda: left).read().quota_left == left
