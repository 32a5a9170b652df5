"""The metrics: their names, kinds, labels and bounds. Labels are names of the configuration and of the contract.

They are never a caller's text. So calls are counted per deployment, not per model: with wildcards, the name of a model
is the caller's text.
"""

from typing import NamedTuple

from imagewire_server.core.counters import SUM, Histogram

SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
# As OpenTelemetry's conventions have them.
_SIZES = (0.0, *(float(1024 * n) for n in (1, 2, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144)))
_TOKENS = tuple(float(4**n) for n in range(12))


class Metric(NamedTuple):
    """kind: "counter", "gauge" or "histogram", of which bounds are the upper ones. unit: as UCUM names it.

    more: labels that are counted behind the others, and that only OpenTelemetry is told.
    """

    kind: str
    help: str
    labels: tuple[str, ...] = ()
    unit: str = "1"
    bounds: tuple[float, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def buckets(self) -> tuple[str, ...]:
        """The last label of a histogram's numbers: a bucket's bound, for what is above the one before."""
        return (*map(str, self.bounds), "+Inf")

    @property
    def histogram(self) -> Histogram:
        """How its values are counted."""
        return Histogram(self.bounds, (*self.buckets, SUM))


CALLS, CALL_SECONDS, RUNNING = "imagewire_calls", "imagewire_call_seconds", "imagewire_calls_running"
STARTED, SENT = "imagewire_grpc_calls_started", "imagewire_grpc_sent_bytes"
FIRST_IMAGE_BYTE, IMAGE_BYTES = "imagewire_first_image_byte_seconds", "imagewire_image_bytes"
ATTEMPTS, ATTEMPT_SECONDS = "imagewire_upstream_attempts", "imagewire_upstream_seconds"
TOKENS, RETRIES, COOLDOWNS = "imagewire_upstream_tokens", "imagewire_upstream_retries", "imagewire_cooldowns"
WAITED = "imagewire_upstream_wait_seconds"
COST, COST_UNKNOWN = "imagewire_cost_usd", "imagewire_calls_of_unknown_cost"
NOT_KEPT, CACHED, JOINED = "imagewire_answers_not_kept", "imagewire_cached_answers", "imagewire_joined_calls"
OF_CALLERS, PICTURES_OF, COST_OF = "imagewire_caller_calls", "imagewire_caller_pictures", "imagewire_caller_cost_usd"
LINES_DROPPED = "imagewire_log_lines_dropped"
CERTIFICATE = "imagewire_tls_certificate_not_after_timestamp_seconds"

METRICS = {
    CALLS: Metric("counter", "Calls, by how they ended.", ("method", "code"), "{call}"),
    CALL_SECONDS: Metric("histogram", "From a call's begin to its end.", ("method",), "s", SECONDS, ("status",)),
    STARTED: Metric("counter", "Calls of gRPC that began.", ("method",), "{call}"),
    SENT: Metric("histogram", "Bytes of a gRPC call's responses.", ("method",), "By", _SIZES, ("status",)),
    FIRST_IMAGE_BYTE: Metric(
        "histogram", "From a call's begin to the first byte of a picture.", ("deployment",), "s", SECONDS
    ),
    ATTEMPTS: Metric("counter", "Calls to providers.", ("deployment", "reason"), "{call}"),
    ATTEMPT_SECONDS: Metric("histogram", "Their duration.", ("deployment", "reason"), "s", SECONDS),
    TOKENS: Metric(
        "histogram",
        "Tokens of a call to a provider, as it counted them (type: input, output).",
        ("deployment", "type", "modality"),
        "{token}",
        _TOKENS,
    ),
    RETRIES: Metric(
        "counter", "Calls to providers that repeated, or stood in for, one that had failed.", ("deployment",), "{call}"
    ),
    COOLDOWNS: Metric("counter", "Cooldowns of a deployment that began or became longer.", ("deployment",)),
    WAITED: Metric(
        "histogram", "How long calls waited until a deployment may be asked again (rpm).", ("deployment",), "s", SECONDS
    ),
    IMAGE_BYTES: Metric("counter", "Bytes of pictures handed on.", ("deployment",), "By"),
    COST: Metric("counter", "US dollars, where they are known.", ("deployment",), "{USD}"),
    COST_UNKNOWN: Metric(
        "counter",
        "Calls that were or may have been charged (charged: yes, maybe), and nobody can tell how much.",
        ("deployment", "charged"),
        "{call}",
    ),
    NOT_KEPT: Metric("counter", "Answers that the store of answers could not keep.", unit="{answer}"),
    CACHED: Metric(
        "counter", "Answers that were sent again from the answer cache, and drawn by nobody.", unit="{answer}"
    ),
    JOINED: Metric(
        "counter",
        "Calls whose request_id was known: they got the answer of that drawing, and drew nothing.",
        (),
        "{call}",
    ),
    OF_CALLERS: Metric(
        "counter", "Calls of a caller under imagewire.callers, by how they ended.", ("caller", "code"), "{call}"
    ),
    PICTURES_OF: Metric("counter", "Whole pictures that were drawn for it, without drafts.", ("caller",), "{picture}"),
    COST_OF: Metric("counter", "US dollars that it cost, where they are known.", ("caller",), "{USD}"),
    RUNNING: Metric("gauge", "Calls that draw now.", unit="{call}"),
    LINES_DROPPED: Metric(
        "counter",
        "Lines of the log that were lost, because they came faster than they could be written (full), or could not be"
        " written at all (unwritable).",
        ("reason",),
        "{line}",
    ),
    CERTIFICATE: Metric(
        "gauge", "Until when the certificate is valid that this worker uses, in Unix time.", ("file",), "s"
    ),
}
