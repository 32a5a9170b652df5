"""imagewire beside LiteLLM and the bounds: each of its main figures, divided by theirs."""

from collections.abc import Iterator

from bench.cases import Figures
from bench.tables import table

OURS, NONE = "imagewire", "direct"
BASES = ("LiteLLM", "Go", "Envoy")
# A figure, whether it is told over direct, and on which surfaces.
_SMALL = ("gRPC unary", "gRPC stream", "REST unary", "REST stream")
_STREAMS = ("gRPC stream", "REST stream")
_FIGURES = (
    ("1 KB: CPU ms a request (less is better)", "cpu_ms", False, _SMALL, "{:.2f}"),
    ("1 KB, one caller: p50 over direct, ms (less is better)", "p50_ms", True, _SMALL, "{:.2f}"),
    ("8 MB: MB per CPU-second (more is better)", "mb_per_cpu", False, _STREAMS, "{:.0f}"),
    ("first byte, % of the body's time (less is better)", "first_percent", False, _STREAMS, "{:.2f}"),
    ("memory a stream, MB (less is better)", "stream_mb", False, _STREAMS, "{:.2f}"),
)


def ratio(figures: Figures, base: str, surface: str, name: str, *, added: bool = False) -> float | None:
    """Ours divided by that of a base: of the same surface, or else of the other API's of the same kind.

    added: both over direct. None where either was not measured, or is not above nothing.
    """
    ours = _value(figures, OURS, surface, name, added=added)
    theirs = _value(figures, base, surface, name, added=added)
    if theirs is None:
        theirs = _value(figures, base, _other(surface), name, added=added)
    return None if ours is None or theirs is None or ours <= 0 or theirs <= 0 else ours / theirs


def of_variant(figures: Figures, variant: str, surface: str, name: str) -> float | None:
    """What imagewire with another setting has, divided by what it has by default."""
    ours, theirs = figures.median(OURS, surface, name), figures.median(f"{OURS} {variant}", surface, name)
    return None if not ours or theirs is None else theirs / ours


def ratios(figures: Figures) -> str:
    """The table; "" where no base was measured."""
    rows = list(_rows(figures))
    if not rows:
        return ""
    return "## imagewire beside LiteLLM and the bounds\n\n" + table(("", OURS, *(f"× {base}" for base in BASES)), rows)


def _rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    for title, name, added, surfaces, form in _FIGURES:
        for surface in surfaces:
            ours = _value(figures, OURS, surface, name, added=added)
            seen = [ratio(figures, base, surface, name, added=added) for base in BASES]
            if ours is not None and any(seen):
                yield f"{surface}, {title}", form.format(ours), *map(_said, seen)


def _said(seen: float | None) -> str:
    return "–" if seen is None else f"{seen:.3g}"


def _value(figures: Figures, peer: str, surface: str, name: str, *, added: bool) -> float | None:
    seen = figures.median(peer, surface, name)
    if not added or seen is None:
        return seen
    direct = figures.median(NONE, surface.replace("gRPC", "REST"), name)
    return None if direct is None else seen - direct


def _other(surface: str) -> str:
    return surface.replace("gRPC", "REST") if surface.startswith("gRPC") else surface.replace("REST", "gRPC")
