"""What is read off after the close: the shadow account, exposures, numbers by path (C12 … C16, C34)."""

from __future__ import annotations

from oracle import exposures
from oracle.close import is_below
from oracle.path import Lived, Path


def measure(p: Path) -> None:
    """The shadow account runs to the horizon on every path (C14); exposures up to the default month (C12)."""
    flow = sum(b.flow for b in p.bookings if b.shadow) - p.promised
    if p.m == 1:  # what was owed at the opening is paid as well
        flow -= p.opening.arrears + sum(c.terms.arrears for c in p.contracts)
    p.shadow_flows.append(flow)
    p.shadow = p.shadow * (1.0 + p.cash_rate) + flow
    p.note("shadow.cash", p.shadow)
    floor = p.floor or 0.0
    if not p.shadow_breach_month and is_below(p, p.shadow, floor):
        p.shadow_breach_month = p.m
    p.peak_need = max(p.peak_need, (floor - p.shadow) / (1.0 + p.cash_rate) ** p.m)
    p.note("alive", 1.0 if p.running else 0.0)  # past a default too where nothing stops at it
    for c in p.contracts:
        p.note(f"{c.name}.headline", exposures.headline(c, p))
        p.note(f"{c.name}.firm", exposures.firm(c, p))
        if "renegotiation" in c.clauses:
            p.mark(f"{c.name}.deferred", c.deferred)


def summary(p: Path) -> Lived:
    until = p.end_month or p.M
    row = p.months["liquidity"]
    lowest = min(range(1, until + 1), key=lambda m: row[m])  # C15: the first of equals
    columns: dict[str, float] = dict(p.counts)
    columns |= {
        "end_month": p.end_month,
        "shadow_breach_month": p.shadow_breach_month,
        "first_breach_month": p.first_breach_month,
        "peak_need": p.peak_need,
        "lowest_liquidity": row[lowest],
        "lowest_liquidity_month": lowest,
        "shadow_flow_12m": sum(p.shadow_flows[: p.year]),  # C16
        "shadow_cash": p.shadow,
        "cash": p.cash,
        "drawn": sum(line.drawn for line in p.lines),
        "arrears": sum(claim.arrears for claim in p.claims.values()),
        "dilution": 1.0 - p.kept_by_owners,
    }
    for c in p.contracts:
        short = c.name.split(".", 1)[1]
        columns[f"{short}.paid"] = sum(p.months[f"{c.name}.paid"])
        columns[f"{short}.stranded"] = sum(p.months[f"{c.name}.stranded"])
        columns[f"{short}.notice_side"] = c.side
        columns[f"{short}.notice_month"] = c.noticed_in
        columns[f"{short}.failure_month"] = c.failed_in
        columns[f"{short}.renewals"] = c.renewals
        columns[f"{short}.distressed_amendment"] = c.amended_in
    for name in p.claims:
        if name != "operating":
            columns[f"{name.split('.', 1)[1]}.exposure_at_default"] = p.exposure.get(name, 0.0)
            columns[f"{name.split('.', 1)[1]}.loss"] = p.loss.get(name, 0.0)
    for name, _ in p.of("policies", "cut_expense"):
        columns[f"{name.split('.', 1)[1]}.since"] = p.cut_since.get(name, 0)
    return Lived(months=p.months, inner=p.inner, columns=columns, end_month=p.end_month, cause=p.cause)
