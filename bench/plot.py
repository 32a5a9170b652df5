"""Bars as SVG, written by hand: one panel a figure, readable on light and on dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _ROW, _HEAD, _GAP = 760, 22, 30, 14
_LEFT, _RIGHT = 190, 90
_OURS, _OTHERS, _TEXT = "#2f81f7", "#8b949e", "#7d8590"


@dataclass(frozen=True, slots=True)
class Panel:
    """title: what is shown and which way is better. rows: label, value and what to write beside the bar."""

    title: str
    rows: Sequence[tuple[str, float, str]]


def svg(panels: Sequence[Panel]) -> str:
    """The panels, one below the other."""
    drawn: list[str] = []
    top = 0
    for panel in panels:
        drawn.append(_text(0, top + 18, panel.title, weight="600"))
        most = max((value for _, value, _ in panel.rows), default=0) or 1
        for i, (label, value, words) in enumerate(panel.rows):
            y = top + _HEAD + i * _ROW
            length = max(1.0, (_WIDTH - _LEFT - _RIGHT) * value / most)
            colour = _OURS if label.startswith("imagewire") else _OTHERS
            drawn.append(_text(_LEFT - 8, y + 13, label, anchor="end"))
            drawn.append(f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_ROW - 6}" rx="2" fill="{colour}"/>')
            drawn.append(_text(_LEFT + length + 6, y + 13, words))
        top += _HEAD + len(panel.rows) * _ROW + _GAP
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="13">'
    return "\n".join([head, *drawn, "</svg>\n"])


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{_TEXT}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'
    )
