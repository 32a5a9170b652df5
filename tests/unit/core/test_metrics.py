"""What is counted of a call: by method and code, by deployment, and what it cost."""

import os
from collections.abc import Iterator

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract import pb
from imagewire_server.core import metrics
from imagewire_server.core.access.caller import MASTER_KEY, Caller
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts, Shared, reserve
from imagewire_server.core.trace_context import TraceContext


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)
    monkeypatch.setattr(metrics, "_cells", None)
    monkeypatch.setattr(metrics, "_own", {})


def _call(seconds: float = 0.3, **fields: object) -> Call:
    return Call(method="/a/B", seconds=seconds, **{"status": "OK", **fields})  # type: ignore[arg-type]


def test_a_call_that_cost_something_counts_for_its_deployment() -> None:
    call = _call(
        deployment="d2",
        image_bytes=100,
        sent_bytes=3000,
        first_image_byte=0.2,
        tried=[("d1", "UPSTREAM_UNREACHABLE"), ("d2", "OK")],
    )
    call.charge("yes", 2_000_000_000)
    metrics.count(call)
    metrics.count(_call(seconds=1000.0, code="CANCELLED", status="CANCELLED", joined=True))
    assert metrics.everything() == {
        ("imagewire_calls", "/a/B", "OK"): 1.0,
        ("imagewire_calls", "/a/B", "CANCELLED"): 1.0,
        ("imagewire_call_seconds", "/a/B", "OK", "sum"): 0.3,
        ("imagewire_call_seconds", "/a/B", "OK", "0.5"): 1.0,
        ("imagewire_call_seconds", "/a/B", "CANCELLED", "sum"): 1000.0,
        ("imagewire_call_seconds", "/a/B", "CANCELLED", "+Inf"): 1.0,
        ("imagewire_grpc_sent_bytes", "/a/B", "OK", "sum"): 3000.0,
        ("imagewire_grpc_sent_bytes", "/a/B", "OK", "4096.0"): 1.0,
        ("imagewire_grpc_sent_bytes", "/a/B", "CANCELLED", "sum"): 0.0,
        ("imagewire_grpc_sent_bytes", "/a/B", "CANCELLED", "0.0"): 1.0,
        ("imagewire_first_image_byte_seconds", "d2", "sum"): 0.2,
        ("imagewire_first_image_byte_seconds", "d2", "0.5"): 1.0,
        ("imagewire_joined_calls",): 1.0,
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


def test_a_call_of_rest_is_counted_by_its_status_and_no_message_of_grpc() -> None:
    metrics.count(Call(method="POST /v1/chat/completions", seconds=2.0, status=504, code="deadline_exceeded"))
    assert metrics.everything() == {
        ("imagewire_calls", "POST /v1/chat/completions", "deadline_exceeded"): 1.0,
        ("imagewire_call_seconds", "POST /v1/chat/completions", "504", "sum"): 2.0,
        ("imagewire_call_seconds", "POST /v1/chat/completions", "504", "2.5"): 1.0,
    }


def _tokens() -> dict[tuple[str, ...], float]:
    """The sums, by type and modality."""
    return {
        name[2:4]: number
        for name, number in metrics.everything().items()
        if name[0] == "imagewire_upstream_tokens" and name[-1] == "sum"
    }


def test_tokens_are_counted_by_modality_and_none_is_lost_or_counted_twice() -> None:
    details = [pb.ModalityTokens(modality=name, tokens=n) for name, n in (("TEXT", 7), ("IMAGE", 258), ("ODD", 5))]
    drawn = [pb.ModalityTokens(modality="IMAGE", tokens=1290)]
    usage = pb.Usage(prompt_tokens=300, prompt_tokens_details=details, thoughts_tokens=100, tool_use_prompt_tokens=9)
    usage.MergeFrom(pb.Usage(candidates_tokens=1290, candidates_tokens_details=drawn))
    metrics.count_tokens("d", usage)
    assert _tokens() == {
        ("input", "text"): 7.0,
        ("input", "image"): 258.0,
        ("input", "unknown"): 35.0,
        ("input", "tool_use"): 9.0,
        ("output", "image"): 1290.0,
        ("output", "thought"): 100.0,
    }
    assert metrics.everything()["imagewire_upstream_tokens", "d", "output", "image", "4096.0"] == 1.0


def test_tokens_without_modalities_are_counted_and_an_empty_usage_is_not() -> None:
    metrics.count_tokens("d", pb.Usage(prompt_tokens=3, candidates_tokens=4))
    metrics.count_tokens("d", pb.Usage())
    assert _tokens() == {("input", "unknown"): 3.0, ("output", "unknown"): 4.0}


def test_what_happens_at_deployments_is_counted() -> None:
    metrics.count_started("/a/B")
    metrics.count_retry("d")
    metrics.count_cooldown("d")
    metrics.count_wait("d", 2.0)
    metrics.count_attempt(Call(), "d", "UPSTREAM_UNREACHABLE", 3.0)
    assert metrics.everything() == {
        ("imagewire_grpc_calls_started", "/a/B"): 1.0,
        ("imagewire_upstream_retries", "d"): 1.0,
        ("imagewire_cooldowns", "d"): 1.0,
        ("imagewire_upstream_wait_seconds", "d", "sum"): 2.0,
        ("imagewire_upstream_wait_seconds", "d", "2.5"): 1.0,
        ("imagewire_upstream_seconds", "d", "UPSTREAM_UNREACHABLE", "sum"): 3.0,
        ("imagewire_upstream_seconds", "d", "UPSTREAM_UNREACHABLE", "5.0"): 1.0,
    }


def test_the_last_recorded_call_of_each_bucket_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "exemplars", {})
    for trace_id, sampled in (("1", True), ("2", True), ("3", False)):
        trace = TraceContext(trace_id * 32, "b" * 16, sampled)
        metrics.count(_call(deployment="d", first_image_byte=0.2, trace=trace))
        metrics.count_attempt(Call(trace=trace), "d", "OK", 0.3)
    found = metrics.by_metric(metrics.exemplars)
    assert {name: [*labels] for name, labels in found.items() if labels} == {
        "imagewire_call_seconds": [("/a/B", "OK", "0.5")],
        "imagewire_first_image_byte_seconds": [("d", "0.5")],
        "imagewire_upstream_seconds": [("d", "OK", "0.5")],
    }
    assert {one.trace_id for labels in found.values() for one in labels.values()} == {"2" * 32}


def test_exemplars_are_of_all_workers(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "exemplars", {})
    timed = ("imagewire_call_seconds", "/a/B", "OK", "0.5")
    metrics.count(_call(trace=TraceContext("1" * 32, "b" * 16, sampled=True)))
    assert {name: one.trace_id for name, one in metrics.all_exemplars().items()} == {timed: "1" * 32}
    for slot, trace_id in ((0, "2"), (1, "3")):
        metrics.share(shared, slot)
        metrics.count(_call(trace=TraceContext(trace_id * 32, "b" * 16, sampled=True)))
        metrics.count(_call(trace=TraceContext("4" * 32, "b" * 16, sampled=False)))
        assert {name: one.trace_id for name, one in metrics.all_exemplars().items()} == {timed: trace_id * 32}


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
    # A worker tells a collector of its own only.
    assert metrics.own()["imagewire_calls", "/a/B", "OK"] == 1.0


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
