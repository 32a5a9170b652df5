"""How a deployment is: as its circuits are, the worst of them first."""

from typing import Any

from imagewire_server.contract.errors import Unreachable
from imagewire_server.core.overview.health import failures, health
from tests.unit.core.overview.calls import NOON, ended
from tests.unit.core.routers import Clock, deployment, fail, limited, router


def state(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["state"], row["cooldown_seconds"], row["asked_by_provider"], row["failures_in_a_row"], row["running"]


def test_one_that_was_never_asked_is_available() -> None:
    (upstream,) = router(deployment("a")).upstreams
    row = health(upstream, 1000.0)
    assert state(row) == ("available", None, False, 0, 0)
    assert (row["id"], row["name"], row["provider"], row["model"]) == ("a:gemini/m", "a", "gemini", "m")
    assert (row["models"], row["first_event_seconds"]) == ([], None)


def test_failures_a_cooldown_its_probe_and_recovery() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock, allowed_fails=1, cooldown_time=10)
    (upstream,) = made.upstreams
    route = made.resolve("a").routes[0]

    def now() -> tuple[Any, ...]:
        return state(health(upstream, clock.now))

    fail(made, route, Unreachable("x"))
    assert now() == ("available", None, False, 1, 0)
    fail(made, route, Unreachable("x"))
    assert now() == ("cooling_down", 10.0, False, 2, 0)
    clock.now += 7.54
    assert now() == ("cooling_down", 2.5, False, 2, 0)
    clock.now += 2.5
    assert now() == ("half_open", None, False, 2, 0)
    slot = made.began(route)
    assert now() == ("half_open", None, False, 2, 1)
    route.circuit.answered(0.25)
    route.circuit.succeeded(slot)
    route.circuit.ended(slot)
    assert now() == ("available", None, False, 0, 0)
    assert health(upstream, clock.now)["first_event_seconds"] == 0.25


def test_a_provider_that_asked_to_be_left_alone() -> None:
    clock = Clock()
    made = router(deployment("a"), clock=clock)
    fail(made, made.resolve("a").routes[0], limited(33.0))
    assert state(health(made.upstreams[0], clock.now)) == ("cooling_down", 33.0, True, 1, 0)
    assert state(health(made.upstreams[0], clock.now + 33.0)) == ("half_open", None, False, 1, 0)


def test_a_wildcard_is_as_its_worst_model_and_names_those_that_do_not_answer() -> None:
    clock = Clock()
    made = router(deployment("gemini/*", "gemini/*"), clock=clock, allowed_fails=0, cooldown_time=10)
    (upstream,) = made.upstreams
    routes = {name: made.resolve(f"gemini/{name}").routes[0] for name in ("good", "half", "bad", "worse")}
    fail(made, routes["half"], Unreachable("x"))
    clock.now += 10
    fail(made, routes["bad"], Unreachable("x"))
    clock.now += 1
    fail(made, routes["worse"], Unreachable("x"))
    made.began(routes["good"])
    row = health(upstream, clock.now)
    assert state(row) == ("cooling_down", 10.0, False, 1, 1)
    assert [(one["model"], one["state"], one["cooldown_seconds"]) for one in row["models"]] == [
        ("half", "half_open", None),
        ("bad", "cooling_down", 9.0),
        ("worse", "cooling_down", 10.0),
    ]


def test_the_last_failures_of_each_deployment() -> None:
    calls = [
        ended(request_id=str(number), time=NOON - number, tried=(("d", "UPSTREAM_UNAVAILABLE"), ("e", "OK")))
        for number in range(9)
    ]
    found = failures([*calls, ended(tried=(("e", "UPSTREAM_RATE_LIMITED"),), code="UPSTREAM_RATE_LIMITED")])
    assert [one["request_id"] for one in found["d"]] == ["0", "1", "2", "3", "4"]
    assert found["d"][1] == {"time": "2026-01-31T11:59:59.000Z", "reason": "UPSTREAM_UNAVAILABLE", "request_id": "1"}
    assert [one["reason"] for one in found["e"]] == ["UPSTREAM_RATE_LIMITED"]
    assert failures([]) == {}
