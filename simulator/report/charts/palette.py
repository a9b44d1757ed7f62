"""Colours that people with any kind of colour vision can tell apart, on paper and on a dark screen.

The hues are those of Okabe & Ito (2008), "Color Universal Design". From there both sets were moved, as little as it took,
until any two of the eight differ by ten CIEDE2000 and neighbours in a stack by thirteen, seen with full and with any one
kind of cone missing (Machado, Oliveira & Fernandes 2009), and each stands out from the paper by 3:1 (WCAG 2.2, 1.4.11).
tests/test_colours.py measures it.
"""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff", "ink": "#1b1f24", "muted": "#59636e", "rule": "#d9dee3",
    "0": "#1369ca", "1": "#c24709", "2": "#0d855d", "3": "#b64f8e", "4": "#bd891d",
    "5": "#2e9ccc", "6": "#623c87", "7": "#5e5f5f", "good": "#0d855d", "bad": "#a8311c",
}  # fmt: skip
DARK = {
    "paper": "#14181d", "ink": "#e8ebee", "muted": "#a3adb8", "rule": "#333b44",
    "0": "#3e89c6", "1": "#f0701f", "2": "#6ad1a8", "3": "#d78fb6", "4": "#f9cf6f",
    "5": "#b5dbfb", "6": "#b39cf9", "7": "#7f817f", "good": "#6ad1a8", "bad": "#e68570",
}  # fmt: skip
SIZE = 8  # of the palette

RULES = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,"DejaVu Sans",sans-serif;
font-size:12px;fill:{ink}}
.t-muted{fill:{muted}}.t-over{paint-order:stroke;stroke:{paper};stroke-width:3.5;stroke-linejoin:round}.t-head{font-size:16px;font-weight:600}
.axis{stroke:{muted};stroke-width:1}.grid{stroke:{rule};stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.ref{stroke:{bad};stroke-width:1.25;stroke-dasharray:5 4}.whisker{stroke-width:1.5;fill:none}
.brim{fill:none;stroke-width:1}.ground{fill:none;pointer-events:all}
.contour{fill:none;stroke:{bad};stroke-width:2.5;stroke-linecap:round}.seam{fill:none;stroke:{paper};stroke-width:5.5;stroke-linecap:round}
.cell{fill:none;stroke:{ink};stroke-width:2;visibility:hidden}
.edge{stroke:{paper};stroke-width:.75}.cursor{stroke:{ink};stroke-width:1;opacity:.55;visibility:hidden}
"""


def names() -> list[str]:
    return ["ink", "muted", "good", "bad", *(str(k) for k in range(SIZE))]


def style(color: dict[str, str]) -> str:
    """The rules of a picture that stands alone."""
    text = RULES
    for name, value in color.items():
        text = text.replace("{" + name + "}", value)
    for name in names():
        text += f".f-{name}{{fill:{color[name]}}}.s-{name}{{stroke:{color[name]}}}"
    return text.replace("\n", "")


def variables() -> str:
    """The rules of a picture on the page, whose colours follow the theme."""
    return style({name: f"var(--c-{name})" for name in LIGHT})


def declared(color: dict[str, str]) -> str:
    return "".join(f"--c-{name}:{value};" for name, value in color.items())
