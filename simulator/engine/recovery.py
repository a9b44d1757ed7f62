"""What creditors lose: at a default each is owed its exposure, and recovers a share of what no security covers.

    loss = max(0, exposure at default - deposit - guarantee) x (1 - recovery)

Recovery is drawn once a path with one uniform for all claims, so that a senior claim never recovers less than a junior one of
the same law. All creditors of a path in default have a claim, not only the one that was missed. Expected loss by month: the
mean over all paths of the losses of paths in default by then, undiscounted.
"""

from __future__ import annotations

from typing import Any

from simulator.components.base import Phase
from simulator.engine.build import Claim, ProgramBuilder

SECURED_RANK = 2


def settle_claims(b: ProgramBuilder, defaults: str, secured: Any, unsecured: Any) -> None:
    """A loss for every claim that has an exposure at default; nothing without a law of recovery for it."""
    for claim in b.claims:
        exposure = f"{claim.name}.exposure_at_default"
        recovery = _law(b, claim, secured, unsecured)
        if exposure not in b.rows or recovery is None:
            continue
        deposit, guarantee = b.securities.get(claim.name, (0.0, 0.0))
        loss = b.state(f"{claim.name}.loss", 0.0)
        args = (exposure, deposit, guarantee, recovery)
        b.step(Phase.MEASURE + 1, lose, args, writes=(loss,), where=defaults)
        b.final(loss, f"{claim.name.split('.', 1)[-1]}.loss", "$")


def _law(b: ProgramBuilder, claim: Claim, secured: Any, unsecured: Any) -> Any:
    own = b.recoveries.get(claim.name)
    if own is not None:
        return own
    return secured if claim.kind == "debt" and claim.rank <= SECURED_RANK else unsecured


def lose(exposure: float, deposit: float, guarantee: float, recovery: float) -> float:
    return max(0.0, exposure - deposit - guarantee) * (1.0 - recovery)
