"""Draws what the dashboard shows as one SVG: for each chosen panel its series over time. No library is needed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tests.mesh.dashboard import shown

Series = Mapping[str, Sequence[tuple[float, float]]]

_WIDTH, _HEIGHT, _COLUMNS = 480, 270, 2
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 34, 12, 62
_COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


@dataclass(frozen=True)
class Chart:
    """A panel. unit: Grafana's name of it. series: pairs of a time, in Unix seconds, and a value, by name."""

    title: str
    unit: str
    series: Series


def svg(charts: Sequence[Chart]) -> str:
    """The picture: two charts beside each other."""
    rows = -(-len(charts) // _COLUMNS)
    width, height = _COLUMNS * _WIDTH, rows * _HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        '<g font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, chart in enumerate(charts):
        row, column = divmod(number, _COLUMNS)
        lines += [f'<g transform="translate({column * _WIDTH} {row * _HEIGHT})">', *_chart(chart), "</g>"]
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _step(least: float) -> float:
    """The next round number."""
    power = 10.0 ** math.floor(math.log10(least or 1.0))
    return next(power * digit for digit in (1.0, 1.5, 2.0, 2.5, 5.0, 10.0) if power * digit >= least)


def _chart(chart: Chart) -> Iterator[str]:
    points = [point for found in chart.series.values() for point in found]
    begin, end = min(at for at, _ in points), max(at for at, _ in points)
    top = 4 * _step(max(value for _, value in points) / 4)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def place(at: float, value: float) -> str:
        x = _LEFT + (right - _LEFT) * (at - begin) / (end - begin)
        return f"{x:.1f},{bottom - (bottom - _TOP) * value / top:.1f}"

    yield f'<text x="{_LEFT}" y="20" font-size="13" font-weight="bold">{escape(chart.title)}</text>'
    for part in range(5):
        y = bottom - (bottom - _TOP) * part / 4
        yield f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#ddd"/>'
        value = escape(shown(top * part / 4, chart.unit))
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    for minutes in range(int((end - begin) // 60) + 1):
        x = place(begin + minutes * 60, 0).partition(",")[0]
        yield f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{minutes} min</text>'
    for number, (name, found) in enumerate(chart.series.items()):
        color = _COLORS[number % len(_COLORS)]
        line = " ".join(place(at, value) for at, value in found)
        yield f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        x, y = _LEFT + (number % 3) * 140, bottom + 34 + (number // 3) * 14
        yield f'<text x="{x}" y="{y}" fill="{color}">{escape(name)}</text>'
