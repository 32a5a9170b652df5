"""What is wanted of one run, each line with what was seen, so that a miss cannot be overlooked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.cases import Figures
from bench.ratios import of_variant, ratio

_OURS, _THEIRS, _NONE = "imagewire", "LiteLLM", "direct"


@dataclass(frozen=True, slots=True)
class Verdict:
    """seen: in words. met: None where it was not measured."""

    wanted: str
    seen: str
    met: bool | None


def verdicts(figures: Figures) -> Iterator[Verdict]:
    """Every target."""
    look = _Look(figures)
    for surface, times in (("gRPC unary", 15), ("gRPC stream", 18), ("REST unary", 8), ("REST stream", 10)):
        seen = look.times(surface, "per_cpu")
        yield _at_least(f"1 KB, {surface}: ≥ {times}× LiteLLM's requests per CPU-second", seen, times, "×")
    for surface in ("gRPC stream", "REST stream"):
        seen = look.of(surface, "two_workers")
        yield _at_least(f"1 KB, {surface}: 2 workers on 2 cores ≥ 1.8× one", seen, 1.8, "×")
    for name, most in (("p50_ms", 0.8), ("p99_ms", 2.5)):
        seen = look.added("gRPC stream", name)
        yield _at_most(f"gRPC stream, one caller: {name[:3]} over direct ≤ {most} ms", seen, most, " ms")
    yield _large(look)
    yield _at_least("8 MB, REST stream: ≥ 4× LiteLLM's MB/s", look.times("REST stream", "mb_s"), 4, "×")
    share = look.of("gRPC stream", "first_percent")
    yield _at_most("drip, gRPC: first image byte ≤ 1 % of the body's time", share, 1, " %")
    for surface, most in (("gRPC stream", 3.0), ("REST stream", 5.0)):
        seen = look.of(surface, "stream_mb")
        yield _at_most(f"20 MB streams at once, {surface}: ≤ {most:g} MB each above idle", seen, most, " MB")
    yield _at_most("start to SERVING ≤ 0.6 s", look.of("", "start_s"), 0.6, " s")
    yield _at_most("idle memory ≤ 90 MB", look.of("", "idle_mb"), 90, " MB")
    yield from _bounds(figures)
    yield from _settings(figures)


def _bounds(figures: Figures) -> Iterator[Verdict]:
    for surface in ("gRPC unary", "gRPC stream", "REST unary", "REST stream"):
        seen = ratio(figures, "Go", surface, "cpu_ms")
        yield _at_most(f"1 KB, {surface}: ≤ 2.5× the CPU of Go by hand over gRPC", seen, 2.5, "×")
    seen = ratio(figures, "Go", "gRPC unary", "p50_ms", added=True)
    yield _at_most("gRPC unary, one caller: p50 over direct ≤ 2× that of Go by hand", seen, 2, "×")
    seen = ratio(figures, "Go", "gRPC stream", "mb_per_cpu")
    yield _at_least("8 MB, gRPC stream: ≥ 1.4× the MB per CPU-second of Go by hand", seen, 1.4, "×")
    seen = ratio(figures, "Envoy", "REST stream", "mb_per_cpu")
    yield _at_least("8 MB, REST stream: ≥ 0.5× the MB per CPU-second of Envoy", seen, 0.5, "×")


def _settings(figures: Figures) -> Iterator[Verdict]:
    """Each against imagewire by its defaults: it keeps answers, in plaintext, and sends no telemetry."""
    for surface, name, size in (("gRPC stream", "per_cpu", "1 KB"), ("gRPC stream", "mb_per_cpu", "8 MB")):
        without = of_variant(figures, "keep off", surface, name)
        seen = None if without is None else 100 * (1 - 1 / without)
        yield _at_most(f"{size}, {surface}: answers are kept for ≤ 15 % of what is done without", seen, 15, " %")
    seen = of_variant(figures, "TLS", "gRPC stream", "mb_per_cpu")
    yield _at_least("8 MB, gRPC stream: TLS ≥ 0.7× the MB per CPU-second of plaintext", seen, 0.7, "×")
    share = of_variant(figures, "telemetry", "gRPC stream", "per_cpu")
    seen = None if share is None else 100 * (1 - share)
    yield _at_most("1 KB, gRPC stream: telemetry costs ≤ 10 % of the requests per CPU-second", seen, 10, " %")


class _Look:
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def of(self, surface: str, name: str) -> float | None:
        return self._figures.median(_OURS, surface, name)

    def times(self, surface: str, name: str) -> float | None:
        """Ours over LiteLLM's; gRPC's against the same kind of its REST."""
        theirs = self._figures.median(_THEIRS, surface.replace("gRPC", "REST"), name)
        return _both(self.of(surface, name), theirs, lambda one, other: one / other)

    def added(self, surface: str, name: str) -> float | None:
        direct = self._figures.median(_NONE, surface.replace("gRPC", "REST"), name)
        return _both(self.of(surface, name), direct, lambda one, other: one - other)


def _both(one: float | None, other: float | None, combine: Callable[[float, float], float]) -> float | None:
    return None if one is None or not other else combine(one, other)


def _large(look: _Look) -> Verdict:
    wanted = "8 MB, gRPC stream: ≥ 1000 MB/s, or ≥ 6× LiteLLM's"
    speed, times = look.of("gRPC stream", "mb_s"), look.times("gRPC stream", "mb_s")
    if speed is None:
        return Verdict(wanted, "–", None)
    said = f"{speed:.0f} MB/s" + ("" if times is None else f", {times:.1f}×")
    met = True if speed >= 1000 else None if times is None else times >= 6
    return Verdict(wanted, said, met)


def _at_least(wanted: str, seen: float | None, least: float, unit: str) -> Verdict:
    return Verdict(wanted, _said(seen, unit), None if seen is None else seen >= least)


def _at_most(wanted: str, seen: float | None, most: float, unit: str) -> Verdict:
    return Verdict(wanted, _said(seen, unit), None if seen is None else seen <= most)


def _said(seen: float | None, unit: str) -> str:
    return "–" if seen is None else f"{seen:.3g}{unit}"
