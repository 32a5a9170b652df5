"""Metrics of calls. Labels are names of the configuration and of the contract, never a caller's text.

So calls are counted per deployment, not per model: with wildcards, the name of a model is the caller's text.

Each worker counts in its own slot of memory that the parent has reserved. Any worker returns the sum (`exposition.py`).
"""

from bisect import bisect_left
from typing import NamedTuple

from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts, Name, Shared


class Metric(NamedTuple):
    """kind: "counter", "gauge" or "histogram"."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


_CALLS, _SECONDS, _RUNNING = "imagewire_calls", "imagewire_call_seconds", "imagewire_calls_running"
_ATTEMPTS, _IMAGE_BYTES = "imagewire_upstream_attempts", "imagewire_image_bytes"
_COST, _COST_UNKNOWN = "imagewire_cost_usd", "imagewire_calls_of_unknown_cost"
_LINES_DROPPED = "imagewire_log_lines_dropped"
_NOT_KEPT = "imagewire_answers_not_kept"
_CACHED = "imagewire_cached_answers"
_OF_CALLERS, _PICTURES_OF, _COST_OF = "imagewire_caller_calls", "imagewire_caller_pictures", "imagewire_caller_cost_usd"
_CERTIFICATE = "imagewire_tls_certificate_not_after_timestamp_seconds"

METRICS = {
    _CALLS: Metric("counter", "Calls, by how they ended.", ("method", "code")),
    _SECONDS: Metric("histogram", "From a call's begin to its end.", ("method",)),
    _ATTEMPTS: Metric("counter", "Calls to providers.", ("deployment", "reason")),
    _IMAGE_BYTES: Metric("counter", "Bytes of pictures handed on.", ("deployment",)),
    _COST: Metric("counter", "US dollars, where they are known.", ("deployment",)),
    _COST_UNKNOWN: Metric(
        "counter",
        "Calls that were or may have been charged (charged: yes, maybe), and nobody can tell how much.",
        ("deployment", "charged"),
    ),
    _NOT_KEPT: Metric("counter", "Answers that the store of answers could not keep."),
    _CACHED: Metric("counter", "Answers that were sent again from the answer cache, and drawn by nobody."),
    _OF_CALLERS: Metric("counter", "Calls of a caller under imagewire.callers, by how they ended.", ("caller", "code")),
    _PICTURES_OF: Metric("counter", "Whole pictures that were drawn for it, without drafts.", ("caller",)),
    _COST_OF: Metric("counter", "US dollars that it cost, where they are known.", ("caller",)),
    _RUNNING: Metric("gauge", "Calls that draw now."),
    _LINES_DROPPED: Metric(
        "counter",
        "Lines of the log that were lost, because they came faster than they could be written (full), or could not be"
        " written at all (unwritable).",
        ("reason",),
    ),
    _CERTIFICATE: Metric(
        "gauge", "Until when the certificate is valid that this worker uses, in Unix time.", ("file",)
    ),
}
# A histogram's numbers have one more label: the sum, or a bucket's bound, for what is above the one before.
SUM = "sum"
BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
BUCKETS = (*(str(bound) for bound in BOUNDS), "+Inf")

# Slots are as large as all names can become, with some deployments and callers more.
_BASE, _PER_NAME = 256 * 1024, 8 * 1024

_counts = Counts()
_shared: Shared | None = None
_own: dict[Name, float] = {}  # what has no sum over all workers


def slot_size(names: int) -> int:
    """The bytes of a worker's slot. names: of deployments and callers."""
    return _BASE + _PER_NAME * names


def share(shared: Shared, slot: int) -> None:
    """From now on count in a slot, and return the sum of all slots."""
    global _counts, _shared
    _counts, _shared = Counts(shared.slots[slot]), shared


def forget_running(slot: memoryview) -> None:
    """The calls of an ended process are no longer running; what it has counted remains."""
    Counts(slot).clear(_RUNNING)


def everything() -> dict[Name, float]:
    """All that was counted, by all workers."""
    return {**(_shared.read() if _shared is not None else _counts.read()), **_own}


def count(call: Call) -> None:
    """Count a call that has ended."""
    add = _counts.add
    add((_CALLS, call.method, call.code))
    add((_SECONDS, call.method, SUM), call.seconds)
    add((_SECONDS, call.method, BUCKETS[bisect_left(BOUNDS, call.seconds)]))
    for deployment, reason in call.tried:
        add((_ATTEMPTS, deployment, reason))
    if call.cached_answers:
        add((_CACHED,), call.cached_answers)
    if caller := call.caller.counted_as:
        add((_OF_CALLERS, caller, call.code))
    if call.deployment:
        add((_IMAGE_BYTES, call.deployment), call.image_bytes)
    count_cost(call)


def count_cost(call: Call) -> None:
    """Count what a call cost: at its end, or at that of its drawing, if that comes later."""
    if caller := call.caller.counted_as:
        _counts.add((_PICTURES_OF, caller), call.pictures)
        _counts.add((_COST_OF, caller), call.cost_usd or 0.0)
    if call.deployment:
        _counts.add((_COST, call.deployment), call.cost_usd or 0.0)
        if call.cost_nano_usd is None and call.charged != "no":
            _counts.add((_COST_UNKNOWN, call.deployment, call.charged))


def count_not_kept() -> None:
    """The store could not keep an answer."""
    _counts.add((_NOT_KEPT,))


def count_running(change: int) -> None:
    """Calls began (1) or ended (-1) to draw."""
    _counts.add((_RUNNING,), change)


def count_lines_dropped(reason: str, lines: int) -> None:
    """Lines of the log were lost."""
    _counts.add((_LINES_DROPPED, reason), lines)


def set_certificate_expiry(file: str, moment: float) -> None:
    """Until when the certificate of a file is valid, in Unix time."""
    _own[_CERTIFICATE, file] = moment


def forget_certificate(file: str) -> None:
    """The certificate of a file is no longer served."""
    _own.pop((_CERTIFICATE, file), None)
