"""What every kind of chart is drawn with: texts that are nothing but text, where the data stands, points and swatches."""

from __future__ import annotations

import html
from dataclasses import dataclass

from simulator.report.charts.specification import Series
from simulator.scenario.diagnostics import safe

WIDE, NARROW = 860, 380
LETTER = 6.8  # mean width of one at 12 px
LINE = 18


def escape(text: object) -> str:
    """Text that is nothing but text in HTML, SVG and their attributes."""
    return html.escape(safe(str(text)))


def width_of(text: str) -> float:
    return LETTER * len(text)


def cut(text: str, width: float) -> str:
    most = max(4, int(width / LETTER))
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class Box:
    """Where the data stands, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width


def swatch(s: Series | None, x: float, y: float) -> str:
    """What stands before a name in the legend; without a series that of a reference."""
    if s is None:
        return f'<line class="ref" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"/>'
    if s.mark in ("line", "step"):
        return f'<line class="line s-{s.color}" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"/>'
    if s.mark in ("dot", "tick"):
        return point(s, x + 8, y - 4)
    faint = f' opacity="{s.opacity}"' if s.mark == "band" else ""
    return f'<rect class="f-{s.color}"{faint} x="{x:.1f}" y="{y - 10:.1f}" width="16" height="11" rx="2"/>'


def point(s: Series, x: float, y: float) -> str:
    if s.mark == "tick":
        return f'<path class="line s-{s.color}" d="M{x:.1f} {y - 7:.1f}v14"/>'
    return f'<circle class="f-{s.color} edge" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


def label(x: float, y: float, text: str, anchor: str = "", kind: str = "t-muted") -> str:
    """A text of the chart; it is escaped here."""
    where = f' text-anchor="{anchor}"' if anchor else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}"{where}>{escape(text)}</text>'
