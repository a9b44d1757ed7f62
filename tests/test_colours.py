"""The colours of charts: told apart by people with any kind of colour vision, and standing out from the paper.

Colour vision deficiencies at full severity as Machado, Oliveira & Fernandes (2009), "A Physiologically-based Model for
Simulation of Color Vision Deficiency", have them; distances are CIEDE2000 (Sharma, Wu & Dalal 2005), contrast is WCAG 2.2's.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest

from simulator.report.charts import grid, palette

Array = npt.NDArray[np.float64]
SEEN = {  # in linear RGB
    "full": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
THEMES = {"light": palette.LIGHT, "dark": palette.DARK}
SERIES = [str(k) for k in range(palette.SIZE)]


def linear(color: str) -> Array:
    c = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: Array) -> Array:
    x = XYZ @ np.clip(rgb, 0.0, 1.0) / WHITE
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: Array, other: Array) -> float:
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    big = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else (h1 + dh / 2) % 360
    t = (
        1 - 0.17 * np.cos(np.radians(hm - 30)) + 0.24 * np.cos(np.radians(2 * hm))
        + 0.32 * np.cos(np.radians(3 * hm + 6)) - 0.20 * np.cos(np.radians(4 * hm - 63))
    )  # fmt: skip
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rt = -2 * np.sqrt(cm**7 / (cm**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hm - 275) / 25) ** 2))))
    dl, dc = (l2 - l1) / sl, (c2 - c1) / sc
    return float(np.sqrt(dl**2 + dc**2 + (big / sh) ** 2 + rt * dc * big / sh))


def apart(a: str, b: str) -> float:
    """As the least able of the four eyes sees it."""
    return min(ciede2000(lab(m @ linear(a)), lab(m @ linear(b))) for m in SEEN.values())


def contrast(a: Array, b: Array) -> float:
    low, high = sorted(float(XYZ[1] @ c) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_the_distance_is_that_of_the_published_pairs() -> None:
    """Sharma, Wu & Dalal (2005), Table 1: pairs 1, 7, 13, 17, 25."""
    for one, other, expected in (
        ([50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425),
        ([50, 0, 0], [50, -1, 2], 2.3669),
        ([50, -0.001, 2.49], [50, 0.0011, -2.49], 4.7461),
        ([50, 2.5, 0], [73, 25, -18], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
    ):
        assert ciede2000(np.array(one, float), np.array(other, float)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("theme", THEMES)
def test_series_are_told_apart_by_every_kind_of_eye(theme: str) -> None:
    color = THEMES[theme]
    for a, b in combinations(SERIES, 2):
        assert apart(color[a], color[b]) >= 10.0, (a, b)
    stacked = [
        *pairwise(SERIES),
        *((str(k), "7") for k in range(6)),
    ]  # in a stack what is left over lies on the last one
    for a, b in pairwise(SERIES):
        assert apart(color[a], color[b]) >= 13.0, (a, b)
    assert min(apart(color[a], color[b]) for a, b in stacked) >= 10.0
    for a in SERIES:
        assert apart(color[a], color["ink"]) >= 10.0, a
    assert apart(color["good"], color["bad"]) >= 13.0
    for a in ("0", "4"):  # lines beside which the failing path and the worst percentile are drawn
        assert apart(color[a], color["bad"]) >= 13.0, a


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_texts_stand_out_from_the_paper(theme: str) -> None:
    color = THEMES[theme]
    paper = linear(color["paper"])
    for name in (*SERIES, "good", "bad", "ink", "muted"):
        assert contrast(linear(color[name]), paper) >= 3.0, name
    for name in ("ink", "muted", "0"):  # 0: links
        assert contrast(linear(color[name]), paper) >= 4.5, name


@pytest.mark.parametrize("theme", THEMES)
def test_a_value_is_read_on_every_shade_of_its_cell(theme: str) -> None:
    color = THEMES[theme]
    over, under = (np.array([int(color[n][k : k + 2], 16) for k in (1, 3, 5)]) for n in ("0", "paper"))
    for share in np.linspace(grid.LIGHTEST, grid.DARKEST, 9):
        mixed = "#" + "".join(f"{round(c):02x}" for c in share * over + (1 - share) * under)
        assert contrast(linear(color["ink"]), linear(mixed)) >= 4.5, share
