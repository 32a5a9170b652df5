"""Counts what `instruments.py` names. Each number is counted once, whoever is told of it.

Each worker counts in its own slot of memory that the parent has reserved. Any worker returns the sum (`exposition.py`);
a collector gets each worker's own numbers.
"""

import time
from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from imagewire_server.contract import pb
from imagewire_server.core import instruments as names
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts, Name, Shared
from imagewire_server.core.trace_context import TraceContext

_T = TypeVar("_T")

# Slots are as large as all names can become, with some deployments and callers more.
_BASE, _PER_NAME = 512 * 1024, 12 * 1024
_MODALITIES = {name: name.lower() for name in ("TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT")}
_UNKNOWN = "unknown"  # the modality of tokens for which the provider says none that is known

_counts = Counts()
_shared: Shared | None = None
_own: dict[Name, float] = {}  # what has no sum over all workers


class Exemplar(NamedTuple):
    """A call that was counted in a bucket, and whose span was recorded. moment: Unix time."""

    value: float
    trace_id: str
    span_id: str
    moment: float


class Served(NamedTuple):
    """What a deployment serves. provider: as OpenTelemetry names it. model: the provider's id, "" for a wildcard's."""

    provider: str
    model: str


# By their ids; those of the last configuration that was read, and of earlier ones.
deployments: dict[str, Served] = {}

# The last one of each bucket, of this worker's calls.
exemplars: dict[Name, Exemplar] = {}


class _Histogram:
    """A histogram's numbers."""

    __slots__ = ("_bounds", "_buckets", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._bounds, self._buckets = names.METRICS[name].bounds, names.METRICS[name].buckets

    def add(self, value: float, *labels: str, trace: TraceContext | None = None) -> None:
        """Count a value. trace: that of its call."""
        bucket = (self._name, *labels, self._buckets[bisect_left(self._bounds, value)])
        _counts.add(bucket)
        _counts.add((self._name, *labels, names.SUM), value)
        if trace is not None and trace.sampled:
            exemplars[bucket] = Exemplar(value, trace.trace_id, trace.span_id, time.time())


_call_seconds, _sent = _Histogram(names.CALL_SECONDS), _Histogram(names.SENT)
_first_image_byte = _Histogram(names.FIRST_IMAGE_BYTE)
_attempt_seconds, _tokens = _Histogram(names.ATTEMPT_SECONDS), _Histogram(names.TOKENS)


def slot_size(most: int) -> int:
    """The bytes of a worker's slot. most: the number of deployments and callers."""
    return _BASE + _PER_NAME * most


def share(shared: Shared, slot: int) -> None:
    """From now on count in a slot, and return the sum of all slots."""
    global _counts, _shared
    _counts, _shared = Counts(shared.slots[slot]), shared


def forget_running(slot: memoryview) -> None:
    """The calls of an ended process are no longer running; what it has counted remains."""
    Counts(slot).clear(names.RUNNING)


def everything() -> dict[Name, float]:
    """All that was counted, by all workers."""
    return {**(_shared.read() if _shared is not None else _counts.read()), **_own}


def own() -> dict[Name, float]:
    """What this process counts; also what another one has counted before in its slot."""
    return {**_counts.read(), **_own}


def count(call: Call) -> None:
    """Count a call that has ended."""
    add, method, status = _counts.add, call.method, str(call.status)
    add((names.CALLS, method, call.code))
    _call_seconds.add(call.seconds, method, status, trace=call.trace)
    if method.startswith("/"):
        _sent.add(call.sent_bytes, method, status)
    for deployment, reason in call.tried:
        add((names.ATTEMPTS, deployment, reason))
    if call.cached_answers:
        add((names.CACHED,), call.cached_answers)
    if call.joined:
        add((names.JOINED,))
    if caller := call.caller.counted_as:
        add((names.OF_CALLERS, caller, call.code))
    if call.deployment:
        add((names.IMAGE_BYTES, call.deployment), call.image_bytes)
        if call.first_image_byte is not None:
            _first_image_byte.add(call.first_image_byte, call.deployment, trace=call.trace)
    count_cost(call)


def count_cost(call: Call) -> None:
    """Count what a call cost: at its end, or at that of its drawing, if that comes later."""
    if caller := call.caller.counted_as:
        _counts.add((names.PICTURES_OF, caller), call.pictures)
        _counts.add((names.COST_OF, caller), call.cost_usd or 0.0)
    if call.deployment:
        _counts.add((names.COST, call.deployment), call.cost_usd or 0.0)
        if call.cost_nano_usd is None and call.charged != "no":
            _counts.add((names.COST_UNKNOWN, call.deployment, call.charged))


def count_started(method: str) -> None:
    """A call of gRPC began."""
    _counts.add((names.STARTED, method))


def count_attempt(call: Call, deployment: str, reason: str, seconds: float) -> None:
    """A call to a provider has ended. reason: "OK" for an answer. call: what it was for."""
    _attempt_seconds.add(seconds, deployment, reason, trace=call.trace)


def count_tokens(deployment: str, usage: pb.Usage) -> None:
    """A provider has said what a call to it used. Its own sums hold: what no modality is named for is counted too."""
    asked, drawn = usage.prompt_tokens_details, usage.candidates_tokens_details
    for kind, total, details in (
        ("input", usage.prompt_tokens, asked),
        ("output", usage.candidates_tokens, drawn),
    ):
        left = total
        for one in details:
            if one.tokens > 0 and one.modality in _MODALITIES:
                left -= one.tokens
                _tokens.add(one.tokens, deployment, kind, _MODALITIES[one.modality])
        if left > 0:
            _tokens.add(left, deployment, kind, _UNKNOWN)
    if usage.tool_use_prompt_tokens > 0:
        _tokens.add(usage.tool_use_prompt_tokens, deployment, "input", "tool_use")
    if usage.thoughts_tokens > 0:
        _tokens.add(usage.thoughts_tokens, deployment, "output", "thought")


def count_retry(deployment: str) -> None:
    """A deployment is asked because another, or itself, has failed for the same drawing."""
    _counts.add((names.RETRIES, deployment))


def count_cooldown(deployment: str) -> None:
    """A deployment's cooldown began or became longer."""
    _counts.add((names.COOLDOWNS, deployment))


def count_not_kept() -> None:
    """The store could not keep an answer."""
    _counts.add((names.NOT_KEPT,))


def count_running(change: int) -> None:
    """Calls began (1) or ended (-1) to draw."""
    _counts.add((names.RUNNING,), change)


def count_lines_dropped(reason: str, lines: int) -> None:
    """Lines of the log were lost."""
    _counts.add((names.LINES_DROPPED, reason), lines)


def set_certificate_expiry(file: str, moment: float) -> None:
    """Until when the certificate of a file is valid, in Unix time."""
    _own[names.CERTIFICATE, file] = moment


def forget_certificate(file: str) -> None:
    """The certificate of a file is no longer served."""
    _own.pop((names.CERTIFICATE, file), None)


def by_metric(found: Mapping[Name, _T]) -> dict[str, dict[Name, _T]]:
    """What was found of each metric, by the values of its labels."""
    sorted_out: dict[str, dict[Name, _T]] = {name: {} for name in names.METRICS}
    for (name, *labels), one in found.items():
        sorted_out[name][tuple(labels)] = one
    return sorted_out
