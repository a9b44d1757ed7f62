"""Geometric stays of a two-state chain; the first stay includes the opening quarter."""

from __future__ import annotations

import math
from typing import Any

from derivations.document import number, probability

STAYS, FALLS = 0.754673, 0.095915


def stay(leave: float) -> tuple[float, float]:
    """(mean, sd) of a geometric stay."""
    return 1.0 / leave, math.sqrt(1.0 - leave) / leave


def document() -> dict[str, Any]:
    bad, good = stay(1.0 - STAYS), stay(FALLS)
    share = FALLS / (1.0 - STAYS + FALLS)
    at = share + (1.0 - share) * (STAYS - FALLS) ** 300
    boom = ["market.initial=expansion"]
    return {
        "title": "Regime durations of Hamilton's business cycle",
        "source": "parameters: Hamilton (1989), Econometrica 57, as replicated in statsmodels; "
        "durations 1/(1 - p) of a geometric stay (tests/derivations/pub_hamilton_durations.py)",
        "timing": "a month of the file is a quarter; a stay that begins at the opening ends with the first quarter of the other",
        "checks": [
            number("duration_recession_quarters", "mean(first('market.state', '==', 1))", *bad),
            number("duration_expansion_quarters", "mean(first('market.state', '==', 0))", *good, settings=boom),
            probability("recession_in_the_long_run", "share(slot('market.state', 300) == 0)", at),
        ],
        "references": [{"name": "stationary_recession", "value": share, "why": "the limit of the third check"}],
    }
