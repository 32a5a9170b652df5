"""Whose answer begins: the named group's or a fallback's, by what each failure cost and whose it was."""

from functools import partial
from typing import Any

import pytest
import stamina

from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    Code,
    Cooling,
    Cut,
    Error,
    Internal,
    InvalidRequest,
    Malformed,
    NotFound,
    Refused,
    TimedOut,
    Unreachable,
    Violation,
)
from imagewire_server.core import metrics
from imagewire_server.core.spec_defaults import merged
from tests.unit.core.scripted_providers import BLOCKED, SENT, Scripted, Step, counts, drawn, end, engine

WHOLE: list[Step] = [SENT, end(counts())]
WRONG: list[Step] = [InvalidRequest([Violation("spec.tools", "is not taken")])]
STOPPED: list[Step] = [SENT, end(counts(pictures=0, text=0), prompt_feedback=BLOCKED)]


def fails(error: Error) -> list[Step]:
    return [SENT, error]


def refused(**fields: Any) -> Refused:
    return Refused("x", code=Code.UNAVAILABLE, reason="UPSTREAM_UNAVAILABLE", **fields)


def routing(**fallbacks: tuple[str, ...]) -> dict[str, Any]:
    """Fallbacks of names, without repeats."""
    return {"fallbacks": tuple(fallbacks.items()), "num_retries": 0}


# What the first group and its fallbacks do, who was tried with which end, and the error of the call.
ROWS: list[tuple[str, list[list[Step]], list[tuple[str, str]], type[Error] | None]] = [
    ("the first answers", [WHOLE], [("d0", "OK")], None),
    ("unreachable", [fails(Unreachable("x")), WHOLE], [("d0", "UPSTREAM_UNREACHABLE"), ("d1", "OK")], None),
    (
        "refused for free",
        [fails(refused(deployment_fault=True)), WHOLE],
        [("d0", "UPSTREAM_UNAVAILABLE"), ("d1", "OK")],
        None,
    ),
    ("refused, and the caller's fault", [fails(refused())], [("d0", "UPSTREAM_UNAVAILABLE")], Refused),
    (
        "refused, and perhaps charged",
        [fails(refused(deployment_fault=True, charged=True))],
        [("d0", "UPSTREAM_UNAVAILABLE")],
        Refused,
    ),
    ("silent, and perhaps charged", [fails(TimedOut("x"))], [("d0", "UPSTREAM_TIMEOUT")], TimedOut),
    ("malformed", [fails(Malformed("x"))], [("d0", "UPSTREAM_MALFORMED")], Malformed),
    ("a wrong request", [WRONG], [], InvalidRequest),
    ("an answer without events", [[SENT]], [("d0", "ABANDONED")], Internal),
    (
        "nobody answers: the first error is told",
        [fails(Unreachable("x")), fails(refused(deployment_fault=True))],
        [("d0", "UPSTREAM_UNREACHABLE"), ("d1", "UPSTREAM_UNAVAILABLE")],
        Unreachable,
    ),
    (
        "the fallback fails at a cost",
        [fails(Unreachable("x")), fails(Cut("x"))],
        [("d0", "UPSTREAM_UNREACHABLE"), ("d1", "UPSTREAM_CUT")],
        Cut,
    ),
    (
        "a fallback that cannot take the request is none",
        [fails(Unreachable("x")), WRONG],
        [("d0", "UPSTREAM_UNREACHABLE")],
        Unreachable,
    ),
]


@pytest.mark.parametrize(("calls", "tried", "error"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_who_answers(calls: list[list[Step]], tried: list[tuple[str, str]], error: type[Error] | None) -> None:
    made = engine(*(Scripted(list(steps)) for steps in calls), **routing(n0=("n1",) if len(calls) > 1 else ()))
    call, failed = await drawn(made)
    assert (type(failed) if failed else None) == error
    assert call.tried == tried
    assert call.fallbacks == (["n1"] if len(calls) > 1 else [])
    if error is None:
        assert call.deployment == tried[-1][0]


@pytest.mark.parametrize("table", [{"n0": ("n2", "n1")}, {"*": ("n0", "n2", "n1")}], ids=["named", "for all"])
async def test_fallbacks_are_asked_in_their_order(table: dict[str, tuple[str, ...]]) -> None:
    providers = Scripted(fails(Unreachable("x"))), Scripted(WHOLE), Scripted(fails(Unreachable("x")))
    call, error = await drawn(engine(*providers, **routing(**table)))
    assert error is None
    assert [name for name, _ in call.tried] == ["d0", "d2", "d1"]
    assert call.fallbacks == ["n2", "n1"]


async def test_a_fallback_has_no_fallbacks_of_its_own() -> None:
    providers = Scripted(fails(Unreachable("x"))), Scripted(fails(Unreachable("x"))), Scripted(WHOLE)
    call, error = await drawn(engine(*providers, **routing(n0=("n1",), n1=("n2",))))
    assert isinstance(error, Unreachable)
    assert [name for name, _ in call.tried] == ["d0", "d1"]


async def test_a_name_that_is_not_served_has_no_fallback() -> None:
    call, error = await drawn(engine(**routing(n0=("n1",))))
    assert isinstance(error, NotFound)
    assert call.tried == []


async def test_an_error_after_the_first_event_leads_nowhere() -> None:
    begun: list[Step] = [SENT, end(counts()), Cut("x")]
    call, error = await drawn(engine(Scripted(begun), Scripted(WHOLE), **routing(n0=("n1",))))
    assert isinstance(error, Cut)
    assert call.tried == [("d0", "OK")]


async def test_repeats_come_before_fallbacks_and_are_noted() -> None:
    providers = Scripted(*[fails(Unreachable("x"))] * 3), Scripted(WHOLE)
    before = metrics.everything()
    with stamina.set_testing(True, attempts=3):  # without pauses
        call, error = await drawn(engine(*providers, fallbacks=(("n0", ("n1",)),), num_retries=2))
    assert error is None
    assert call.tried == [("d0", "UPSTREAM_UNREACHABLE")] * 3 + [("d1", "OK")]
    counted = [("imagewire_upstream_retries", deployment) for deployment in ("d0", "d1")]
    assert [metrics.everything()[name] - before.get(name, 0.0) for name in counted] == [2.0, 1.0]


async def test_a_model_that_cools_down_costs_a_fallback_nothing() -> None:
    made = engine(
        Scripted(fails(Unreachable("x")), WHOLE),
        Scripted(WHOLE, WHOLE),
        **routing(n0=("n1",)),
        allowed_fails=0,
        cooldown_time=3600.0,
    )
    await drawn(made)
    call, error = await drawn(made)
    assert error is None
    assert call.tried == [("d1", "OK")]


async def test_our_own_cooldown_refuses_nobody_who_has_no_other() -> None:
    made = engine(Scripted(fails(Unreachable("x")), WHOLE), allowed_fails=0, cooldown_time=3600.0, num_retries=0)
    _, first = await drawn(made)
    call, second = await drawn(made)
    assert (type(first), second, call.tried) == (Unreachable, None, [("d0", "OK")])
    hinted = refused(deployment_fault=True, retry_after=3600.0)
    made = engine(Scripted(fails(hinted)), num_retries=0)
    await drawn(made)
    call, error = await drawn(made)
    assert isinstance(error, Cooling)
    assert (call.tried, call.charged) == ([], "no")


async def test_each_deployment_is_asked_with_its_own_defaults() -> None:
    first, second = Scripted(fails(Unreachable("x"))), Scripted(WHOLE)
    made = engine(first, second, **routing(n0=("n1",)))
    given = pb.Spec(service_tier="flex", image_config={"image_size": "2K"}), pb.Spec(labels={"a": "b"})
    for upstream, defaults in zip(made.router.upstreams, given, strict=True):
        upstream.completed = partial(merged, defaults, lambda spec: None, lambda defaults, given: None)
    _, error = await drawn(made)
    assert error is None
    told = [
        (asked.image_config.image_size, asked.service_tier, dict(asked.labels)) for asked in first.asked + second.asked
    ]
    assert told == [("2K", "flex", {}), ("", "", {"a": "b"})]


# What stands in for a blocked prompt does so at the caller's own cost.
BLOCKED_ROWS: list[tuple[str, list[list[Step]], list[str], str]] = [
    ("it answers", [STOPPED, WHOLE], ["d0", "d1"], ""),
    ("it is blocked too: the first is told", [STOPPED, STOPPED], ["d0", "d1"], "SAFETY"),
    ("it cannot take the request", [STOPPED, WRONG], ["d0"], "SAFETY"),
    ("it is unreachable", [STOPPED, fails(Unreachable("x"))], ["d0", "d1"], "SAFETY"),
    ("it fails at a cost", [STOPPED, fails(Cut("x"))], ["d0", "d1"], "SAFETY"),
    ("there is none", [STOPPED], ["d0"], "SAFETY"),
]


@pytest.mark.parametrize(
    ("calls", "tried", "reason"), [row[1:] for row in BLOCKED_ROWS], ids=[row[0] for row in BLOCKED_ROWS]
)
async def test_who_stands_in_for_a_blocked_prompt(calls: list[list[Step]], tried: list[str], reason: str) -> None:
    table = {"content_policy_fallbacks": (("n0", ("n1",)),)} if len(calls) > 1 else {}
    call, error = await drawn(engine(*(Scripted(list(steps)) for steps in calls), **table, num_retries=0))
    assert error is None
    assert [name for name, _ in call.tried] == tried
    assert call.finish_reason == reason


async def test_a_deployment_that_was_not_asked_is_asked_in_the_same_minute() -> None:
    """Its rpm is a limit; what is refused before anything is sent counts for nothing."""
    made = engine(Scripted(WRONG, WHOLE, WHOLE), rpm=1, enforces_rpm=True)
    assert isinstance((await drawn(made))[1], InvalidRequest)
    assert (await drawn(made))[1] is None
    call, error = await drawn(made)
    assert (type(error), call.tried) == (Cooling, [])


async def test_a_deployment_whose_minute_is_full_gives_way_to_the_fallback() -> None:
    made = engine(Scripted(WHOLE), Scripted(WHOLE), rpm=1, enforces_rpm=True, **routing(n0=("n1",)))
    assert (await drawn(made))[0].tried == [("d0", "OK")]
    call, error = await drawn(made)
    assert (error, call.tried, call.fallbacks) == (None, [("d1", "OK")], ["n1"])
