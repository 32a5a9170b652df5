"""What is counted, as the library's exporter encodes it."""

from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from imagewire_server.contract import pb
from imagewire_server.core import instruments, metrics
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts
from imagewire_server.core.trace_context import TraceContext
from imagewire_server.telemetry import names
from imagewire_server.telemetry.figures import Figures
from tests.integration.otlp_receiver import attributes

STREAM = "/imagewire.v1.ChatService/StreamCompletion"


@pytest.fixture(autouse=True)
def _counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counts", Counts())
    monkeypatch.setattr(metrics, "_shared", None)
    monkeypatch.setattr(metrics, "_own", {})
    monkeypatch.setattr(metrics, "exemplars", {})
    monkeypatch.setattr(metrics, "deployments", {"d": metrics.Served("gcp.gemini", "m"), "w": metrics.Served("p", "")})


def figures() -> Figures:
    return Figures(Resource({"service.name": "x"}), InstrumentationScope("ours"))


def points(read: Figures) -> dict[str, list[Any]]:
    """The points of each metric, as they are on the wire."""
    (resource,) = encode_metrics(read.read()).resource_metrics
    (scope,) = resource.scope_metrics
    assert (attributes(resource.resource.attributes), scope.scope.name) == ({"service.name": "x"}, "ours")
    return {one.name: list(getattr(one, one.WhichOneof("data")).data_points) for one in scope.metrics}


def one(found: list[Any]) -> tuple[dict[str, Any], Any]:
    (point,) = found
    return attributes(point.attributes), point


def test_a_call_of_grpc_has_the_names_of_a66() -> None:
    made = figures()
    metrics.count_started(STREAM)
    metrics.count(Call(method=STREAM, seconds=0.3, status="OK", sent_bytes=3000))
    found = points(made)
    method = STREAM[1:]
    told, started = one(found[names.CALL_STARTED])
    assert (told, started.as_double) == ({"grpc.method": method}, 1.0)
    for name, total in ((names.CALL_DURATION, 0.3), (names.SENT_SIZE, 3000.0)):
        told, point = one(found[name])
        assert told == {"grpc.method": method, "grpc.status": "OK"}
        assert (point.count, point.sum) == (1, total)
        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
        assert not point.HasField("min")
        assert point.start_time_unix_nano <= point.time_unix_nano
    assert names.REQUEST_DURATION not in found


@pytest.mark.parametrize(("status", "error"), [(200, {}), (404, {}), (503, {"error.type": "503"})])
def test_a_call_of_rest_has_the_names_of_http(status: int, error: dict[str, str]) -> None:
    made = figures()
    metrics.count(Call(method="POST /v1/images/generations", seconds=0.3, status=status))
    told, point = one(points(made)[names.REQUEST_DURATION])
    route = {"http.request.method": "POST", "http.route": "/v1/images/generations", "http.response.status_code": status}
    assert (told, point.count) == ({**route, **error}, 1)
    assert names.CALL_DURATION not in points(made)


def test_upstream_calls_and_tokens_have_the_names_of_generative_ai() -> None:
    made = figures()
    metrics.count_attempt(Call(), "d", "OK", 4.0)
    metrics.count_attempt(Call(), "w", "UPSTREAM_UNREACHABLE", 1.0)
    details = [pb.ModalityTokens(modality="IMAGE", tokens=1290)]
    metrics.count_tokens("d", pb.Usage(candidates_tokens=1290, candidates_tokens_details=details))
    found = points(made)
    shared = {"gen_ai.operation.name": "generate_content"}
    known = {**shared, "imagewire.deployment": "d", "gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": "m"}
    assert [attributes(point.attributes) for point in found[names.OPERATION_DURATION]] == [
        known,
        # A wildcard's model is the caller's text.
        {**shared, "imagewire.deployment": "w", "gen_ai.provider.name": "p", "error.type": "UPSTREAM_UNREACHABLE"},
    ]
    told, tokens = one(found[names.TOKEN_USAGE])
    assert told == {**known, "gen_ai.token.type": "output", "imagewire.modality": "image"}
    assert (tokens.count, tokens.sum) == (1, 1290.0)


def test_what_no_convention_names_has_prometheus_names_with_dots() -> None:
    made = figures()
    call = Call(method=STREAM, deployment="d", image_bytes=7, first_image_byte=0.2, status="OK")
    call.charge("yes", 2_000_000_000)
    metrics.count(call)
    metrics.count_running(1)
    found = points(made)
    told, cost = one(found["imagewire.cost_usd"])
    assert (told, cost.as_double) == ({"imagewire.deployment": "d"}, 2.0)
    told, calls = one(found["imagewire.calls"])
    assert (told, calls.as_double) == ({"imagewire.method": STREAM, "imagewire.code": "OK"}, 1.0)
    assert one(found["imagewire.calls_running"])[1].as_double == 1.0
    assert one(found["imagewire.first_image_byte_seconds"])[1].sum == 0.2


def test_a_process_tells_only_what_it_has_counted_itself() -> None:
    metrics.count_cooldown("d")
    metrics.count_retry("d")
    metrics.count_running(1)
    metrics.set_certificate_expiry("server.pem", 17.0)
    made = figures()
    metrics.count_retry("d")
    found = points(made)
    assert "imagewire.cooldowns" not in found
    assert one(found["imagewire.upstream_retries"])[1].as_double == 1.0
    # What is a state, and no sum, is told as it is.
    assert one(found["imagewire.calls_running"])[1].as_double == 1.0
    assert one(found["imagewire.tls_certificate_not_after_timestamp_seconds"])[1].as_double == 17.0


def test_a_duration_leads_to_a_span_that_was_recorded() -> None:
    made = figures()
    metrics.count(Call(method=STREAM, seconds=0.3, status="OK", trace=TraceContext("a" * 32, "b" * 16, sampled=True)))
    _, point = one(points(made)[names.CALL_DURATION])
    (exemplar,) = point.exemplars
    assert (exemplar.trace_id.hex(), exemplar.span_id.hex(), exemplar.as_double) == ("a" * 32, "b" * 16, 0.3)


def test_a_span_from_before_is_not_told() -> None:
    call = Call(method=STREAM, seconds=0.3, status="OK", trace=TraceContext("a" * 32, "b" * 16, sampled=True))
    metrics.count(call)
    made = figures()
    metrics.count(Call(method=STREAM, seconds=0.4, status="OK"))
    _, point = one(points(made)[names.CALL_DURATION])
    assert (point.count, list(point.exemplars)) == (1, [])


def test_each_metric_has_a_name_of_its_own() -> None:
    made = figures()
    for name, metric in instruments.METRICS.items():
        last = (metric.buckets[0],) if metric.kind == "histogram" else ()
        for method in (STREAM, "GET /v1/models"):
            labels = [method if label == "method" else "x" for label in (*metric.labels, *metric.more)]
            metrics._counts.add((name, *labels, *last))
    found = points(made)
    conventional = {names.CALL_STARTED, names.CALL_DURATION, names.SENT_SIZE, names.REQUEST_DURATION}
    conventional |= {names.OPERATION_DURATION, names.TOKEN_USAGE}
    assert conventional <= found.keys()
    others = set(instruments.METRICS) - {
        instruments.STARTED,
        instruments.CALL_SECONDS,
        instruments.SENT,
        instruments.ATTEMPT_SECONDS,
        instruments.TOKENS,
    }
    assert found.keys() - conventional == {name.replace("imagewire_", "imagewire.") for name in others}
