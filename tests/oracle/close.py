"""The close: payments by rank, arrears, clocks, covenants, the ending (C5 … C12)."""

from __future__ import annotations

from oracle import exposures
from oracle.flows import net_burnable
from oracle.path import TOLERANCE, Claim, Contract, Line, Path, yearly_revenue


def undrawn(line: Line) -> float:
    return max(0.0, line.terms.limit - line.drawn) if line.may_draw else 0.0


def liquidity(p: Path) -> float:
    """C9: cash and what may still be drawn in this month."""
    return p.cash + sum(undrawn(line) for line in p.lines)


def close(p: Path) -> None:
    if not p.running:
        for slot in balances(p):  # C12: they stay as they were
            p.months[slot][p.m] = p.months[slot][p.m - 1]
        return
    p.burns.append(net_burnable(p))  # exit fees of this month's notices included
    receipts = sum(b.amount for b in p.bookings if b.claim is None)
    available = p.cash + receipts  # A of C5
    paid = pay_claims(p, available + sum(undrawn(line) for line in p.lines))
    draw, repaid = move_lines(p, available, paid)
    p.cash = available + draw - paid - repaid
    p.note("cash", p.cash)
    p.note("liquidity", liquidity(p))
    for x, value in (("receipts", receipts), ("paid", paid), ("draw", draw), ("repaid", repaid)):
        p.note(f"ledger.{x}", value)
    for line in p.lines:
        p.note(f"{line.name}.drawn", line.drawn)
    for claim in p.claims.values():
        p.note(f"{claim.name}.paid", claim.paid)
        p.note(f"{claim.name}.arrears", claim.arrears)
    run_clocks(p)
    if not p.end_month:
        end(p)


def balances(p: Path) -> list[str]:
    return [
        "cash",
        "liquidity",
        *(["treasury.restricted_cash"] if "treasury.restricted_cash" in p.months else []),
        *(["funding.dilution"] if "funding.dilution" in p.months else []),
        *(f"{line.name}.drawn" for line in p.lines),
        *(f"{loan.name}.balance" for loan in p.loans),
        *(f"{name}.arrears" for name in p.claims),
    ]


def pay_claims(p: Path, money: float) -> float:
    """C5, C6: by rank, inside a rank pro rata to dues; what is not paid is arrears. Returns what was paid in all."""
    owed = {}
    for claim in p.claims.values():
        current = sum(b.amount for b in p.bookings if b.claim == claim.name)
        owed[claim.name] = claim.arrears + claim.arrears * claim.late_interest + current
    p.total_dues = sum(owed.values())  # C8
    left = max(0.0, money)
    for rank in sorted({claim.rank for claim in p.claims.values()}):
        members = [claim for claim in p.claims.values() if claim.rank == rank]
        asked = sum(owed[claim.name] for claim in members)
        for claim in members:
            if asked <= left:
                claim.paid = owed[claim.name]
            else:
                claim.paid = owed[claim.name] * left / asked
            claim.arrears = owed[claim.name] - claim.paid
        left -= min(asked, left)
    return sum(claim.paid for claim in p.claims.values())


def move_lines(p: Path, available: float, paid: float) -> tuple[float, float]:
    """C5: draw what cash did not cover, or repay out of what is left; lines in file order."""
    wanted = min(sum(undrawn(line) for line in p.lines), max(0.0, paid - available))
    spare = min(sum(line.drawn for line in p.lines), max(0.0, available - paid - p.treasury.target_cash))
    drawn = repaid = 0.0
    for line in p.lines:
        draw, repay = min(undrawn(line), wanted), min(line.drawn, spare)  # one of the two is 0
        line.drawn += draw - repay
        wanted -= draw
        spare -= repay
        drawn += draw
        repaid += repay
    return drawn, repaid


def run_clocks(p: Path) -> None:
    """C7 … C9; covenants count breaches in the same way, each with its own cure."""
    for claim in p.claims.values():
        claim.unpaid_for = claim.unpaid_for + 1 if claim.arrears > TOLERANCE * p.total_dues else 0
    short = p.floor is not None and is_below(p, p.months["liquidity"][p.m], p.floor)
    limit = p.default.debt_to_revenue
    debt = sum(line.drawn for line in p.lines) + sum(loan.balance for loan in p.loans)
    heavy = limit is not None and debt > limit * yearly_revenue(p) * (1.0 + TOLERANCE)  # C42
    if limit is not None:
        p.note("ledger.debt", debt)
    for name, breached in (("liquidity", short), ("debt to revenue", heavy)):
        p.breaches[name] = p.breaches[name] + 1 if breached else 0
    p.in_breach = short or heavy
    if short and not p.first_breach_month:
        p.first_breach_month = p.m


def is_below(p: Path, amount: float, floor: float) -> bool:
    return amount < floor - TOLERANCE * (abs(floor) + p.total_dues)  # C8


def end(p: Path) -> None:
    """C10: a failed refinancing; else claims past cure by rank, inside a rank the largest arrears, then file order; then
    covenants. A supplier that accepts defers only if nothing else ends the path (C43)."""
    unpaid = [p.claims[name] for name in p.claims if name in p.failed_now and p.claims[name].unpaid_for]
    ripe = [claim for claim in p.claims.values() if claim.unpaid_for > claim.cure]
    offered = [c for c in p.contracts if p.claims[c.name] in ripe and accepts(p, c)]
    ripe = [claim for claim in ripe if claim.name not in [c.name for c in offered]]
    broken = [
        name
        for name, cure in (("liquidity", p.floor_cure), ("debt to revenue", p.debt_cure))
        if p.breaches[name] > cure
    ]
    if unpaid:
        debt = worst(unpaid).name.removesuffix(".repayment").split(".", 1)[1]
        p.cause = f"failed refinancing of {debt} at maturity"
    elif ripe:
        claim = worst(ripe)
        named = f"payment default on {claim.name.split('.', 1)[-1]} ({claim.kind})"
        p.cause = "operating shortfall" if claim.kind == "operating" else named
    elif broken:
        p.cause = f"covenant {broken[0]} past cure"
    else:
        for c in offered:
            defer(p, c)
        return
    p.end_month = p.m
    settle_claims(p)


def worst(claims: list[Claim]) -> Claim:
    return min(claims, key=lambda claim: (claim.rank, -claim.arrears))  # the first of equals: file order


def settle_claims(p: Path) -> None:
    """C44: every creditor is owed its claim, and loses what neither security nor recovery covers."""
    for line in p.lines:
        p.exposure[line.name] = line.drawn
    for loan in p.loans:
        p.exposure[loan.name] = loan.balance
    for c in p.contracts:
        p.exposure[c.name] = exposures.at_default(c, p)
    for name, claim in p.claims.items():
        if name == "operating":
            continue
        p.exposure[name] = p.exposure.get(name, 0.0) + claim.arrears
        recovered = share_recovered(p, claim)
        if recovered is not None:
            p.loss[name] = max(0.0, p.exposure[name] - covered(p, name)) * (1.0 - recovered)


def share_recovered(p: Path, claim: Claim) -> float | None:
    own = getattr(p.parts.get(claim.name), "recovery", None)
    if own is not None or p.recovery is None:
        return own  # type: ignore[no-any-return]
    return float(p.recovery.secured if claim.kind == "debt" and claim.rank <= 2 else p.recovery.unsecured)


def covered(p: Path, name: str) -> float:
    for c in p.contracts:
        security = c.clause("security")
        if c.name == name and security is not None:
            return float(c.deposit + security.guarantee)
    return 0.0


def accepts(p: Path, c: Contract) -> bool:
    """C43: once a contract."""
    part = c.clause("renegotiation")
    if part is None or c.amended_in:
        return False
    if part.probability == 1.0:
        return True
    return part.probability > 0.0 and p.draws.once(f"{c.name}.renegotiation.accepted") < part.probability


def defer(p: Path, c: Contract) -> None:
    claim = p.claims[c.name]
    c.deferred, c.instalments_left, c.amended_in = claim.arrears, c.clause("renegotiation").instalments, p.m
    claim.arrears, claim.unpaid_for = 0.0, 0
    p.note(f"{claim.name}.arrears", 0.0)
