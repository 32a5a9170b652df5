"""Callers and what was spent, by tables of numbers."""

from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.token_rules import TokenRule
from imagewire_server.core import instruments as names
from imagewire_server.core import metrics
from imagewire_server.core.access.quotas import Budget
from imagewire_server.core.overview import spending
from imagewire_server.core.overview.spending import Numbers
from tests.unit.core.overview.calls import NOON, ended
from tests.unit.core.routers import deployment, router

KEY = b"\x01" * 32
NOTHING = metrics.by_metric({})


def numbers(**found: Any) -> Numbers:
    """NAME_OF_A_METRIC={labels: number}."""
    return {**NOTHING, **{getattr(names, name): given for name, given in found.items()}}


def test_a_caller_has_what_it_called_and_its_limits_but_no_key() -> None:
    policy = Policy("team", (KEY,), models=("draw",), calls_at_once=3, pictures_per_minute=9)
    counted = numbers(
        OF_CALLERS={("team", "OK"): 5.0, ("team", "CALLER_LIMITED"): 2.0, ("gone", "OK"): 1.0},
        PICTURES_OF={("team",): 6.0},
        COST_OF={("team",): 0.1 + 0.2},
    )
    team, idle, gone = spending.callers([policy, Policy("idle")], counted, {})
    assert team == {
        "name": "team",
        "revoked": False,
        "calls": 7,
        "failed": 2,
        "pictures": 6,
        "usd": 0.3,
        "limits": {"calls_at_once": 3, "requests_per_minute": None, "pictures_per_minute": 9},
        "models": ["draw"],
        "methods": ["draw", "images", "models"],
        "budget": None,
    }
    assert (idle["name"], idle["calls"], idle["usd"], idle["revoked"]) == ("idle", 0, 0.0, False)
    assert (gone["name"], gone["calls"], gone["revoked"]) == ("gone", 1, True)
    assert (gone["limits"], gone["models"], gone["methods"], gone["budget"]) == (None, [], [], None)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(5_000_000_000, 1_500_000_000, 250_000_000, 3600.4), (5.0, 1.5, 0.25, 3.25, 3600)),
        (Budget(1_000_000_000, 1_500_000_000, 0, 1.0), (1.0, 1.5, 0.0, 0.0, 1)),  # it was lowered
        (None, (None, None, None, None, None)),
    ],
)
def test_what_is_left_of_a_budget(budget: Budget | None, told: tuple[float | None, ...]) -> None:
    budgets = {} if budget is None else {"team": budget}
    (row,) = spending.callers([Policy("team", usd_per_day=5.0)], NOTHING, budgets)
    shown = ("usd_here", "spent_usd", "reserved_usd", "left_usd", "resets_in_seconds")
    assert tuple(row["budget"][name] for name in shown) == told
    assert (row["budget"]["usd_per_day"], row["budget"]["for_each_subject"]) == (5.0, False)


def test_a_budget_that_each_subject_has_says_so() -> None:
    all_of = Policy("staff", usd_per_day=5.0, jwt=TokenRule("issuer"))
    one = Policy("ann", usd_per_day=5.0, jwt=TokenRule("issuer", subject="ann"))
    rows = spending.callers([all_of, one], NOTHING, {})
    assert [row["budget"]["for_each_subject"] for row in rows] == [True, False]


def test_others_have_what_no_caller_has() -> None:
    counted = numbers(
        CALLS={("POST /v1/chat/completions", "OK"): 9.0, ("POST /v1/chat/completions", "KEY_INVALID"): 2.0},
        OF_CALLERS={("team", "OK"): 5.0},
        COST={("d",): 0.5},
        COST_OF={("team",): 0.2},
    )
    assert spending.others(counted) == {"calls": 6, "usd": 0.3}
    # A call may end between two numbers.
    assert spending.others(numbers(OF_CALLERS={("team", "OK"): 5.0}, COST_OF={("team",): 0.2})) == {
        "calls": 0,
        "usd": 0.0,
    }


def test_spend_by_deployment_and_of_the_last_calls_by_day_and_model() -> None:
    upstreams = router(deployment("a", id="d"), deployment("b", id="idle")).upstreams
    counted = numbers(
        COST={("d",): 0.5, ("gone",): 0.25},
        COST_UNKNOWN={("d", "maybe"): 1.0, ("d", "yes"): 2.0, ("e", "yes"): 1.0},
    )
    calls = [
        ended(time=NOON, model="gemini/m", cost_nano_usd=100_000_000),
        ended(time=NOON, model="gemini/m", cost_nano_usd=200_000_000, pictures=2),
        ended(time=NOON, model="gemini/n", cost_nano_usd=None, pictures=0),
        ended(time=NOON, model="", cost_nano_usd=None),
        ended(time=NOON - 86400, model="gemini/m"),
    ]
    assert spending.spend(upstreams, counted, calls) == {
        "usd": 0.75,
        "calls_of_unknown_cost": 4,
        "deployments": [
            {"id": "d", "provider": "gemini", "model": "m", "usd": 0.5, "calls_of_unknown_cost": 3},
            {"id": "gone", "provider": "", "model": "", "usd": 0.25, "calls_of_unknown_cost": 0},
            {"id": "e", "provider": "", "model": "", "usd": 0.0, "calls_of_unknown_cost": 1},
        ],
        "days": [
            {"day": "2026-01-31", "model": "gemini/m", "calls": 2, "pictures": 3, "usd": 0.3},
            {"day": "2026-01-31", "model": "gemini/n", "calls": 1, "pictures": 0, "usd": 0.0},
            {"day": "2026-01-30", "model": "gemini/m", "calls": 1, "pictures": 1, "usd": 0.001},
        ],
    }


def test_upstream_calls_by_how_they_ended() -> None:
    counted = numbers(ATTEMPTS={("d", "OK"): 3.0, ("d", "UPSTREAM_UNAVAILABLE"): 1.0, ("e", "OK"): 1.0})
    assert spending.attempts(counted) == {"d": {"OK": 3, "UPSTREAM_UNAVAILABLE": 1}, "e": {"OK": 1}}
