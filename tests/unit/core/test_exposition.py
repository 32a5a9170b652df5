"""The page of the metrics: Prometheus' text, with each bucket holding those below it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from imagewire_server.core import exposition, metrics
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)
    monkeypatch.setattr(metrics, "_own", {})


def _page() -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(exposition.page().decode())
    return {
        (sample.name, tuple(label for _, label in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_before_the_first_call_only_what_has_no_label_is_there() -> None:
    names = "imagewire_answers_not_kept_total", "imagewire_cached_answers_total", "imagewire_calls_running"
    assert _page() == {(name, ()): 0.0 for name in names}


def test_calls_stand_in_their_buckets_and_in_all_above() -> None:
    for seconds in (0.02, 0.3, 0.4, 1000.0):
        metrics.count(Call(method="/a/B", seconds=seconds))
    metrics.count_running(1)
    page = _page()
    assert page["imagewire_calls_total", ("OK", "/a/B")] == 4.0
    assert page["imagewire_calls_running", ()] == 1.0
    found = {bound: page["imagewire_call_seconds_bucket", (bound, "/a/B")] for bound in metrics.BUCKETS}
    assert (found["0.01"], found["0.05"], found["0.5"], found["160.0"], found["+Inf"]) == (0, 1, 3, 3, 4)
    assert page["imagewire_call_seconds_count", ("/a/B",)] == 4.0
    assert page["imagewire_call_seconds_sum", ("/a/B",)] == pytest.approx(1000.72)
