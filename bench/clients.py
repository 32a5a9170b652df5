"""What the clients themselves cost: each language's, and the stub that it stands on, one after another."""

import json
from pathlib import Path

from bench import languages, processes
from bench.cases import LARGE, SMALL, Extent, Figures
from bench.peers.base import KEY
from bench.peers.imagewire import Imagewire
from bench.session import Failed, session

NAME = "clients"
WAYS = ("client", "stub")
# What the programs print of each figure of the tables.
_FIGURES = {"call_ms": "call_ms", "client_mb_per_cpu": "mb_per_cpu"}


def surfaces() -> tuple[str, ...]:
    """What is measured: "Go client", "Go stub"."""
    return tuple(f"{language} {way}" for language in languages.built() for way in WAYS)


def clients(cache: Path, extent: Extent, figures: Figures) -> None:
    """One round of all of them; the server has its core to itself."""
    figures.notes += [f"clients: without {name}" for name in languages.left_out()]
    for language, command in languages.built().items():
        for way in WAYS:
            try:
                seen = _seen([*command, way], cache, extent)
            except Failed as error:
                figures.notes.append(f"clients, {language} {way}: {error}")
                continue
            for figure, name in _FIGURES.items():
                figures.values[NAME, f"{language} {way}", figure].append(seen[name])


def _seen(command: list[str], cache: Path, extent: Extent) -> dict[str, float]:
    with session(Imagewire(), cache) as running:
        given = {
            "BENCH_TARGET": running.place.grpc,
            "BENCH_KEY": KEY,
            "BENCH_SMALL": SMALL.model,
            "BENCH_LARGE": LARGE.model,
            "BENCH_SECONDS": str(extent.seconds),
        }
        with processes.running(command, processes.cores()[1], env=given) as program:
            printed, _ = program.communicate(timeout=60 * extent.seconds + 60)
    if program.returncode:
        raise Failed(f"it ended with {program.returncode}")
    seen: dict[str, float] = json.loads(printed)
    if (seen["small_bytes"], seen["large_bytes"]) != (SMALL.size, LARGE.size):
        raise Failed(f"pictures of {seen['small_bytes']:.0f} and {seen['large_bytes']:.0f} bytes")
    return seen
