"""The state at the opening, month 0."""

from __future__ import annotations

import math
from typing import Any

from oracle import exposures
from oracle.close import liquidity
from oracle.drivers import planned_run_rate
from oracle.path import Claim, Contract, Draws, Line, Loan, Path, plain
from simulator.components.base import cure_months
from simulator.scenario.model import Scenario

KNOWN = {
    "revenue": {"mean_reverting_growth", "geometric_brownian", "logistic", "bootstrap", "plan", "regime_switching"},
    "price": {"forward_curve", "ornstein_uhlenbeck", "two_factor"},
    "rates": {"vasicek", "path"},
    "operations": {"billing"},
    "compute": {"compute"},
    "market": {"regimes"},
    "policies": {"cut_expense", "freeze_expense"},
    "contracts": {"contract"},
    "flows": {"recurring", "one_off", "random", "schedule", "arrivals"},
    "financing": {"revolver", "term_debt", "priced_round", "tranche", "offering"},
}
CLAUSES = {
    "revenue": {"customer_loss", "merton_jumps", "kou_jumps", "market_growth"},
    "price": {"merton_jumps", "kou_jumps", "scarcity", "generations", "launches"},
    "operations": {"cost_share"},
    "contracts": {"exit", "resale", "renewal", "renegotiation", "failure", "reletting", "delivery", "prepayment"}
    | {"security", "indexation", "reopener", "service_credit", "take_or_pay"},
}


def begin(scenario: Scenario, draws: Draws) -> Path:
    parts: dict[str, Any] = {}
    for entry in scenario.entries:
        family = entry.name.split(".")[0]
        if entry.component.tag not in KNOWN.get(family, ()) or not set(entry.attached) <= CLAUSES.get(family, set()):
            raise NotImplementedError(f"{entry.name}: {entry.component.tag} with {sorted(entry.attached)}")
        part = plain(entry.name, entry.component, draws)
        part.clauses = {tag: plain(f"{entry.name}.{tag}", clause, draws) for tag, clause in entry.attached.items()}
        parts[entry.name] = part
    opening = plain("opening", scenario.opening, draws)
    treasury = plain("treasury", scenario.treasury, draws)
    default = plain("default", scenario.default, draws)

    def months(cure: Any) -> float:
        return float(cure_months(default.cure if cure is None else cure))  # C3

    p = Path(
        draws=draws,
        start=scenario.calendar.start,
        M=scenario.calendar.months,
        year={"month": 12, "quarter": 4}[scenario.calendar.step],
        parts=parts,
        opening=opening,
        treasury=treasury,
        default=default,
        recovery=None if scenario.recovery is None else plain("recovery", scenario.recovery, draws),
        floor=default.floor,
        floor_cure=months(default.floor_cure),
        debt_cure=months(default.debt_cure),
        cash_rate=treasury.interest,
        stop_at_default=default.stop_at_default,
        cash=opening.cash,
        shadow=opening.cash,  # C14: S_0
        tax_losses=treasury.tax_losses,
        restricted=opening.restricted_cash,
        valuation=opening.valuation or 0.0,
    )
    open_market(p)
    missed = opening.arrears_months if may_be_owed(scenario.opening.arrears) else 0
    p.claims["operating"] = Claim(
        "operating", "operating", 1, months(None), default.late_interest, opening.arrears, missed
    )
    for entry in scenario.entries:  # in file order
        open_claims(p, entry, months)
    note_opening(p)
    return p


def may_be_owed(arrears: Any) -> bool:
    """Arrears that are written as nought have no clock."""
    return not (isinstance(arrears, int | float) and arrears == 0.0)


def open_market(p: Path) -> None:
    for _, part in p.of("market"):
        p.regime = part.initial or part.regimes[0]  # C21
    for _, part in p.of("revenue"):
        p.run_rate = planned_run_rate(p, part, 0) if part.tag == "plan" else part.run_rate
        p.growth = part.growth if part.tag == "mean_reverting_growth" else 0.0
        if part.tag == "regime_switching":
            p.revenue_regime = part.initial or part.regimes[0]
    p.billed = [p.run_rate / 12.0]  # C26
    p.before_opening = p.billed[0]
    for _, part in p.of("operations"):
        clause = part.clauses.get("cost_share")
        p.cost_share = part.variable_cost if clause is None else clause.now
        lags = sum(k * w for k, w in enumerate(part.collections))
        if p.opening.receivables is not None and lags:  # as if billed evenly before month 1
            p.before_opening = p.opening.receivables / lags
    for _, part in p.of("price"):
        p.index = part.curve.now if part.tag == "forward_curve" else part.now  # C24: `now` is F_0
        scarcity = part.clauses.get("scarcity")
        if scarcity is not None:
            p.scarcity = scarcity.initial or scarcity.regimes[0]
        if part.tag == "ornstein_uhlenbeck":  # `now` includes what scarcity adds at the opening
            included = 0.0 if scarcity is None else scarcity.level[scarcity.regimes.index(p.scarcity)]
            p.log_deviation = math.log(part.now) - included
    for _, part in p.of("rates"):
        if part.tag == "vasicek":
            p.reference = 12.0 * part.now
        else:
            listed = [month for month in part.path if month <= p.start - 1]
            p.reference = 12.0 * (part.path[max(listed) if listed else min(part.path)] + part.shift)


def open_claims(p: Path, entry: Any, months: Any) -> None:
    name, part = entry.name, p.parts[entry.name]
    if part.tag not in ("contract", "revolver", "term_debt"):
        if part.tag == "tranche":
            p.tranches_waiting.add(name)
        if part.tag == "offering":
            p.offerings_waiting.add(name)
        return
    late = p.default.late_interest if part.late_interest is None else part.late_interest
    if part.tag == "contract":
        c = sign(p, name, part)
        p.contracts.append(c)
        missed = part.arrears_months if may_be_owed(entry.component.arrears) else 0
        p.claims[name] = Claim(name, "contract", part.rank, months(part.cure), late, part.arrears, missed)
        return
    p.claims[name] = Claim(name, "debt", part.rank, months(part.cure), late)
    margin, floats = (part.rate, False) if part.spread is None else (part.spread, True)
    if part.tag == "revolver":
        maturity = math.inf if part.maturity is None else p.number(part.maturity)
        p.lines.append(Line(name, part, maturity, part.drawn, margin, floats))
        own_claim = part.renewal is not None
    else:
        maturity = p.number(part.maturity)
        arrives = 0 if part.drawn is None else p.number(part.drawn)
        first = arrives + 1 if part.first_repayment is None else p.number(part.first_repayment)
        first = maturity if part.repayment == "bullet" else max(first, arrives + 1)
        at_opening = part.principal if arrives < 1 else 0.0
        p.loans.append(Loan(name, part, arrives, first, maturity, maturity, margin, floats, at_opening, at_opening))
        own_claim = True
    if own_claim:  # C11: a principal has no cure
        p.claims[f"{name}.repayment"] = Claim(f"{name}.repayment", "debt", part.rank, 0.0, late)


def sign(p: Path, name: str, part: Any) -> Contract:
    """A contract with its term; with a schedule the term defaults to the schedule's months."""
    listed = sorted(part.schedule) if part.schedule else []
    first = p.number(part.start if part.start is not None else listed[0])
    written = p.number(part.end if part.end is not None else listed[-1])
    signed = [
        amendment
        for key, amendment in part.amendments.items()
        if amendment.probability == 1.0
        or (amendment.probability > 0.0 and p.draws.once(f"{name}.amendments.{key}") < amendment.probability)
    ]
    end = written
    for amendment in signed:
        if amendment.end is not None:
            end = p.number(amendment.end)
    c = Contract(name, part, first, written, end, first, end, end, signed)
    prepayment, security = c.clause("prepayment"), c.clause("security")
    if prepayment is not None:
        total = sum(exposures.scheduled(c, p, m) for m in range(1, end + 1))
        c.credit = prepayment.opening_credit
        c.prepaid = c.credit + prepayment.share * total  # C49
    if security is not None and first < 1 <= end:
        c.deposit = security.deposit
    if first < 1:  # I of month 0 stands for all months before it (C29)
        c.index_base = p.index
    return c


def note_opening(p: Path) -> None:
    """Month 0 of every slot that has one; all flows of month 0 are 0."""
    p.note("cash", p.cash)
    p.note("liquidity", liquidity(p))
    p.note("shadow.cash", p.shadow)
    p.note("alive", 1.0)
    p.note("revenue.run_rate", p.run_rate)
    p.note("price.index", p.index)
    if p.of("rates"):
        p.note("rates.reference", p.reference)
    if p.of("operations"):
        p.note("operations.billed", p.billed[0])  # C26: billed before month 1 is R_0 / 12
    if p.restricted:
        p.note("treasury.restricted_cash", p.restricted)
    for claim in p.claims.values():
        p.note(f"{claim.name}.arrears", claim.arrears)
    for line in p.lines:
        p.note(f"{line.name}.drawn", line.drawn)
    for loan in p.loans:
        p.note(f"{loan.name}.balance", loan.balance)
    for c in p.contracts:
        p.note(f"{c.name}.headline", exposures.headline(c, p))
        p.note(f"{c.name}.firm", exposures.firm(c, p))  # C34: month 0 likewise
