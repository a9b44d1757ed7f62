"""The model once more, for one path, in plain Python floats: slow, obvious, and written from the pages, not from the engine.

MODEL.md and its conventions are the source; the number of the convention (C1 … C50) stands beside each rule. Random numbers
come from outside (`Draws`), so that a path of the engine can be lived again here and compared month by month.

The functions stand in the order of a month (C4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Protocol

from simulator.components.base import Component, Sampled, cure_months, month_label, notice_months
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Scenario

DELTA = 1.0 / 12.0  # a month in years
TOLERANCE = 1e-9  # C8
BUYER, SUPPLIER, FAILED = 1, 2, 4
MOST_CHANCES = 64  # of a round in a month; Poisson with mean <= 1 never gets there

CLAUSES = {
    "revenue": {"customer_loss"},
    "contracts": {"exit", "resale", "renewal", "renegotiation", "failure", "reletting"},
}
# past default (C14)
GOES_ON = {"revenue.run_rate", "price.index", "operations.billed", "compute.need", "shadow.cash", "alive"}


class Draws(Protocol):
    def score(self, name: str, month: int) -> float: ...

    def once(self, name: str) -> float: ...

    def extra(self, name: str, month: int, running: int) -> float: ...

    def number(self, key: str, value: Uncertain) -> float: ...


@dataclass
class Lived:
    """What the path did."""

    months: dict[str, list[float]]  # slot -> values of months 0 … M
    end_month: int  # 0 = no ending before the horizon
    cause: str
    shadow_breach_month: int
    first_breach_month: int
    peak_need: float
    lowest_liquidity: float
    lowest_liquidity_month: int
    shadow_flow_12m: float
    totals: dict[str, float]
    exposure_at_default: dict[str, float]
    notices: dict[str, tuple[int, int]]


def live(scenario: Scenario, draws: Draws) -> Lived:
    p = begin(scenario, draws)
    for month in range(1, p.M + 1):
        p.m = month
        open_month(p)  # 1
        move_regime(p)  # 2
        advance_revenue(p)  # 3
        lose_customer(p)
        advance_price(p)
        bill(p)  # 4
        use_contracts(p)  # 5
        buy_overflow(p)
        collect(p)
        pay_fixed_cost(p)  # 6
        accrue_interest(p)
        give_notices(p)  # 7
        renew_contracts(p)
        fail_suppliers(p)
        raise_money(p)  # 8
        let_lines_mature(p)
        close(p)  # 9
        measure(p)
        p.running = p.running and not (p.end_month and p.stop_at_default)  # C12
    return summary(p)


# --- What a path carries ---------------------------------------------------------------------------------------------


@dataclass
class Booking:
    """One flow of one month. `claim` None: a receipt; else a due under that claim."""

    slot: str
    amount: float
    claim: str | None
    shadow: bool  # counts in the shadow account, C14
    burn: bool  # counts in the burn a policy sees, C38


@dataclass
class Claim:
    """Somebody who is owed, C5 … C7."""

    name: str
    kind: str
    rank: int
    cure: float  # G, months
    late_interest: float  # per month on opening arrears
    arrears: float = 0.0
    unpaid_for: int = 0  # n, consecutive month-ends with arrears
    paid: float = 0.0  # this month


@dataclass
class Contract:
    name: str
    terms: Any
    exit: Any
    resale: Any
    first: int  # month numbers; may be <= 0 (C1)
    end: int
    last: int  # last month that is delivered and due: the end, or the end of a notice
    side: int = 0
    noticed_in: int = 0
    fee_charged: bool = False
    new_price: float | None = None  # of the latest renewal, over the first price; C49
    quantity: float = 0.0  # a month, at the first price, since the latest renewal
    deferred: float = 0.0  # not due yet, C43
    instalments_left: int = 0
    amended_in: int = 0

    @property
    def clauses(self) -> Any:
        return self.terms.clauses


@dataclass
class Line:
    name: str
    terms: Any
    maturity: float
    drawn: float
    may_draw: bool = True


@dataclass
class Path:
    draws: Draws
    start: int  # ordinal of month 1
    M: int
    parts: dict[str, Any]  # component name -> its fields, uncertain numbers replaced by what was drawn
    months: dict[str, list[float]]
    floor: float | None
    floor_cure: float
    cash_rate: float
    target_cash: float
    stop_at_default: bool
    claims: dict[str, Claim]  # in file order, the operating claim first
    contracts: list[Contract]
    lines: list[Line]
    cash: float
    m: int = 0
    running: bool = True  # false after the default month (C12)
    bookings: list[Booking] = field(default_factory=list)
    regime: str = ""
    run_rate: float = 0.0
    growth: float = 0.0
    noise: float = 0.0
    log_deviation: float = 0.0
    index: float = 1.0
    billed: list[float] = field(default_factory=list)  # by month, entry 0 = R_0 / 12 (C26)
    intensity: float = 0.0
    need: float = 0.0
    uncovered: float = 0.0
    stranded: float = 0.0
    lost_revenue: float = 0.0
    burns: list[float] = field(default_factory=list)  # net flow by month, C38
    in_breach: bool = False
    breaches: int = 0  # consecutive
    first_breach_month: int = 0
    pending_rounds: dict[str, dict[int, float]] = field(default_factory=dict)  # name -> month of arrival -> money
    tranches_waiting: set[str] = field(default_factory=set)
    offerings_waiting: set[str] = field(default_factory=set)
    counts: dict[str, float] = field(default_factory=dict)
    total_dues: float = 0.0
    shadow: float = 0.0
    shadow_flows: list[float] = field(default_factory=list)
    shadow_breach_month: int = 0
    peak_need: float = 0.0
    end_month: int = 0
    cause: str = "solvent at the horizon"
    exposure: dict[str, float] = field(default_factory=dict)

    def number(self, ordinal: int) -> int:
        """Month number of a calendar month (C1)."""
        return ordinal - self.start + 1

    def of(self, family: str, tag: str | None = None) -> list[tuple[str, Any]]:
        return [
            (name, part)
            for name, part in self.parts.items()
            if name.split(".")[0] == family and (tag is None or part.tag == tag)
        ]

    def note(self, slot: str, value: float) -> None:
        """Write a value of this month; flows after the default month stay 0 (C12)."""
        row = self.months.setdefault(slot, [0.0] * (self.M + 1))
        if self.running or slot in GOES_ON:
            row[self.m] = value

    def book(self, slot: str, amount: float, claim: str | None = None, shadow: bool = True, burn: bool = True) -> None:
        self.bookings.append(Booking(slot, amount, claim, shadow, burn))
        self.note(slot, self.months[slot][self.m] + amount if slot in self.months else amount)


# --- Month 0 ---------------------------------------------------------------------------------------------------------


def plain(key: str, value: Any, draws: Draws) -> Any:
    """A field without uncertainty: numbers drawn once a path are replaced by their draw (C46), components by records."""
    if isinstance(value, Uncertain):
        return draws.number(key, value)
    if isinstance(value, Sampled):  # drawn each month or at each event
        return value
    if isinstance(value, Component):
        fields = {name: plain(f"{key}.{name}", getattr(value, name), draws) for name in type(value).model_fields}
        return SimpleNamespace(tag=getattr(type(value), "tag", ""), **fields)
    if isinstance(value, dict):
        return {k: plain(f"{key}.{month_label(k) if isinstance(k, int) else k}", v, draws) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(f"{key}.{k}", v, draws) for k, v in enumerate(value))
    return value


KNOWN = {
    "revenue": {"mean_reverting_growth", "geometric_brownian"},
    "price": {"forward_curve", "ornstein_uhlenbeck"},
    "operations": {"billing"},
    "compute": {"compute"},
    "market": {"regimes"},
    "contracts": {"contract"},
    "flows": {"recurring", "one_off", "random", "schedule", "arrivals"},
    "financing": {"revolver", "priced_round", "tranche", "offering"},
}


def begin(scenario: Scenario, draws: Draws) -> Path:
    """The state at the opening, month 0."""
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
    p = Path(
        draws=draws,
        start=scenario.calendar.start,
        M=scenario.calendar.months,
        parts=parts,
        months={},
        floor=default.floor,
        floor_cure=float(cure_months(default.cure if default.floor_cure is None else default.floor_cure)),  # C3
        cash_rate=treasury.interest,
        target_cash=treasury.target_cash,
        stop_at_default=default.stop_at_default,
        claims={},
        contracts=[],
        lines=[],
        cash=opening.cash,
        shadow=opening.cash,  # C14: S_0
    )
    p.claims["operating"] = Claim("operating", "operating", 1, float(cure_months(default.cure)), default.late_interest)
    for name, part in parts.items():  # in file order
        if part.tag == "contract":
            p.contracts.append(sign(p, name, part))
        elif part.tag == "revolver":
            maturity = math.inf if part.maturity is None else p.number(part.maturity)
            p.lines.append(Line(name, part, maturity, part.drawn))
        if part.tag in ("contract", "revolver"):
            cure = default.cure if part.cure is None else part.cure
            late = default.late_interest if part.late_interest is None else part.late_interest
            kind = "contract" if part.tag == "contract" else "debt"
            p.claims[name] = Claim(name, kind, part.rank, float(cure_months(cure)), late)
        if part.tag == "tranche":
            p.tranches_waiting.add(name)
        if part.tag == "offering":
            p.offerings_waiting.add(name)
    for _, part in p.of("market"):
        p.regime = part.initial or part.regimes[0]  # C21
    for _, part in p.of("revenue"):
        p.run_rate = part.run_rate
        p.growth = part.growth
    p.billed = [p.run_rate / 12.0]  # C26
    for _, part in p.of("price"):
        p.index = part.curve.now if part.tag == "forward_curve" else part.now  # C24: `now` is F_0
    note_opening(p)
    return p


def sign(p: Path, name: str, part: Any) -> Contract:
    """A contract with its term; with a schedule the term defaults to the schedule's months."""
    listed = sorted(part.schedule) if part.schedule else []
    first = p.number(part.start if part.start is not None else listed[0])
    end = p.number(part.end if part.end is not None else listed[-1])
    return Contract(name, part, part.clauses.get("exit"), part.clauses.get("resale"), first, end, end)


def note_opening(p: Path) -> None:
    """Month 0 of every slot that has one; all flows of month 0 are 0."""
    flows = ["operations.collections", "operations.lost_above_collections", "operations.partner_share"]
    flows += ["operations.variable_cost", "compute.need", "compute.overflow", "compute.unserved", "treasury.interest"]
    flows += ["ledger.receipts", "ledger.paid", "ledger.draw", "ledger.repaid"]
    for c in p.contracts:
        flows += [f"{c.name}.{x}" for x in ("due", "paid", "arrears", "capacity", "used", "stranded")]
        flows += [f"{c.name}.exit.fee"] if c.exit is not None and c.exit.buyer is not None else []
        flows += [f"{c.name}.resale.proceeds"] if c.resale is not None else []
    for line in p.lines:
        flows += [f"{line.name}.{x}" for x in ("interest", "commitment_fee", "paid", "arrears")]
    for name, part in p.of("flows"):
        ends = ("amount",) if part.tag in ("recurring", "one_off") else ("received", "paid_out")
        flows += [f"{name}.{x}" for x in ends]
        flows += [f"{name}.events"] if part.tag == "arrivals" else []
    flows += [f"{name}.received" for name, part in p.of("financing") if part.tag != "revolver"]
    flows += ["operating.paid", "operating.arrears"]
    for slot in flows:
        p.note(slot, 0.0)
    for name, _ in p.of("financing", "priced_round"):
        p.counts[f"{name}.rounds"] = p.counts[f"{name}.rounds_failed"] = 0.0
    p.counts["customers_lost"] = 0.0
    p.note("cash", p.cash)
    p.note("liquidity", liquidity(p))
    p.note("shadow.cash", p.shadow)
    p.note("alive", 1.0)
    p.note("revenue.run_rate", p.run_rate)
    p.note("price.index", p.index)
    p.note("operations.billed", p.billed[0])  # C26: billed before month 1 is R_0 / 12
    for line in p.lines:
        p.note(f"{line.name}.drawn", line.drawn)
    for c in p.contracts:
        p.note(f"{c.name}.headline", headline(c, p))
        p.note(f"{c.name}.firm", firm(c, p))  # C34: month 0 likewise


# --- 1. Open ---------------------------------------------------------------------------------------------------------


def open_month(p: Path) -> None:
    p.bookings = []
    for line in p.lines:  # C41: stopped by a breach at the last close; limit 0 from the month of maturity
        stopped = p.in_breach and line.terms.draw_stop
        line.may_draw = not stopped and p.m < line.maturity


def is_live(c: Contract, m: int) -> bool:
    """C31: delivered and due up to the end, or to the last month of a notice."""
    return c.first <= m <= c.last


# --- 2. Regime and shocks --------------------------------------------------------------------------------------------


def move_regime(p: Path) -> None:
    """C21. Destinations in the order of the regimes occupy [0, probability of leaving); staying is the rest."""
    for name, part in p.of("market"):
        u = p.draws.score(f"{name}.regime", p.m)
        here = p.regime
        upto = 0.0
        for there in part.regimes:
            if there == here:
                continue
            upto += leaving(part, here, there)
            if u < upto:
                p.regime = there
                break


def leaving(market: Any, here: str, there: str) -> float:
    i, j = market.regimes.index(here), market.regimes.index(there)
    if market.monthly_matrix is not None:
        return float(market.monthly_matrix[i][j])
    weights = market.destinations.get(here)
    # without weights there are two regimes, and one place to go
    share = 1.0 if weights is None else weights.get(there, 0.0) / sum(weights.values())
    return float(share / market.sojourn[i])  # leave with probability 1/D


# --- 3. Drivers ------------------------------------------------------------------------------------------------------


def normal(p: Path, sd: float, shock: str) -> float:
    """sd x standard normal; nothing is drawn where the spread is 0."""
    return sd * p.draws.score(shock, p.m) if sd != 0.0 else 0.0


def reverting(kappa: float, sigma: float) -> tuple[float, float]:
    """(phi, sd of the monthly shock) of an Ornstein-Uhlenbeck process, C22 and C24; the limit where kappa = 0."""
    phi = math.exp(-kappa * DELTA)
    sd = sigma * (math.sqrt((1.0 - phi * phi) / (2.0 * kappa)) if kappa > 0.0 else math.sqrt(DELTA))
    return phi, sd


def advance_revenue(p: Path) -> None:
    """C22. Month m uses the growth rate of m - 1."""
    for name, part in p.of("revenue"):
        sigma, eta = part.volatility, getattr(part, "growth_volatility", 0.0)
        if getattr(part, "volatility_decay", None) is not None:  # month m uses those of m - 1
            left = math.exp(-part.volatility_decay * (p.m - 1) * DELTA)
            if part.long_run_volatility is not None:
                sigma = part.long_run_volatility + (sigma - part.long_run_volatility) * left
            if part.long_run_growth_volatility is not None:
                eta = part.long_run_growth_volatility + (eta - part.long_run_growth_volatility) * left
        drift = (p.growth - 0.5 * sigma * sigma) * DELTA
        shock = normal(p, sigma * math.sqrt(DELTA), f"{name}.level")
        if part.tag == "geometric_brownian":
            p.run_rate *= math.exp(drift + shock)
            continue
        if part.noise is not None:
            a = part.noise.persistence
            p.noise = a * p.noise + normal(p, part.noise.sd * math.sqrt(1.0 - a * a), f"{name}.noise")
        p.run_rate *= math.exp(drift + shock + p.noise)
        phi, sd = reverting(part.gap_decay, eta)
        p.growth = part.long_run_growth + phi * (p.growth - part.long_run_growth) + normal(p, sd, f"{name}.growth")


def lose_customer(p: Path) -> None:
    """C23: at most one a month, before billing, for good, not compensated."""
    for name, part in p.of("revenue"):
        loss = part.clauses.get("customer_loss")
        if loss is not None:
            probability = 1.0 - math.exp(-loss.hazard / 12.0)  # C2
            if p.draws.score(f"{name}.customer_loss.event", p.m) < probability:
                p.run_rate *= 1.0 - loss.size
                p.counts["customers_lost"] += 1.0
    p.note("revenue.run_rate", p.run_rate)


def advance_price(p: Path) -> None:
    """C24."""
    for name, part in p.of("price"):
        phi, sd = reverting(part.reversion, part.volatility)
        if part.tag == "ornstein_uhlenbeck":
            theta = math.log(part.level)
            p.index = math.exp(theta + phi * (math.log(p.index) - theta) + normal(p, sd, f"{name}.deviation"))
            continue
        p.log_deviation = phi * p.log_deviation + normal(p, sd, f"{name}.deviation")
        kappa, years = part.reversion, p.m * DELTA
        variance = part.volatility**2 * ((1.0 - math.exp(-2.0 * kappa * years)) / (2.0 * kappa) if kappa > 0 else years)
        p.index = forward(p, part.curve) * math.exp(p.log_deviation) / math.exp(0.5 * variance)
    p.note("price.index", p.index)


def forward(p: Path, curve: Any) -> float:
    """F_m: `now` at month 0, then a drift as long as `drift_for` says, or points linear in the log; flat after."""
    if not curve.points:
        drifting = p.m if curve.drift_for is None else min(float(p.m), curve.drift_for)
        return float(curve.now * math.exp(curve.drift * drifting / 12.0))
    points = [(0, math.log(curve.now))] + [(p.number(point.month), math.log(point.index)) for point in curve.points]
    if p.m >= points[-1][0]:
        return math.exp(points[-1][1])
    for (before, low), (after, high) in pairwise(points):
        if before <= p.m < after:
            return math.exp(low + (high - low) * (p.m - before) / (after - before))
    raise AssertionError("a curve covers every month from 0 on")


# --- 4. Operations ---------------------------------------------------------------------------------------------------


def bill(p: Path) -> None:
    """C26, C33: billed after recalls; need is of the reduced revenue."""
    served = 1.0
    for c in p.contracts:
        left = c.exit.supplier if c.side == SUPPLIER else c.clauses["failure"] if c.side == FAILED else None
        if left is not None and left.recall is not None and c.last < p.m <= c.last + left.recall.months:
            served *= 1.0 - left.recall.revenue_lost
    billed = p.run_rate / 12.0 * served if p.of("operations") else 0.0
    p.billed.append(billed)
    p.note("operations.billed", billed)
    p.need = p.lost_revenue = 0.0
    for _, part in p.of("compute"):
        n = part.need
        p.intensity = n.floor + (n.start - n.floor) * math.exp(-n.decay * (p.m - 1))
        p.need = p.intensity * billed
    p.note("compute.need", p.need)
    p.uncovered = p.need


# --- 5. Contracts ----------------------------------------------------------------------------------------------------


def scheduled(c: Contract, p: Path, m: int) -> float:
    """C29: the fee of month m as signed or renewed, x ramp, x scale; it knows nothing of notices."""
    return delivered(c, p, m) * (1.0 if c.new_price is None else c.new_price)


def delivered(c: Contract, p: Path, m: int) -> float:
    """The same at the first price."""
    if not c.first <= m <= c.end:
        return 0.0
    if c.new_price is not None:
        return c.quantity
    t, month = c.terms, m + p.start - 1
    if t.schedule is not None:
        amount = t.schedule.get(month, 0.0)
    else:
        begun = [k for k in t.steps if k <= month]
        amount = t.steps[max(begun)] if begun else t.fee
    return float(t.scale * amount * t.ramp.get(month, 1.0))


def use_contracts(p: Path) -> None:
    """C27: need is served in file order; what is paid for and not used is stranded."""
    p.stranded = 0.0
    for c in p.contracts:
        due = scheduled(c, p, p.m) if is_live(c, p.m) else 0.0
        p.book(f"{c.name}.due", due, claim=c.name)
        capacity = 0.0
        if is_live(c, p.m):
            capacity = capacity_value(c, p, p.m)
        if "renegotiation" in c.clauses:  # C43
            p.book(f"{c.name}.instalment", fall_due(p, c), claim=c.name, shadow=False)
        used = min(capacity, p.uncovered) if p.of("compute") else capacity
        stranded = capacity - used
        p.uncovered -= used if p.of("compute") else 0.0
        p.stranded += stranded
        for x, value in (("capacity", capacity), ("used", used), ("stranded", stranded)):
            p.note(f"{c.name}.{x}", value)
        if c.side == BUYER and c.noticed_in < p.m and not fee_at_notice(c) and p.m == c.last:
            charge_exit_fee(p, c)
        if c.resale is not None:  # C36
            p.book(f"{c.name}.resale.proceeds", stranded * (1.0 - c.resale.haircut) * p.index)


def capacity_value(c: Contract, p: Path, m: int) -> float:
    return delivered(c, p, m) if c.terms.capacity_value is None else float(c.terms.capacity_value)


def fall_due(p: Path, c: Contract) -> float:
    """C43: equal parts of what was deferred."""
    if not c.instalments_left or not p.running:
        return 0.0
    amount = c.deferred / c.instalments_left
    c.deferred -= amount
    c.instalments_left -= 1
    return amount


def fee_at_notice(c: Contract) -> bool:
    return bool(c.exit.buyer.fee_at == "notice")


def exit_fee(c: Contract, p: Path, last: int) -> float:
    """C31: the buyer's fee if the last notice month is `last`."""
    buyer = c.exit.buyer
    after = sum(scheduled(c, p, m) for m in range(last + 1, c.end + 1))
    return float(buyer.fee + buyer.fee_share * after)


def charge_exit_fee(p: Path, c: Contract) -> None:
    p.book(f"{c.name}.exit.fee", exit_fee(c, p, c.last), claim=c.name)
    c.fee_charged = True


def buy_overflow(p: Path) -> None:
    """C28: what contracts leave is bought while it pays, up to the market's depth; the rest is revenue lost this month."""
    for _, part in p.of("compute"):
        operations = p.parts["operations"]
        margin = 1.0 - operations.partner_share - operations.variable_cost
        pays = part.overflow == "always" or p.intensity * p.index < margin
        bought = min(p.uncovered, math.inf if part.depth is None else part.depth) if pays else 0.0
        unserved = p.uncovered - bought
        p.lost_revenue = p.billed[p.m] * unserved / p.need if p.need > 0.0 else 0.0
        p.book("compute.overflow", bought * p.index, claim="operating")
        p.note("compute.unserved", unserved)


def collect(p: Path) -> None:
    """C26, C28: collections less this month's lost revenue; cost is due in the month of billing, on what was served."""
    for _, part in p.of("operations"):
        gross = sum(w * p.billed[max(0, p.m - k)] for k, w in enumerate(part.collections))
        p.book("operations.collections", max(0.0, gross - p.lost_revenue))
        p.book("operations.lost_above_collections", max(0.0, p.lost_revenue - gross), claim="operating")
        served = p.billed[p.m] - p.lost_revenue
        p.book("operations.partner_share", part.partner_share * served, claim="operating")
        p.book("operations.variable_cost", part.variable_cost * served, claim="operating")


# --- 6. Fixed cost and interest --------------------------------------------------------------------------------------


def pay_fixed_cost(p: Path) -> None:
    for name, part in p.of("flows"):
        {
            "recurring": recur,
            "one_off": happen_once,
            "random": flow_at_random,
            "schedule": follow_schedule,
            "arrivals": live_events,
        }[part.tag](p, name, part)


def recur(p: Path, name: str, part: Any) -> None:
    """C2: base in its first month, base x (1 + i)^k k months later."""
    first = 1 if part.start is None else p.number(part.start)
    last = p.M if part.end is None else p.number(part.end)
    if first <= p.m <= last:
        amount = part.amount * (1.0 + part.growth) ** (p.m - first) * (p.index if part.indexed else 1.0)
        p.book(f"{name}.amount", amount, claim=None if part.direction == "in" else "operating")


def happen_once(p: Path, name: str, part: Any) -> None:
    if p.m == p.number(part.month) and (part.probability == 1.0 or p.draws.once(f"{name}.event") < part.probability):
        p.book(f"{name}.amount", part.amount, claim=None if part.direction == "in" else "operating")


def flow_at_random(p: Path, name: str, part: Any) -> None:
    first = 1 if part.start is None else p.number(part.start)
    last = p.M if part.end is None else p.number(part.end)
    if first <= p.m <= last:
        split(p, name, drawn_value(part.amount, p, f"{name}.amount", 0), part.direction)


def live_events(p: Path, name: str, part: Any) -> None:
    """C23: N ~ Poisson(rate / 12) by inversion, the month's events all in it; the k-th size is a draw of its own."""
    first = 1 if part.start is None else p.number(part.start)
    last = p.M if part.end is None else p.number(part.end)
    if not first <= p.m <= last:
        return
    expected, u = part.rate / 12.0, p.draws.score(f"{name}.count", p.m)
    n, upto = 0, math.exp(-expected)
    while u >= upto:
        n += 1
        upto += math.exp(-expected) * expected**n / math.factorial(n)
    total = sum(drawn_value(part.amount, p, f"{name}.size", k) for k in range(n))
    split(p, name, total - (expected * part.amount.central() if part.compensated else 0.0), part.direction)
    p.note(f"{name}.events", float(n))


def follow_schedule(p: Path, name: str, part: Any) -> None:
    amount = part.schedule.get(p.m + p.start - 1, 0.0) * part.scale * (p.index if part.indexed else 1.0)
    split(p, name, amount, part.direction)


def split(p: Path, name: str, amount: float, direction: str) -> None:
    """A negative amount runs the other way (C5: general flows that are negative are operating dues)."""
    flow = amount if direction == "in" else -amount
    p.book(f"{name}.received", max(0.0, flow))
    p.book(f"{name}.paid_out", max(0.0, -flow), claim="operating")


def drawn_value(law: Sampled, p: Path, name: str, running: int) -> float:
    """A number drawn this month; `running` >= 1: a further draw of the same stream, which is always a uniform."""
    if not isinstance(law.number, Uncertain):
        return float(law.number)
    monthly = law.number.law.monthly()
    assert monthly is not None
    if running == 0:
        score = p.draws.score(name, p.m)
    else:
        score = p.draws.extra(name, p.m, running)
        if monthly.score == "normal":
            from scipy.special import ndtri

            score = float(ndtri(score))
    return float(law.factor * monthly.law(score, *monthly.params))


def accrue_interest(p: Path) -> None:
    """C39: on opening balances only. Neither interest on cash nor a line's flows are in the shadow account (C14)."""
    if not p.running:
        return
    p.book("treasury.interest", p.cash_rate * max(0.0, p.cash), shadow=False)
    for line in p.lines:
        undrawn = max(0.0, line.terms.limit - line.drawn) if p.m <= line.maturity else 0.0  # opening of the month
        p.book(f"{line.name}.interest", line.terms.rate * line.drawn, claim=line.name, shadow=False)
        p.book(f"{line.name}.commitment_fee", line.terms.commitment_fee * undrawn, claim=line.name, shadow=False)


# --- 7. Policies and notices -----------------------------------------------------------------------------------------


def give_notices(p: Path) -> None:
    """C31, C32. Decisions see drivers and dues of m and the balances of m - 1; none after the default month (C14)."""
    if not p.running:
        return
    runway = runway_seen(p)
    for c in p.contracts:
        if c.exit is None or c.side or p.m >= p.M:  # one notice a contract; none in the last month of the horizon
            continue
        if supplier_leaves(p, c):  # if both do, it is the supplier's
            c.side, c.noticed_in, c.last = SUPPLIER, p.m, p.m + int(notice_months(c.exit.supplier.notice))
        elif buyer_leaves(p, c, runway):
            c.side, c.noticed_in, c.last = BUYER, p.m, p.m + int(notice_months(c.exit.buyer.notice))
            if fee_at_notice(c) or c.last == p.m:
                charge_exit_fee(p, c)


def renew_contracts(p: Path) -> None:
    """C49: one draw at the end; the market price of that month, the quantity as it was."""
    for c in p.contracts:
        renewal = c.clauses.get("renewal")
        if renewal is None or not p.running or c.side or p.m != c.end:
            continue
        if p.draws.score(f"{c.name}.renewal.event", p.m) < renewal.probability:
            c.quantity = delivered(c, p, p.m)
            c.new_price = renewal.share * c.terms.market_unit_price * p.index / c.terms.unit_price
            c.first, c.end = p.m + 1, p.m + int(renewal.term)
            c.last = c.end


def fail_suppliers(p: Path) -> None:
    """No capacity and no fee from the month after; the last month of a contract has nothing left to fail."""
    for c in p.contracts:
        failure = c.clauses.get("failure")
        begun = c.first <= p.m or c.new_price is not None
        if failure is None or not p.running or not begun or p.m >= c.last:
            continue
        if p.draws.score(f"{c.name}.failure.event", p.m) < 1.0 - math.exp(-failure.hazard / 12.0):
            c.side, c.last = FAILED, p.m


def earliest(c: Contract, party: Any) -> int:
    """C31: after L full months, in step 7 of month s + L - 1; C49: in a new term without lock-in unless one is given."""
    lock_in = party.lock_in if c.new_price is None else c.clauses["renewal"].lock_in
    return c.first + int(notice_months(lock_in)) - 1


def may_leave(p: Path, c: Contract, party: Any) -> bool:
    return p.m >= earliest(c, party) and p.m + int(notice_months(party.notice)) < c.end


def price_ratio(p: Path, c: Contract) -> float:
    """C25."""
    if c.terms.unit_price is None or c.terms.market_unit_price is None:
        return 1.0
    now = 1.0 if c.new_price is None else c.new_price
    return float(c.terms.market_unit_price * p.index / (c.terms.unit_price * now))


def supplier_leaves(p: Path, c: Contract) -> bool:
    supplier = c.exit.supplier
    if supplier is None or supplier.hazard == 0.0 or not may_leave(p, c, supplier):
        return False
    hazard = supplier.hazard * price_ratio(p, c) ** supplier.gamma  # C32
    return p.draws.score(f"{c.name}.exit.supplier", p.m) < 1.0 - math.exp(-hazard / 12.0)


def buyer_leaves(p: Path, c: Contract, runway: float) -> bool:
    buyer = c.exit.buyer
    return buyer is not None and may_leave(p, c, buyer) and any(holds(p, c, rule, runway) for rule in buyer.when)


def holds(p: Path, c: Contract, rule: Any, runway: float) -> bool:
    """Every condition that a rule names must hold; all are strict (C8)."""
    conditions = []
    if rule.price_ratio_below is not None:
        conditions.append(price_ratio(p, c) < rule.price_ratio_below)
    if rule.runway_below is not None:
        conditions.append(runway < rule.runway_below)
    if rule.liquidity_below is not None:
        conditions.append(p.months["liquidity"][p.m - 1] < rule.liquidity_below)
    if rule.stranded:
        conditions.append(p.stranded > 0.0)  # of all contracts together
    return all(conditions)


def net_burnable(p: Path) -> float:
    """C38: receipts less dues without funding, principal, arrears and late interest."""
    return sum((b.amount if b.claim is None else -b.amount) for b in p.bookings if b.burn)


def runway_seen(p: Path) -> float:
    """C38."""
    seen = [*p.burns, net_burnable(p)][-3:]
    burn = -sum(seen) / len(seen)
    if burn <= 0.0:
        return math.inf
    return (p.months["liquidity"][p.m - 1] - (p.floor or 0.0)) / burn


# --- 8. Financing ----------------------------------------------------------------------------------------------------


def raise_money(p: Path) -> None:
    for name, part in p.of("financing"):
        if part.tag == "tranche":
            pay_tranche(p, name, part)  # counts in the shadow account, also past default (C14)
        elif p.running and part.tag == "priced_round":
            seek_rounds(p, name, part)
            p.book(f"{name}.received", p.pending_rounds[name].get(p.m, 0.0), shadow=False, burn=False)
        elif p.running and part.tag == "offering":
            offer(p, name, part)


def pay_tranche(p: Path, name: str, part: Any) -> None:
    """C37: once, all or nothing, in the first month in which its gate is open."""
    dated = part.month is None or p.m >= p.number(part.month)
    large = part.run_rate_above is None or p.run_rate >= part.run_rate_above
    if name in p.tranches_waiting and dated and large:
        p.tranches_waiting.remove(name)
        if part.probability == 1.0 or p.draws.once(f"{name}.event") < part.probability:
            p.book(f"{name}.received", part.amount, burn=False)


def seek_rounds(p: Path, name: str, part: Any) -> None:
    """C37: chances of this month, each with the success of this month's regime; money comes `lag` months later."""
    pending = p.pending_rounds.setdefault(name, {})
    first = 1 if part.first is None else p.number(part.first)
    if p.m < first:
        return
    for k in range(1, chances(p, name, part) + 1):
        u = p.draws.score(f"{name}.success", p.m) if k == 1 else p.draws.extra(f"{name}.success", p.m, k - 1)
        if u < success_of(part, p.regime):
            arrival = p.m + int(part.lag)
            pending[arrival] = pending.get(arrival, 0.0) + drawn_value(part.size, p, f"{name}.size", k - 1)
            p.counts[f"{name}.rounds"] += 1.0
        else:
            p.counts[f"{name}.rounds_failed"] += 1.0


def success_of(part: Any, regime: str) -> float:
    return float(part.success[regime] if isinstance(part.success, dict) else part.success)


def chances(p: Path, name: str, part: Any) -> int:
    u, rate = p.draws.score(f"{name}.arrival", p.m), 1.0 / part.every
    if part.arrival == "bernoulli":
        return 1 if u < rate else 0
    n, below = 0, math.exp(-rate)  # below = P(N <= n)
    term = below
    while u < 1.0 - below and n < MOST_CHANCES:  # N >= n + 1
        n += 1
        term *= rate / n
        below += term
    return n


def offer(p: Path, name: str, part: Any) -> None:
    """C37: a month uniform in the window, moved to the first that is not shut; success drawn once."""
    first, last = p.number(part.first), p.number(part.last)
    if name not in p.offerings_waiting or not first <= p.m <= last:
        return
    planned = min(last, first + math.floor(p.draws.once(f"{name}.month") * (last - first + 1)))
    if p.m >= planned and not is_shut(p, part):
        p.offerings_waiting.remove(name)
        if p.draws.once(f"{name}.success") < part.probability:
            p.book(f"{name}.received", part.proceeds, shadow=False, burn=False)


def is_shut(p: Path, offering: Any) -> bool:
    """C37: the regime that `shut` names; where it names none, a regime in which priced rounds never succeed."""
    if offering.shut is not None:
        return bool(p.regime == offering.shut)
    rounds = [part for _, part in p.of("financing", "priced_round") if isinstance(part.success, dict)]
    return bool(rounds) and all(success_of(part, p.regime) == 0.0 for part in rounds)


def let_lines_mature(p: Path) -> None:
    """C41: in the month of maturity what is drawn falls due; the claim holds it from then on."""
    for line in p.lines:
        if p.running and p.m == line.maturity:
            p.book(f"{line.name}.principal", line.drawn, claim=line.name, shadow=False, burn=False)
            line.drawn = 0.0


# --- 9. Close --------------------------------------------------------------------------------------------------------


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
        *(f"{line.name}.drawn" for line in p.lines),
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
    spare = min(sum(line.drawn for line in p.lines), max(0.0, available - paid - p.target_cash))
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
    """C7 … C9."""
    for claim in p.claims.values():
        claim.unpaid_for = claim.unpaid_for + 1 if claim.arrears > TOLERANCE * p.total_dues else 0
    p.in_breach = p.floor is not None and is_below(p, p.months["liquidity"][p.m], p.floor)
    p.breaches = p.breaches + 1 if p.in_breach else 0
    if p.in_breach and not p.first_breach_month:
        p.first_breach_month = p.m


def is_below(p: Path, amount: float, floor: float) -> bool:
    return amount < floor - TOLERANCE * (abs(floor) + p.total_dues)  # C8


def end(p: Path) -> None:
    """C10: claims past cure by rank, inside a rank the largest arrears, then file order; then covenants."""
    ripe = [claim for claim in p.claims.values() if claim.unpaid_for > claim.cure]
    offered = [c for c in p.contracts if p.claims[c.name] in ripe and accepts(p, c)]
    ripe = [claim for claim in ripe if claim.name not in [c.name for c in offered]]
    if ripe:
        worst = min(ripe, key=lambda claim: (claim.rank, -claim.arrears))  # the first of equals: file order
        short = worst.name.split(".")[-1]
        operating = worst.kind == "operating"
        p.cause = "operating shortfall" if operating else f"payment default on {short} ({worst.kind})"
    elif p.breaches > p.floor_cure:
        p.cause = "covenant liquidity past cure"
    else:
        for c in offered:
            defer(p, c)
        return
    p.end_month = p.m
    for c in p.contracts:  # C44
        left = relet(c, p) if "reletting" in c.clauses else (firm(c, p) - c.deferred) * (1.0 - c.terms.mitigation)
        p.exposure[c.name.split(".", 1)[1]] = p.claims[c.name].arrears + c.deferred + left
    for line in p.lines:
        p.exposure[line.name.split(".", 1)[1]] = line.drawn + p.claims[line.name].arrears


def accepts(p: Path, c: Contract) -> bool:
    """C43: once a contract."""
    part = c.clauses.get("renegotiation")
    return part is not None and not c.amended_in and p.draws.once(f"{c.name}.renegotiation.accepted") < part.probability


def defer(p: Path, c: Contract) -> None:
    claim = p.claims[c.name]
    c.deferred, c.instalments_left, c.amended_in = claim.arrears, c.clauses["renegotiation"].instalments, p.m
    claim.arrears, claim.unpaid_for = 0.0, 0
    p.note(f"{claim.name}.arrears", 0.0)


# --- What is read off ------------------------------------------------------------------------------------------------


def headline(c: Contract, p: Path) -> float:
    """C34: dues of m+1 … end; after a notice its last month is the end."""
    return c.deferred + sum(scheduled(c, p, m) for m in range(max(1, p.m + 1), c.last + 1))


def firm(c: Contract, p: Path) -> float:
    """C34: what is owed if notice is given today, without arrears."""
    until, fee = notice_now(c, p)
    return c.deferred + sum(scheduled(c, p, m) for m in range(max(1, p.m + 1), until + 1)) + fee


def notice_now(c: Contract, p: Path) -> tuple[int, float]:
    """The last month and the open fee of leaving if notice is given today."""
    buyer = c.exit.buyer if c.exit is not None else None
    if c.side:  # a notice runs: dues to its end, and the fee while it is not yet due
        return c.last, exit_fee(c, p, c.last) if c.side == BUYER and not c.fee_charged else 0.0
    if buyer is None:  # the buyer has no right to leave
        return c.last, 0.0
    until = min(c.end, max(p.m, earliest(c, buyer)) + int(notice_months(buyer.notice)))
    return until, exit_fee(c, p, until) if until < c.end else 0.0


def relet(c: Contract, p: Path) -> float:
    """C44, mitigation by the market: what the capacity does not bring at this month's index, month by month."""
    until, fee = notice_now(c, p)
    price = p.index * (1.0 - c.clauses["reletting"].vacancy)
    return fee + sum(
        max(0.0, scheduled(c, p, m) - capacity_value(c, p, m) * price) for m in range(max(1, p.m + 1), until + 1)
    )


def measure(p: Path) -> None:
    """The shadow account runs to the horizon on every path (C14); exposures up to the default month (C12)."""
    flow = sum((b.amount if b.claim is None else -b.amount) for b in p.bookings if b.shadow)
    p.shadow_flows.append(flow)
    p.shadow = p.shadow * (1.0 + p.cash_rate) + flow
    p.note("shadow.cash", p.shadow)
    floor = p.floor or 0.0
    if not p.shadow_breach_month and is_below(p, p.shadow, floor):
        p.shadow_breach_month = p.m
    p.peak_need = max(p.peak_need, (floor - p.shadow) / (1.0 + p.cash_rate) ** p.m)
    p.note("alive", 1.0 if not p.end_month or p.m <= p.end_month else 0.0)
    for c in p.contracts:
        p.note(f"{c.name}.headline", headline(c, p))
        p.note(f"{c.name}.firm", firm(c, p))


def summary(p: Path) -> Lived:
    until = p.end_month or p.M
    row = p.months["liquidity"]
    lowest = min(range(1, until + 1), key=lambda m: row[m])  # C15: the first of equals
    totals = dict(p.counts)
    sources = p.of("financing", "priced_round") + p.of("financing", "offering")
    totals["raised"] = sum(sum(p.months[f"{name}.received"]) for name, _ in sources)
    for c in p.contracts:
        totals[f"{c.name}.paid"] = sum(p.months[f"{c.name}.paid"])
        totals[f"{c.name}.stranded"] = sum(p.months[f"{c.name}.stranded"])
    owed_nothing = {name.split(".", 1)[1]: 0.0 for name in p.claims if name != "operating"}
    return Lived(
        months=p.months,
        end_month=p.end_month,
        cause=p.cause,
        shadow_breach_month=p.shadow_breach_month,
        first_breach_month=p.first_breach_month,
        peak_need=p.peak_need,
        lowest_liquidity=row[lowest],
        lowest_liquidity_month=lowest,
        shadow_flow_12m=sum(p.shadow_flows[:12]),  # C16
        totals=totals,
        exposure_at_default=owed_nothing | p.exposure,
        notices={c.name.split(".", 1)[1]: (c.side, c.noticed_in) for c in p.contracts},
    )


# --- A small check of itself -----------------------------------------------------------------------------------------


def check_credit_line() -> None:
    """det_credit_line_cure: cash 40, a line of 50 at 1 % a month, default at the third month-end with arrears."""
    from simulator.components.financing.revolver import Revolver
    from simulator.components.flows.schedule import Schedule
    from simulator.scenario.model import Calendar, Default, Entry, Opening, Run, Treasury

    flows = (-30, -30, 10, -35, 60, -50, -20, -15, 25, -10, -12, -8)
    amounts = {f"2026-{k:02d}": f"{x}M/mo" for k, x in enumerate(flows, 1)}
    result = Schedule.model_validate({"schedule": amounts, "direction": "in"})
    line = Revolver.model_validate({"limit": "50M", "rate": "1 %/mo", "rank": 1})
    scenario = Scenario(
        name="det_credit_line_cure",
        title="",
        calendar=Calendar.model_validate({"start": "2026-01", "months": 12}),
        opening=Opening.model_validate({"cash": "40M"}),
        treasury=Treasury(),
        default=Default.model_validate({"cure": "60 days"}),  # C7: `cure = 3` is G = 2
        run=Run(),
        dependence=None,
        comparison={},
        entries=(Entry("flows.result", result, {}), Entry("financing.line", line, {})),
        canonical="",
    )

    class Nothing:
        def score(self, name: str, month: int) -> float:
            raise AssertionError(name)

        def once(self, name: str) -> float:
            raise AssertionError(name)

        def extra(self, name: str, month: int, running: int) -> float:
            raise AssertionError(name)

        def number(self, key: str, value: Uncertain) -> float:
            raise AssertionError(key)

    lived = live(scenario, Nothing())
    positions = [10.0, -20.0, -10.2, -45.302, 14.24498, -35.75502, -56.1125702, -71.6125702, -47.1125702]
    positions += [-57.583695902, -70.083695902, -78.583695902]
    unpaid = (0, 0, 0, 0, 0, 0, 6.1125702, 21.6125702, 0, 7.583695902, 20.083695902, 28.583695902)
    row = lived.months
    for m in range(1, 13):
        arrears = row["operating.arrears"][m] + row["financing.line.arrears"][m]
        position = row["cash"][m] - row["financing.line.drawn"][m] - arrears
        assert abs(position / 1e6 - positions[m - 1]) < 1e-11, (m, position)
        assert abs(arrears / 1e6 - unpaid[m - 1]) < 1e-11, (m, arrears)
    assert lived.end_month == 12, lived.end_month
    print("det_credit_line_cure: the oracle agrees;", lived.cause)


if __name__ == "__main__":
    check_credit_line()
