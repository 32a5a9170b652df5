"""What is measured: each case asks one running peer and notes figures. Sizes and times of `FULL` and `QUICK`."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.peers.base import Peer
from bench.pictures import Ask
from bench.session import Failed, Load, Session, session

SMALL = Ask(1000)
LARGE = Ask(8_000_000)
HUGE = Ask(20_000_000)
STREAMS = 64


@dataclass(frozen=True, slots=True)
class Extent:
    """How long. drip: milliseconds. limit: seconds after which the memory case is broken off."""

    rounds: int
    seconds: float
    warmup: int
    drip: int
    streams: int
    limit: float


FULL = Extent(rounds=3, seconds=2.0, warmup=20, drip=2000, streams=STREAMS, limit=40)
QUICK = Extent(rounds=3, seconds=0.5, warmup=5, drip=500, streams=8, limit=20)


@dataclass(slots=True)
class Figures:
    """Values of all rounds, by (peer, surface, figure); a figure of the whole peer has the surface ""."""

    values: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)

    def note(self, peer: Peer, surface: str, **figures: float) -> None:
        """Add one round's figures."""
        for name, value in figures.items():
            self.values[peer.name, surface, name].append(value)

    def median(self, peer: str, surface: str, name: str) -> float | None:
        """The median of the rounds; None where there is no value."""
        values = self.values.get((peer, surface, name))
        return median(values) if values else None


Case = Callable[[Session, str, Extent, Figures], None]


def small(running: Session, surface: str, extent: Extent, figures: Figures) -> None:
    """1 KB pictures, 16 callers."""
    load = Load(callers=16, seconds=extent.seconds, warmup=extent.warmup, shared=True)
    seen = running.run(surface, SMALL, load)
    figures.note(running.peer, surface, rate=seen.requests / seen.seconds)
    if seen.cpu:
        figures.note(running.peer, surface, per_cpu=seen.requests / seen.cpu, cpu_ms=1000 * seen.cpu / seen.requests)


def latency(running: Session, surface: str, extent: Extent, figures: Figures) -> None:
    """1 KB pictures, one caller."""
    seen = running.run(surface, SMALL, Load(callers=1, seconds=extent.seconds, warmup=5 * extent.warmup))
    figures.note(running.peer, surface, p50_ms=1000 * seen.p50, p99_ms=1000 * seen.p99)


def large(running: Session, surface: str, extent: Extent, figures: Figures) -> None:
    """8 MB pictures, 4 callers."""
    seen = running.run(surface, LARGE, Load(callers=4, seconds=extent.seconds, requests=4, warmup=1))
    megabytes = seen.requests * LARGE.size / 1e6
    figures.note(running.peer, surface, mb_s=megabytes / seen.seconds)
    if seen.cpu:
        figures.note(running.peer, surface, mb_per_cpu=megabytes / seen.cpu)


def drip(running: Session, surface: str, extent: Extent, figures: Figures) -> None:
    """An 8 MB picture that takes its time."""
    seen = running.run(surface, Ask(LARGE.size, drip=extent.drip), Load(callers=1))
    figures.note(running.peer, surface, first_percent=100 * 1000 * seen.first_p50 / extent.drip)


def memory(running: Session, surface: str, extent: Extent, figures: Figures) -> None:
    """20 MB pictures all at once, in a process that has done nothing else."""
    load = Load(callers=extent.streams, requests=extent.streams, limit=extent.limit)
    peak, seen = running.peak(surface, HUGE, load)
    figures.note(running.peer, surface, peak_mb=peak / 1e6, stream_mb=(peak - running.idle) / extent.streams / 1e6)
    if not seen.finished:
        asked = f"{extent.streams} × 20 MB"
        figures.notes.append(
            f"{running.peer.name}, {surface}: {asked} not done after {extent.limit:g} s; the peak is that until then"
        )


CASES: dict[str, Case] = {"small": small, "latency": latency, "large": large, "drip": drip, "memory": memory}
_STREAMS_ONLY = {"large", "drip", "memory"}


def measure(peer: Peer, cache: Path, wanted: set[str], extent: Extent, figures: Figures) -> None:
    """One round of one peer. What fails becomes a note, and the others go on."""
    wanted = wanted & peer.cases if peer.cases else wanted
    together = [name for name in CASES if name in wanted and name != "memory"]
    if together:
        _within(peer, cache, [(name, surface) for surface in peer.surfaces for name in together], extent, figures)
    if "memory" in wanted and peer.ready_path:
        for surface in peer.surfaces:
            _within(peer, cache, [("memory", surface)], extent, figures)


def _within(peer: Peer, cache: Path, asked: list[tuple[str, str]], extent: Extent, figures: Figures) -> None:
    chosen = [(name, surface) for name, surface in asked if "stream" in surface or name not in _STREAMS_ONLY]
    if not chosen:
        return
    try:
        with session(peer, cache) as running:
            if running.started:
                figures.note(peer, "", start_s=running.started, idle_mb=running.idle / 1e6)
            for name, surface in chosen:
                try:
                    CASES[name](running, surface, extent, figures)
                except Failed as error:
                    figures.notes.append(f"{peer.name}, {surface}, {name}: {error}")
    except Failed as error:
        figures.notes.append(f"{peer.name}: {error}")
