"""What is counted of a call: by method and code, by deployment, and what it cost."""

import os
from collections.abc import Iterator

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.core import metrics
from imagewire_server.core.access.caller import MASTER_KEY, Caller
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts, Shared, reserve


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)
    monkeypatch.setattr(metrics, "_own", {})


def _call(seconds: float = 0.3, **fields: object) -> Call:
    return Call(method="/a/B", seconds=seconds, **fields)  # type: ignore[arg-type]


def test_a_call_that_cost_something_counts_for_its_deployment() -> None:
    call = _call(deployment="d2", image_bytes=100, tried=[("d1", "UPSTREAM_UNREACHABLE"), ("d2", "OK")])
    call.charge("yes", 2_000_000_000)
    metrics.count(call)
    metrics.count(_call(seconds=1000.0, code="CANCELLED"))
    assert metrics.everything() == {
        ("imagewire_calls", "/a/B", "OK"): 1.0,
        ("imagewire_calls", "/a/B", "CANCELLED"): 1.0,
        ("imagewire_call_seconds", "/a/B", "sum"): 1000.3,
        ("imagewire_call_seconds", "/a/B", "0.5"): 1.0,
        ("imagewire_call_seconds", "/a/B", "+Inf"): 1.0,
        ("imagewire_upstream_attempts", "d1", "UPSTREAM_UNREACHABLE"): 1.0,
        ("imagewire_upstream_attempts", "d2", "OK"): 1.0,
        ("imagewire_image_bytes", "d2"): 100.0,
        ("imagewire_cost_usd", "d2"): 2.0,
    }


@pytest.mark.parametrize("charged", ["yes", "maybe"])
def test_a_cost_that_is_not_known_is_counted_as_such(charged: str) -> None:
    call = _call(deployment="d")
    call.charge(charged, None)
    metrics.count(call)
    assert metrics.everything()["imagewire_calls_of_unknown_cost", "d", charged] == 1.0
    assert metrics.everything()["imagewire_cost_usd", "d"] == 0.0


def test_lost_lines_are_counted_by_reason() -> None:
    metrics.count_lines_dropped("full", 3)
    metrics.count_lines_dropped("full", 4)
    assert metrics.everything() == {("imagewire_log_lines_dropped", "full"): 7.0}


def test_answers_that_were_not_kept_are_counted() -> None:
    metrics.count_not_kept()
    metrics.count_not_kept()
    assert metrics.everything() == {("imagewire_answers_not_kept",): 2.0}


@pytest.fixture
def shared() -> Iterator[Shared]:
    fd = reserve(2, metrics.slot_size(1))
    yield Shared(fd, 2)
    os.close(fd)


def test_workers_count_together_and_an_ended_one_runs_nothing(shared: Shared) -> None:
    for slot in (0, 1):
        metrics.share(shared, slot)
        metrics.count_running(1)
        metrics.count(_call())
    assert metrics.everything()[("imagewire_calls_running",)] == 2.0
    metrics.forget_running(shared.slots[0])
    assert metrics.everything()[("imagewire_calls_running",)] == 1.0
    assert metrics.everything()["imagewire_calls", "/a/B", "OK"] == 2.0


def test_answers_from_the_cache_are_counted() -> None:
    call = Call(method="POST /v1/images/generations")
    for _ in range(2):
        call.answered_from_cache("cmpl-1")
    metrics.count(call)
    assert metrics.everything()["imagewire_cached_answers",] == 2.0


def test_calls_of_a_caller_with_a_policy_are_counted_by_its_name() -> None:
    call = _call(caller=Caller("subject", Policy("team")), pictures=2)
    call.charge("yes", 500_000_000)
    metrics.count(call)
    metrics.count(_call(caller=MASTER_KEY))
    found = {name: number for name, number in metrics.everything().items() if name[0].startswith("imagewire_caller")}
    assert found == {
        ("imagewire_caller_calls", "team", "OK"): 1.0,
        ("imagewire_caller_pictures", "team"): 2.0,
        ("imagewire_caller_cost_usd", "team"): 0.5,
    }


def test_the_end_of_a_certificate_is_the_same_for_all_workers_and_no_sum() -> None:
    for _ in range(2):
        metrics.set_certificate_expiry("server.pem", 17.0)
    assert metrics.everything()["imagewire_tls_certificate_not_after_timestamp_seconds", "server.pem"] == 17.0
    metrics.forget_certificate("server.pem")
    assert metrics.everything() == {}
