"""Counts what `instruments.py` names. Each number is counted once, whoever is told of it.

Each worker counts in its own slot of memory that the parent has reserved. Any worker returns the sum (`exposition.py`),
with the exemplars of all; a collector gets each worker's own numbers.
"""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from imagewire_server.contract import pb
from imagewire_server.core import instruments as names
from imagewire_server.core.call import Call
from imagewire_server.core.counters import Counts, Histogram, Name, Shared
from imagewire_server.core.exemplars import Cells, Exemplar, newest
from imagewire_server.core.trace_context import TraceContext

_T = TypeVar("_T")

# Slots are as large as all names can become, with some deployments and callers more.
_BASE, _PER_NAME = 640 * 1024, 15 * 1024
_MODALITIES = {name: name.lower() for name in ("TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT")}
_UNKNOWN = "unknown"  # the modality of tokens for which the provider says none that is known

_counts = Counts()
_shared: Shared | None = None
_cells: Cells | None = None
_own: dict[Name, float] = {}  # what has no sum over all workers


class Served(NamedTuple):
    """What a deployment serves. provider: as OpenTelemetry names it. model: the provider's id, "" for a wildcard's."""

    provider: str
    model: str


# By their ids; those of the last configuration that was read, and of earlier ones.
deployments: dict[str, Served] = {}

# The last one of each bucket, of this process's calls.
exemplars: dict[Name, Exemplar] = {}


_HISTOGRAMS = {name: metric.histogram for name, metric in names.METRICS.items() if metric.kind == "histogram"}
_CALL_SECONDS, _SENT = _HISTOGRAMS[names.CALL_SECONDS], _HISTOGRAMS[names.SENT]
_FIRST_IMAGE_BYTE = _HISTOGRAMS[names.FIRST_IMAGE_BYTE]
_ATTEMPT_SECONDS, _TOKENS = _HISTOGRAMS[names.ATTEMPT_SECONDS], _HISTOGRAMS[names.TOKENS]
_WAITED = _HISTOGRAMS[names.WAITED]


def slot_size(most: int) -> int:
    """The bytes of a worker's slot. most: the number of deployments and callers."""
    return _BASE + _PER_NAME * most


def share(shared: Shared, slot: int) -> None:
    """From now on count in a slot, and return the sum of all slots."""
    global _counts, _shared, _cells
    counts = Counts(shared.slots[slot])
    _counts, _shared, _cells = counts, shared, Cells(shared.cells[slot], counts)


def forget_running(slot: memoryview) -> None:
    """The calls of an ended process are no longer running; what it has counted remains."""
    Counts(slot).clear(names.RUNNING)


def everything() -> dict[Name, float]:
    """All that was counted, by all workers."""
    return {**(_shared.read() if _shared is not None else _counts.read()), **_own}


def all_exemplars() -> dict[Name, Exemplar]:
    """The last one of each bucket, of all workers' calls."""
    # A copy: calls go on, and the page is written in another thread.
    return newest(_shared) if _shared is not None else exemplars.copy()


def own() -> dict[Name, float]:
    """What this process counts; also what another one has counted before in its slot."""
    return {**_counts.read(), **_own}


def count(call: Call) -> None:
    """Count a call that has ended."""
    add, observe = _counts.add, _counts.observe
    method, status, trace = call.method, str(call.status), call.trace
    add((names.CALLS, method, call.code))
    timed = (names.CALL_SECONDS, method, status)
    bucket = observe(timed, call.seconds, _CALL_SECONDS)
    if trace is not None and trace.sampled:
        _exemplify(timed, _CALL_SECONDS, bucket, call.seconds, trace)
    if method.startswith("/"):
        observe((names.SENT, method, status), call.sent_bytes, _SENT)
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
            begun = (names.FIRST_IMAGE_BYTE, call.deployment)
            bucket = observe(begun, call.first_image_byte, _FIRST_IMAGE_BYTE)
            if trace is not None and trace.sampled:
                _exemplify(begun, _FIRST_IMAGE_BYTE, bucket, call.first_image_byte, trace)
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
    timed = (names.ATTEMPT_SECONDS, deployment, reason)
    bucket = _counts.observe(timed, seconds, _ATTEMPT_SECONDS)
    if call.trace is not None and call.trace.sampled:
        _exemplify(timed, _ATTEMPT_SECONDS, bucket, seconds, call.trace)


def _exemplify(name: Name, of: Histogram, bucket: int, value: float, trace: TraceContext) -> None:
    place, one = (*name, of.last[bucket]), Exemplar(value, trace.trace_id, trace.span_id, time.time())
    exemplars[place] = one
    if _cells is not None:
        _cells.put(place, one)


def count_tokens(deployment: str, usage: pb.Usage) -> None:
    """A provider has said what a call to it used. Its own sums hold: what no modality is named for is counted too."""
    _count_details(deployment, "input", usage.prompt_tokens, usage.prompt_tokens_details)
    _count_details(deployment, "output", usage.candidates_tokens, usage.candidates_tokens_details)
    if (tokens := usage.tool_use_prompt_tokens) > 0:
        _counts.observe((names.TOKENS, deployment, "input", "tool_use"), tokens, _TOKENS)
    if (tokens := usage.thoughts_tokens) > 0:
        _counts.observe((names.TOKENS, deployment, "output", "thought"), tokens, _TOKENS)


def _count_details(deployment: str, kind: str, left: int, details: Iterable[pb.ModalityTokens]) -> None:
    for one in details:
        modality, tokens = _MODALITIES.get(one.modality), one.tokens
        if modality is not None and tokens > 0:
            left -= tokens
            _counts.observe((names.TOKENS, deployment, kind, modality), tokens, _TOKENS)
    if left > 0:
        _counts.observe((names.TOKENS, deployment, kind, _UNKNOWN), left, _TOKENS)


def count_retry(deployment: str) -> None:
    """A deployment is asked because another, or itself, has failed for the same drawing."""
    _counts.add((names.RETRIES, deployment))


def count_cooldown(deployment: str) -> None:
    """A deployment's cooldown began or became longer."""
    _counts.add((names.COOLDOWNS, deployment))


def count_wait(deployment: str, seconds: float) -> None:
    """A call waits this long until the deployment may be asked again."""
    _counts.observe((names.WAITED, deployment), seconds, _WAITED)


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
