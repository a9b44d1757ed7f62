"""What a raise costs the owners: the company is valued before the money, and the money buys its share of the whole.

    pre = multiple(s) x R(m), or a given amount;   post = pre + size;   dilution d = size / post

Dilutions compound, 1 - Π (1 - d), over all rounds and offerings that say what the company is worth. One is a down round if its
pre is below the post of the latest one before it (at first: the opening's `valuation`, where it is given).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from simulator.components import by_regime
from simulator.components.base import DILUTION, REGIME, RUN_RATE, VALUATION, Builder, Phase, Problem, Surroundings
from simulator.components.by_regime import pick
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import NUMBER

Multiple = Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)]


def unclear_multiple(multiple: Any, around: Surroundings) -> Iterable[Problem]:
    if multiple is not None:
        yield from by_regime.unknown_regimes(("multiple",), multiple, around, "10")
        if "revenue" not in around.tables:
            yield Problem(("multiple",), "there is no [revenue] to value the company by", code="E015")


def share_register(b: Builder) -> None:
    """The slots of dilution and of the latest valuation; the first who raises makes them."""
    if b.told(DILUTION):
        return
    b.tell(DILUTION, b.name)
    b.state(DILUTION, 0.0)
    b.state(VALUATION, 0.0 if b.valuation is None else b.valuation)
    b.monthly(DILUTION, "dilution", "share")
    b.final(DILUTION, "dilution", "share of the opening owners that was given up")


def pre_money(b: Builder, multiple: Any) -> str:
    """A slot with multiple(s) x R of the month."""
    pre = b.flow(f"{b.name}.pre_money")
    numbers = tuple(x * b.year / 12.0 for x in by_regime.table(multiple, b.regimes))  # of R, which is per twelve steps
    b.step(Phase.FUNDING, worth, (REGIME, RUN_RATE, numbers), writes=(pre,))
    return pre


def worth(regime: float, run_rate: float, multiples: tuple[float, ...]) -> float:
    return pick(multiples, regime) * run_rate


def kept_share(size: float, pre: float) -> float:
    """What the owners before the raise keep: 1 - d."""
    return pre / (pre + size) if size > 0.0 else 1.0


def is_down(pre: float, latest_post: float) -> float:
    return 1.0 if pre < latest_post else 0.0


def issue(dilution: float, kept: float, alive: float) -> float:
    """The share given up so far, after owners keep the share `kept` of what they had."""
    return 1.0 - (1.0 - dilution) * kept if alive > 0.0 else dilution
