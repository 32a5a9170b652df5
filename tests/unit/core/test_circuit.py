"""Cooldowns of deployments in a router: failures, hints and probes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.contract.errors import (
    AnswerTooLarge,
    Code,
    Cooling,
    Cut,
    Error,
    Malformed,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
    Withheld,
)
from imagewire_server.core.circuit import Circuit, Slot
from imagewire_server.providers.google.wire import refusal
from imagewire_server.providers.google.wire.errors import refusal_in_answer
from tests.effort import times
from tests.unit.core.routers import Clock, deployment, fail, limited, router


def test_a_cooldown_after_failures_one_probe_and_recovery() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock, allowed_fails=2, cooldown_time=10)
    group = made.resolve("a")
    route = group.routes[0]
    for _ in range(2):
        fail(made, route, Unreachable("x"))
    assert made.choose(group, frozenset(), alone=False) is route
    fail(made, route, Unreachable("x"))
    with pytest.raises(
        Cooling, match=r"temporarily disabled after repeated provider errors; retry in 10\.0 s"
    ) as cools:
        made.choose(group, frozenset(), alone=False)
    assert (cools.value.code, cools.value.retry_after, cools.value.charged) == (Code.UNAVAILABLE, 10.0, False)
    clock.now += 10
    slot = made.began(made.choose(group, frozenset(), alone=False))
    assert not made.is_available(group), "one probe at a time"
    made.failed(route, slot, TimedOut("x"))
    route.circuit.ended(slot)
    assert not made.is_available(group), "a failed probe means another cooldown"
    clock.now += 10
    slot = made.began(route)
    route.circuit.succeeded(slot)
    route.circuit.ended(slot)
    assert made.is_available(group)
    fail(made, route, Unreachable("x"))
    assert made.is_available(group), "well again, it may fail again before it cools down"


def test_m_a_cooldown_of_our_own_refuses_nobody_who_has_no_other() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"), allowed_fails=0)
    group = made.resolve("a")
    for route in group.routes:
        fail(made, route, Unreachable("x"))
    assert not made.is_available(group)
    assert made.choose(group, frozenset(), alone=True) in group.routes
    with pytest.raises(Cooling):
        made.choose(group, frozenset(), alone=False)


def test_a_call_that_began_in_a_cooldown_and_ends_well_ends_it() -> None:
    made = router(deployment("a"), allowed_fails=0)
    group = made.resolve("a")
    fail(made, group.routes[0], Unreachable("x"))
    slot = made.began(made.choose(group, frozenset(), alone=True))
    assert not slot.is_probe
    group.routes[0].circuit.succeeded(slot)
    assert made.is_available(group)


@pytest.mark.parametrize("alone", [True, False])
def test_a_hint_is_kept_to_the_moment(alone: bool) -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock)
    group = made.resolve("a")
    older = made.began(group.routes[0])
    fail(made, group.routes[0], limited(22.0))
    group.routes[0].circuit.succeeded(older)
    clock.now += 21.99
    with pytest.raises(Cooling, match="as the provider asked; retry in 0") as cools:
        made.choose(group, frozenset(), alone=alone)
    assert cools.value.code is Code.RESOURCE_EXHAUSTED
    assert "private" not in cools.value.message
    clock.now += 0.01
    assert made.choose(group, frozenset(), alone=alone).id == group.routes[0].id


def test_a_shorter_hint_does_not_shorten_a_longer_one() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock)
    group = made.resolve("a")
    slots = [made.began(group.routes[0]) for _ in range(2)]
    for slot, seconds in zip(slots, (22.0, 1.0), strict=True):
        made.failed(group.routes[0], slot, limited(seconds))
    clock.now += 21
    assert not made.is_available(group)


CONTENT = [
    Malformed("x"),
    TooLarge("x"),
    Cut("x"),
    AnswerTooLarge("x"),
    Withheld("x"),
    *(refusal_in_answer({"status": status}) for status in ("INVALID_ARGUMENT", "PERMISSION_DENIED", "CANCELLED")),
    *(
        refusal(http, b'{"error": "x"}', retry_after=9.0, secrets=(), max_retry_after=300, request_bytes=1)
        for http in (400, 403, 404, 409, 413, 418, 422, 499)
    ),
]


@pytest.mark.parametrize("error", CONTENT, ids=lambda error: error.reason)
def test_d10_what_the_content_decides_says_nothing_of_the_deployment(error: Error) -> None:
    made = router(deployment("a"), allowed_fails=0)
    group = made.resolve("a")
    for _ in range(5):
        fail(made, group.routes[0], error)
    assert made.is_available(group)


@pytest.mark.parametrize("reason", ["UPSTREAM_CREDENTIALS", "UPSTREAM_QUOTA_EXHAUSTED"])
def test_what_more_calls_do_not_cure_cools_at_once(reason: str) -> None:
    made = router(deployment("a"), allowed_fails=9)
    group = made.resolve("a")
    fail(made, group.routes[0], Refused("x", code=Code.UNAVAILABLE, reason=reason, deployment_fault=True))
    assert not made.is_available(group)


def test_m5_only_the_probes_own_end_frees_its_slot() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock, allowed_fails=0, cooldown_time=10)
    circuit = made.resolve("a").routes[0].circuit
    older = [circuit.began(clock.now) for _ in range(3)]
    fail(made, made.resolve("a").routes[0], Unreachable("x"))
    clock.now += 10
    probe = circuit.began(clock.now)
    assert probe.is_probe
    for slot in older:
        circuit.ended(slot)
        assert not circuit.allows(clock.now), "an older call's end lets no second probe in"
    circuit.ended(probe)  # cancelled
    assert circuit.allows(clock.now), "its slot is free again"


@given(st.lists(st.tuples(st.sampled_from(["begin", "forced", "well", "failed", "content", "hint", "given up", "wait"]),
                          st.integers(0, 5)), max_size=60))  # fmt: skip
@settings(max_examples=times(500))
def test_m5_any_interleaving_has_one_probe_and_no_slot_is_lost(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock, allowed_fails=1, cooldown_time=10)
    route = made.resolve("a").routes[0]
    circuit, slots = route.circuit, list[Slot]()
    hinted = 0.0
    for step, number in steps:
        if step == "wait":
            clock.now += number * 3
        elif step in {"begin", "forced"}:
            if circuit.is_hinted(clock.now) or (step == "begin" and not circuit.allows(clock.now)):
                continue
            slots.append(made.began(route))
        elif slots:
            slot = slots.pop(number % len(slots))
            if step == "well":
                circuit.succeeded(slot)
            elif step == "hint":
                made.failed(route, slot, limited(5.0 * number))
                hinted = max(hinted, clock.now + 5.0 * number)
            elif step in {"failed", "content"}:
                made.failed(route, slot, Unreachable("x") if step == "failed" else Malformed("x"))
            circuit.ended(slot)
        assert sum(slot.is_probe for slot in slots) <= 1
        assert circuit.half_open is any(slot.is_probe for slot in slots)
        assert circuit.running == len(slots)
        assert circuit.is_hinted(clock.now) is (clock.now < hinted)
        assert not (circuit.is_hinted(clock.now) and circuit.allows(clock.now))
    for slot in slots:
        circuit.ended(slot)
    clock.now = 10**6
    assert circuit.allows(clock.now)


def failure(reason: str = "UPSTREAM_X", *, fault: bool = True, **fields: Any) -> Refused:
    code = fields.pop("code", Code.UNAVAILABLE)
    return Refused("x", code=code, reason=reason, deployment_fault=fault, **fields)


# What fails, one after another, and until when the circuit is open (at 100, 2 failures allowed, cooldowns of 10 s).
@pytest.mark.parametrize(
    ("errors", "until"),
    [
        ([], None),
        ([failure()] * 2, None),
        ([failure()] * 3, 110),
        ([failure(fault=False)] * 9, None),
        ([failure("UPSTREAM_CREDENTIALS")], 110),
        ([failure("UPSTREAM_QUOTA_EXHAUSTED", code=Code.RESOURCE_EXHAUSTED)], 110),
        ([failure("UPSTREAM_RATE_LIMITED", retry_after=3.0)], 103),
        ([failure("UPSTREAM_UNAVAILABLE", retry_after=30.0)], 130),
        ([failure("UPSTREAM_UNAVAILABLE", retry_after=30.0), failure("UPSTREAM_RATE_LIMITED", retry_after=3.0)], 130),
        ([failure("UPSTREAM_X", retry_after=3.0)], None),
    ],
)
def test_what_opens_a_circuit(errors: list[Error], until: float | None) -> None:
    circuit = Circuit()
    for error in errors:
        slot = circuit.began(100)
        circuit.failed(slot, error, 100, allowed=2, cooldown=10)
        circuit.ended(slot)
    assert circuit.running == 0
    assert circuit.open is (until is not None)
    assert circuit.allows(100) is (until is None)
    if until is not None:
        assert circuit.open_until == until
        assert (circuit.allows(until - 0.1), circuit.allows(until)) == (False, True)
        assert circuit.is_hinted(100) is (errors[-1].retry_after is not None)
        assert circuit.limited is (errors[-1].code is Code.RESOURCE_EXHAUSTED)


def test_a_probe_alone_passes_and_decides() -> None:
    circuit = Circuit()
    circuit.failed(circuit.began(0), failure("UPSTREAM_CREDENTIALS"), 0, allowed=9, cooldown=10)
    probe = circuit.began(10)
    assert (probe.is_probe, circuit.allows(10)) == (True, False)
    assert circuit.began(10).is_probe is False
    circuit.failed(probe, failure(), 11, allowed=9, cooldown=10)
    circuit.ended(probe)
    assert (circuit.allows(20.9), circuit.allows(21)) == (False, True)
    circuit.succeeded(circuit.began(21))
    assert (circuit.open, circuit.failures) == (False, 0)


def test_a_call_from_before_a_cooldown_says_nothing_of_after_it() -> None:
    circuit = Circuit()
    before = circuit.began(0)
    circuit.failed(circuit.began(0), failure("UPSTREAM_CREDENTIALS"), 0, allowed=9, cooldown=10)
    circuit.succeeded(before)
    assert circuit.open
    circuit.failed(before, failure("UPSTREAM_CREDENTIALS"), 5, allowed=9, cooldown=10)
    assert circuit.open_until == 10, "its failure is counted already"


def test_latency_is_smoothed() -> None:
    circuit = Circuit()
    assert circuit.latency is None
    for seconds in (1.0, 2.0, 2.0):
        circuit.answered(seconds)
    assert circuit.latency == pytest.approx(1.51)
