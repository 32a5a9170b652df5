"""The page of the metrics: Prometheus' text, with each bucket holding those below it."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from imagewire_server.core import exposition, instruments, metrics
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts
from imagewire_server.core.trace_context import TraceContext

BUCKETS = instruments.METRICS[instruments.CALL_SECONDS].buckets
TEXT, OPEN = exposition.media_type("text/plain"), exposition.media_type("text/plain, application/openmetrics-text;q=1")


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)
    monkeypatch.setattr(metrics, "_own", {})
    monkeypatch.setattr(metrics, "exemplars", {})


def _page() -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(exposition.page().decode())
    return {
        (sample.name, tuple(label for _, label in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_before_the_first_call_only_what_has_no_label_is_there() -> None:
    kept = "answers_not_kept_total", "cached_answers_total", "joined_calls_total"
    names = "imagewire_calls_running", *(f"imagewire_{name}" for name in kept)
    assert _page() == {(name, ()): 0.0 for name in names}


def test_calls_stand_in_their_buckets_and_in_all_above() -> None:
    for seconds, status in ((0.02, "OK"), (0.3, "OK"), (0.4, "UNAVAILABLE"), (1000.0, "UNAVAILABLE")):
        metrics.count(Call(method="/a/B", seconds=seconds, status=status))
    metrics.count_running(1)
    page = _page()
    assert page["imagewire_calls_total", ("OK", "/a/B")] == 4.0
    assert page["imagewire_calls_running", ()] == 1.0
    found = {bound: page["imagewire_call_seconds_bucket", (bound, "/a/B")] for bound in BUCKETS}
    assert (found["0.01"], found["0.05"], found["0.5"], found["160.0"], found["+Inf"]) == (0, 1, 3, 3, 4)
    assert page["imagewire_call_seconds_count", ("/a/B",)] == 4.0
    assert page["imagewire_call_seconds_sum", ("/a/B",)] == pytest.approx(1000.72)


def _examples(page: bytes) -> dict[str, tuple[float, dict[str, str]]]:
    """The exemplars of the duration of calls, by their bucket."""
    return {
        sample.labels["le"]: (sample.exemplar.value, sample.exemplar.labels)
        for family in open_metrics(page.decode())
        for sample in family.samples
        if sample.exemplar and family.name == "imagewire_call_seconds"
    }


def test_each_bucket_has_the_last_call_whose_span_was_recorded() -> None:
    def call(seconds: float, status: str, trace_id: str, *, sampled: bool = True) -> None:
        trace = TraceContext(trace_id * 32, "b" * 16, sampled)
        metrics.count(Call(method="/a/B", seconds=seconds, status=status, trace=trace))

    call(0.3, "OK", "1")
    call(0.4, "UNAVAILABLE", "2")
    call(0.45, "OK", "3", sampled=False)
    call(2.0, "OK", "4")
    metrics.count(Call(method="/a/B", seconds=30.0, status="OK"))
    assert _examples(exposition.page(OPEN)) == {
        "0.5": (0.4, {"trace_id": "2" * 32, "span_id": "b" * 16}),
        "2.5": (2.0, {"trace_id": "4" * 32, "span_id": "b" * 16}),
    }
    assert b"trace_id" not in exposition.page(TEXT)


@pytest.mark.parametrize(
    ("accepted", "is_open"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", False),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", True),
        ("Application/OpenMetrics-Text", True),
        ("application/openmetrics-text-x", False),
    ],
)
def test_openmetrics_is_written_for_who_accepts_it(accepted: str, is_open: bool) -> None:
    kind = exposition.media_type(accepted)
    assert kind.startswith("application/openmetrics-text; version=1.0.0" if is_open else "text/plain; version=0.0.4")
    assert exposition.page(kind).endswith(b"# EOF\n") is is_open
