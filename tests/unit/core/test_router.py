"""Names to groups, groups to routes: wildcards, shares, cooldowns, probes."""

import random
from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import Routing
from imagewire_server.contract.errors import (
    AnswerTooLarge,
    Code,
    Cooling,
    Cut,
    Error,
    Malformed,
    NotFound,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
    Withheld,
)
from imagewire_server.contract.provider import Capabilities, ModelTable
from imagewire_server.core.circuit import Slot
from imagewire_server.core.router import Route, Router, Upstream
from imagewire_server.providers.google.capabilities import models
from imagewire_server.providers.google.wire import refusal
from imagewire_server.providers.google.wire.errors import refusal_in_answer
from tests.deployments import google
from tests.effort import times


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Unasked(NamedTuple):
    """A provider that nobody asks."""

    models: ModelTable


def deployment(name: str, model: str = "gemini/m", **rest: Any) -> Deployment:
    provider, _, native = model.partition("/")
    return google(rest.pop("id", f"{name}:{model}"), name, provider, native, **rest)


def router(*deployments: Deployment, clock: Clock | None = None, **routing: Any) -> Router:
    upstreams = [Upstream(made, Unasked(models(made.provider))) for made in deployments]  # type: ignore[arg-type]
    return Router(upstreams, Routing(**routing), clock=clock or Clock(), dice=random.Random(1))


NAMES = router(
    deployment("draw", "gemini/gemini-3-pro-image"),
    deployment("draw", "vertex_ai/gemini-3-pro-image"),
    deployment("gemini/*", "gemini/*"),
    deployment("team-*-x", "vertex_ai/prefix-*"),
    deployment("*", "gemini/*"),
)


@pytest.mark.parametrize(
    ("name", "routes"),
    [
        ("draw", ["gemini/gemini-3-pro-image", "vertex_ai/gemini-3-pro-image"]),
        ("gemini/gemini-2.5-flash-image", ["gemini/gemini-2.5-flash-image"]),
        ("gemini/gemini-2.5-flash-image-preview", ["gemini/gemini-2.5-flash-image"]),
        ("gemini/anything-new", ["gemini/anything-new"]),
        ("team-a-x", ["vertex_ai/prefix-a"]),
        ("gemini-3-pro-image-preview", ["gemini/gemini-3-pro-image"]),
        ("vertex_ai/gemini-3-pro-image", ["vertex_ai/gemini-3-pro-image"]),
    ],
)
def test_names_resolve(name: str, routes: list[str]) -> None:
    assert [route.name for route in NAMES.resolve(name).routes] == routes


@pytest.mark.parametrize("name", ["openai/x", "vertex_ai/other", "a/b/c"])
def test_other_names_are_not_found_and_told_what_is(name: str) -> None:
    with pytest.raises(NotFound, match="draw"):
        NAMES.resolve(name)


def test_capabilities_are_those_of_the_first_route() -> None:
    assert NAMES.capabilities("draw").id == "gemini-3-pro-image"
    assert not NAMES.capabilities("gemini/unheard-of").is_known
    assert NAMES.capabilities("openai/gpt-image-1") == Capabilities()  # it is not served


def test_what_is_offered() -> None:
    names = [name for name, _ in NAMES.offered()]
    assert names == sorted(names)
    assert {"draw", "gemini/gemini-3-pro-image", "team-gemini-3-pro-image-x"} < set(names)
    assert "*" not in names


def chosen(made: Router, name: str, count: int = 3000) -> Counter[str]:
    group = made.resolve(name)
    return Counter(made.choose(group, frozenset(), alone=False).id for _ in range(count))


@pytest.mark.parametrize("unit", ["weight", "rpm", "tpm"])
def test_shares_follow_the_weights(unit: str) -> None:
    found = chosen(router(deployment("a", id="x", **{unit: 3}), deployment("a", id="y", **{unit: 1})), "a")
    assert 0.70 < found["x"] / 3000 < 0.80


def test_equal_shares_without_weights() -> None:
    found = chosen(router(deployment("a", id="x"), deployment("a", id="y")), "a")
    assert 0.45 < found["x"] / 3000 < 0.55


def test_least_busy_and_fastest() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="least-busy")
    made.began(made.resolve("a").routes[0])
    assert chosen(made, "a", 50) == {"y": 50}
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="latency-based-routing")
    x, y = made.resolve("a").routes
    x.circuit.answered(0.5)
    assert chosen(made, "a", 50) == {"y": 50}, "one that was never measured goes first"
    y.circuit.answered(2.0)
    assert chosen(made, "a", 50) == {"x": 50}


def test_one_that_was_tried_comes_last() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"))
    group = made.resolve("a")
    assert {made.choose(group, frozenset({"x"}), alone=False).id for _ in range(30)} == {"y"}
    assert made.choose(group, frozenset({"x", "y"}), alone=False).id in {"x", "y"}


def fail(made: Router, route: Route, error: Error) -> None:
    """One call that fails."""
    slot = made.began(route)
    made.failed(route, slot, error)
    route.circuit.ended(slot)


def limited(seconds: float) -> Refused:
    return Refused(
        "slow down, you who asked for a private prompt",
        code=Code.RESOURCE_EXHAUSTED,
        reason="UPSTREAM_RATE_LIMITED",
        repeatable=True,
        deployment_fault=True,
        retry_after=seconds,
    )


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


def test_health_is_a_models_own_under_a_wildcard() -> None:
    made = router(deployment("gemini/*", "gemini/*"), allowed_fails=0)
    fail(made, made.resolve("gemini/a").routes[0], Unreachable("x"))
    assert not made.is_available(made.resolve("gemini/a"))
    assert made.is_available(made.resolve("gemini/b"))
