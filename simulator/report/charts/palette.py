"""Colours that people with any kind of colour vision can tell apart, on paper and on a dark screen.

After Okabe & Ito (2008), "Color Universal Design": order, lightness and hue all differ between neighbours. The dark set keeps the
hues and lifts the lightness.
"""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff", "ink": "#1b1f24", "muted": "#59636e", "rule": "#d9dee3",
    "0": "#0b62a4", "1": "#d1571b", "2": "#12876a", "3": "#b8578f", "4": "#c98a00",
    "5": "#53a9dc", "6": "#6a4c9c", "7": "#8a939c", "good": "#12876a", "bad": "#b3341f",
}  # fmt: skip
DARK = {
    "paper": "#14181d", "ink": "#e8ebee", "muted": "#a3adb8", "rule": "#333b44",
    "0": "#5aa9e6", "1": "#f08a4b", "2": "#3fc09a", "3": "#e08bbd", "4": "#e9b949",
    "5": "#9bd3f5", "6": "#ab8fe0", "7": "#87919c", "good": "#3fc09a", "bad": "#f27a63",
}  # fmt: skip
SIZE = 8  # of the palette

RULES = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,"DejaVu Sans",sans-serif;
font-size:12px;fill:{ink}}
.t-muted{fill:{muted}}.t-head{font-size:16px;font-weight:600}
.axis{stroke:{muted};stroke-width:1}.grid{stroke:{rule};stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.ref{stroke:{bad};stroke-width:1.25;stroke-dasharray:5 4}.whisker{stroke-width:1.5;fill:none}
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
