"""How the deployments are: by their circuits, and by what their last calls met."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imagewire_server.core.circuit import Circuit
from imagewire_server.core.overview.last_calls import EndedCall
from imagewire_server.core.overview.times import rfc3339
from imagewire_server.core.router import Upstream

# Half open: the cooldown is over, and one call finds out whether it works again.
AVAILABLE, HALF_OPEN, COOLING_DOWN = "available", "half_open", "cooling_down"
_STATES = (AVAILABLE, HALF_OPEN, COOLING_DOWN)
_MOST_FAILURES = 5


def health(upstream: Upstream, now: float) -> dict[str, Any]:
    """A deployment and its state, which is the worst of its models'. now: monotonic seconds.

    models: those of a wildcard that are not available.
    """
    deployment = upstream.deployment
    found = {model: _state(circuit, now) for model, circuit in upstream.circuits.items()}
    worst = max(found.values(), key=_badness, default=_state(Circuit(), now))
    bad = [{"model": model, **one} for model, one in found.items() if one["state"] != AVAILABLE]
    return {
        "id": deployment.id,
        "name": deployment.name,
        "provider": deployment.provider,
        "model": deployment.model,
        **worst,
        "running": sum(circuit.running for circuit in upstream.circuits.values()),
        "models": bad if "*" in deployment.model else [],
    }


def failures(calls: Iterable[EndedCall]) -> Mapping[str, Sequence[dict[str, str]]]:
    """The last failures of each deployment by its id, in the order of the calls, whose time each has."""
    found: dict[str, list[dict[str, str]]] = {}
    for call in calls:
        for deployment, reason in call.failures():
            known = found.setdefault(deployment, [])
            if len(known) < _MOST_FAILURES:
                known.append({"time": rfc3339(call.time), "reason": reason, "request_id": call.request_id})
    return found


def _state(circuit: Circuit, now: float) -> dict[str, Any]:
    is_cooling = circuit.open and now < circuit.open_until
    return {
        "state": COOLING_DOWN if is_cooling else HALF_OPEN if circuit.open else AVAILABLE,
        "cooldown_seconds": round(circuit.open_until - now, 1) if is_cooling else None,
        "asked_by_provider": is_cooling and circuit.is_hinted(now),
        "failures_in_a_row": circuit.failures,
        "first_event_seconds": None if circuit.latency is None else round(circuit.latency, 3),
    }


def _badness(state: Mapping[str, Any]) -> tuple[int, float, int]:
    return _STATES.index(state["state"]), state["cooldown_seconds"] or 0.0, state["failures_in_a_row"]
