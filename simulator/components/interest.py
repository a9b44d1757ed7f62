"""What borrowed money costs: a fixed rate, or a spread over the reference rate of [rates].

    rate of month m = max(0, margin + f max(fixing(m), floor)),   f = 1 floating, 0 fixed

The fixing of month m is the reference rate at the end of month m-1, a twelfth of it a month. Nobody is paid for borrowing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from simulator.components.base import FIXING, Problem, Surroundings


def unclear(debt: Any, around: Surroundings) -> Iterable[Problem]:
    """Complaints about the keys `rate`, `spread` and `reference_floor` of a loan or line."""
    yield from unclear_price(debt, around)
    if debt.reference_floor is not None and debt.spread is None:
        yield Problem(("reference_floor",), "a fixed rate has no reference rate", 'write spread = "4 %/yr nominal"')


def unclear_price(debt: Any, around: Surroundings) -> Iterable[Problem]:
    if debt.spread is not None and "rate" in debt.model_fields_set and debt.rate is not None:
        yield Problem(("spread",), "the interest is fixed (`rate`) or floats (`spread`), not both", also=("rate",))
    if debt.spread is not None and "rates" not in around.tables:
        hint = '[rates] type = "vasicek", or type = "path" with a path of your own'
        yield Problem(("spread",), "there is no [rates] whose reference rate this is added to", hint, "E015")


def margin(debt: Any) -> Any:
    return debt.rate if debt.spread is None else debt.spread


def floating(debt: Any) -> float:
    return 0.0 if debt.spread is None else 1.0


def fixing(debt: Any, ever: bool) -> tuple[Any, Any]:
    """Arguments of `monthly_rate`: (slot of the fixing or 0, floor). `ever`: whether the debt can float at any time."""
    return (FIXING if ever else 0.0), (-math.inf if debt.reference_floor is None else debt.reference_floor)


def words(debt: Any, say: Any) -> str:
    if debt.spread is None:
        return str(say(debt.rate, "%/mo"))
    least = "" if debt.reference_floor is None else f" (counted as at least {say(debt.reference_floor, '%/mo')})"
    return f"{say(debt.spread, '%/mo')} over the reference rate{least}"


def monthly_rate(margin: float, floats: float, fixing: float, floor: float) -> float:
    return max(0.0, margin + floats * max(fixing, floor)) if floats > 0.0 else margin
