"""The tables of a run: every figure, its ratio to LiteLLM's, and where a peer is ahead of imagewire."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.cases import Extent, Figures

_BASE, _OURS = "LiteLLM", "imagewire"


@dataclass(frozen=True, slots=True)
class Run:
    """What was run, where. versions: by peer. foreign: the share of the machine's time that others took, in percent."""

    machine: str
    versions: Mapping[str, str]
    surfaces: Mapping[str, tuple[str, ...]]
    extent: Extent
    foreign: float


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    name: str
    form: str
    higher: bool = True


_TABLES: tuple[tuple[str, str, tuple[_Column, ...]], ...] = (
    (
        "1 KB pictures, 16 callers",
        "",
        (
            _Column("requests per CPU-second", "per_cpu", "{:.0f}"),
            _Column("CPU ms a request", "cpu_ms", "{:.2f}", higher=False),
            _Column("requests/s", "rate", "{:.0f}"),
        ),
    ),
    (
        "1 KB pictures, one caller: latency over direct",
        "added",
        (
            _Column("p50, ms", "p50_ms", "{:.2f}", higher=False),
            _Column("p99, ms", "p99_ms", "{:.2f}", higher=False),
        ),
    ),
    (
        "Large pictures, streamed",
        "",
        (
            _Column("8 MB: MB/s", "mb_s", "{:.0f}"),
            _Column("MB per CPU-second", "mb_per_cpu", "{:.0f}"),
            _Column("first byte, % of the body's time", "first_percent", "{:.2f}", higher=False),
            _Column("memory a stream, MB", "stream_mb", "{:.2f}", higher=False),
            _Column("peak, MB", "peak_mb", "{:.0f}", higher=False),
        ),
    ),
    (
        "Clients in several languages",
        "",
        (
            _Column("1 KB: CPU ms a call", "call_ms", "{:.2f}", higher=False),
            _Column("8 MB, streamed: MB per CPU-second", "client_mb_per_cpu", "{:.0f}"),
        ),
    ),
    (
        "At rest",
        "",
        (
            _Column("start, s", "start_s", "{:.2f}", higher=False),
            _Column("idle, MB", "idle_mb", "{:.0f}", higher=False),
        ),
    ),
)


def tables(run: Run, figures: Figures) -> str:
    """The tables alone. A ratio over 1 in brackets is better than LiteLLM by that much, whatever the figure."""
    written = []
    for title, kind, columns in _TABLES:
        rows = []
        for peer, surfaces in run.surfaces.items():
            for surface in ("",) if title == "At rest" else surfaces:
                cells = [_cell(figures, peer, surface, column, kind) for column in columns]
                if any(cell != "–" for cell in cells):
                    rows.append((f"{peer} {surface}".strip(), *cells))
        if rows:
            written.append(f"## {title}\n\n" + table(("", *(column.title for column in columns)), rows))
    said = (
        f"In brackets: how many times better than {_BASE}, gRPC against its REST.\n\n" if _BASE in run.surfaces else ""
    )
    return said + "\n".join(written)


def losses(run: Run, figures: Figures) -> Iterator[str]:
    """Each figure in which a peer is ahead, on the same surface."""
    for title, kind, columns in _TABLES:
        for peer in (name for name in run.surfaces if name not in {_OURS, "direct"}):
            for surface in ("",) if title == "At rest" else run.surfaces[peer]:
                for column in columns:
                    ours = _value(figures, _OURS, surface, column, kind)
                    theirs = _value(figures, peer, surface, column, kind)
                    if ours is not None and theirs is not None and (theirs > ours) == column.higher and theirs != ours:
                        written = f"{column.form.format(theirs)} against {column.form.format(ours)}"
                        yield f"{peer}, {surface or 'at rest'}, {column.title}: {written}"


def _cell(figures: Figures, peer: str, surface: str, column: _Column, kind: str) -> str:
    seen = _value(figures, peer, surface, column, kind)
    base = _value(figures, _BASE, surface.replace("gRPC", "REST"), column, kind)
    if seen is None:
        return "–"
    written = column.form.format(seen) + (" in all" if kind == "added" and peer == "direct" else "")
    if base is None or peer in {_BASE, "direct"} or seen <= 0 or base <= 0:
        return written
    ratio = seen / base if column.higher else base / seen
    return f"{written} ({ratio:.0f}×)" if ratio >= 100 else f"{written} ({ratio:.3g}×)"


def _value(figures: Figures, peer: str, surface: str, column: _Column, kind: str) -> float | None:
    seen = figures.median(peer, surface, column.name)
    if kind != "added" or peer == "direct":
        return seen
    direct = figures.median("direct", surface.replace("gRPC", "REST"), column.name)
    return None if seen is None or direct is None else seen - direct


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
