"""Names to groups, groups to routes: wildcards, shares, rest, probes."""

import random
from collections import Counter
from typing import Any

import pytest

from imagewire_server.config import models
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.routing import Routing
from imagewire_server.contract.errors import Code, Cooling, Cut, NotFound, Refused, Unreachable
from imagewire_server.engine.route import Router, Upstream


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def deployment(name: str, model: str = "gemini/m", **rest: Any) -> Deployment:
    provider, _, native = model.partition("/")
    return Deployment(rest.pop("id", f"{name}:{model}"), name, provider, native, **rest)


def router(*deployments: Deployment, clock: Clock | None = None, **routing: Any) -> Router:
    upstreams = [Upstream(made, None) for made in deployments]  # type: ignore[arg-type]  # nobody is asked
    return Router(upstreams, models.load(), Routing(**routing), clock=clock or Clock(), dice=random.Random(1))


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


def test_what_is_offered() -> None:
    names = [name for name, _ in NAMES.offered()]
    assert names == sorted(names)
    assert {"draw", "gemini/gemini-3-pro-image", "team-gemini-3-pro-image-x"} < set(names)
    assert "*" not in names


def chosen(made: Router, name: str, count: int = 3000) -> Counter[str]:
    group = made.resolve(name)
    return Counter(made.choose(group, frozenset()).id for _ in range(count))


@pytest.mark.parametrize("unit", ["weight", "rpm", "tpm"])
def test_shares_follow_the_weights(unit: str) -> None:
    found = chosen(router(deployment("a", id="x", **{unit: 3}), deployment("a", id="y", **{unit: 1})), "a")
    assert 0.70 < found["x"] / 3000 < 0.80


def test_equal_shares_without_weights() -> None:
    found = chosen(router(deployment("a", id="x"), deployment("a", id="y")), "a")
    assert 0.45 < found["x"] / 3000 < 0.55


def test_least_busy_and_fastest() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="least-busy")
    made.resolve("a").routes[0].health.began()
    assert chosen(made, "a", 50) == {"y": 50}
    made = router(deployment("a", id="x"), deployment("a", id="y"), strategy="latency-based-routing")
    x, y = made.resolve("a").routes
    x.health.answered(0.5)
    assert chosen(made, "a", 50) == {"y": 50}, "one that was never measured goes first"
    y.health.answered(2.0)
    assert chosen(made, "a", 50) == {"x": 50}


def test_one_that_was_tried_comes_last() -> None:
    made = router(deployment("a", id="x"), deployment("a", id="y"))
    group = made.resolve("a")
    assert {made.choose(group, frozenset({"x"})).id for _ in range(30)} == {"y"}
    assert made.choose(group, frozenset({"x", "y"})).id in {"x", "y"}


def test_rest_after_failures_one_probe_and_recovery() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock, allowed_fails=2, cooldown_time=10)
    group = made.resolve("a")
    route = group.routes[0]
    for _ in range(2):
        made.failed(route, Unreachable("x"))
    assert made.choose(group, frozenset()) is route
    made.failed(route, Unreachable("x"))
    with pytest.raises(Cooling) as rests:
        made.choose(group, frozenset())
    assert (rests.value.code, rests.value.retry_after, rests.value.charged) == (Code.UNAVAILABLE, 10.0, False)
    clock.now += 10
    made.choose(group, frozenset()).health.began()
    assert not made.is_open(group), "one probe at a time"
    made.failed(route, Cut("x"))
    route.health.ended()
    assert not made.is_open(group), "a failed probe means another rest"
    clock.now += 10
    route.health.began()
    route.health.succeeded()
    route.health.ended()
    assert made.is_open(group)
    made.failed(route, Unreachable("x"))
    assert made.is_open(group), "well again, it may fail again before it rests"


def test_a_hint_is_kept_to_the_moment() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock)
    group = made.resolve("a")
    limited = Refused("slow down", code=Code.RESOURCE_EXHAUSTED, reason="R", repeatable=True, retry_after=22.0)
    made.failed(group.routes[0], limited)
    clock.now += 21.99
    with pytest.raises(Cooling, match="slow down") as rests:
        made.choose(group, frozenset())
    assert rests.value.code is Code.RESOURCE_EXHAUSTED
    clock.now += 0.01
    assert made.choose(group, frozenset()).id == group.routes[0].id


def test_what_a_caller_did_wrong_says_nothing_of_the_deployment() -> None:
    made = router(deployment("a"), allowed_fails=0)
    group = made.resolve("a")
    for code in (Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.PERMISSION_DENIED, Code.FAILED_PRECONDITION):
        made.failed(group.routes[0], Refused("x", code=code, reason="R"))
    assert made.is_open(group)
    made.failed(group.routes[0], Refused("x", code=Code.FAILED_PRECONDITION, reason="UPSTREAM_CREDENTIALS"))
    assert not made.is_open(group)


def test_health_is_a_models_own_under_a_wildcard() -> None:
    made = router(deployment("gemini/*", "gemini/*"), allowed_fails=0)
    made.failed(made.resolve("gemini/a").routes[0], Unreachable("x"))
    assert not made.is_open(made.resolve("gemini/a"))
    assert made.is_open(made.resolve("gemini/b"))
