"""Contracts in a month: what is due, what is used, what is credited (C27, C29, C30, C35, C36, C49)."""

from __future__ import annotations

from oracle.exposures import capacity_value, charge_exit_fee, fee_at_notice, price_ratio, scheduled
from oracle.path import BUYER, FAILED, SUPPLIER, Contract, Path, drawn_value


def is_live(c: Contract, m: int) -> bool:
    """C31: delivered and due up to the end, or to the last month of a notice."""
    return c.first <= m <= c.last


def use(p: Path) -> None:
    """C27: flat fees serve need first, then minimum volumes, then volumes above them, each in file order."""
    flat = [c for c in p.contracts if c.clause("take_or_pay") is None]
    by_volume = [c for c in p.contracts if c.clause("take_or_pay") is not None]
    for c in p.contracts:
        move_fee(c, p)
    p.stranded = 0.0
    fees = {c.name: serve_flat(c, p) for c in flat}
    quoted = {c.name: serve_minimum(c, p) for c in by_volume}
    fees |= {c.name: serve_above(c, p, *quoted[c.name]) for c in by_volume}
    for c in p.contracts:
        fee = fees[c.name] - service_credit(c, p, fees[c.name])
        credited, paid_in = prepay(c, p, fee)
        p.book(f"{c.name}.due", fee - credited + paid_in, claim=c.name)
        p.profit += paid_in - credited  # C40: the fee is the cost, whoever pays it
        if "renegotiation" in c.clauses:  # C43
            p.book(f"{c.name}.instalment", fall_due(p, c), claim=c.name, shadow=False, profit=False)
        if c.side == BUYER and c.noticed_in < p.m and not fee_at_notice(c) and p.m == c.last:
            charge_exit_fee(p, c)


def move_fee(c: Contract, p: Path) -> None:
    """C29: index factor and reopener, from the first month of the term."""
    index, reopener = c.clause("indexation"), c.clause("reopener")
    if not c.first <= p.m <= c.end:
        return
    if index is not None:
        if p.m == c.first:
            c.index_base = p.index
        seen = p.months["price.index"][max(0, p.m - int(index.lag))]
        capped = min(float("inf") if index.cap is None else index.cap, max(index.floor, seen / c.index_base))
        c.index_factor = 1.0 - index.share + index.share * capped
    since = p.m - c.first
    if reopener is not None and since > 0 and since % int(reopener.every) == 0:
        up = float("inf") if reopener.up is None else reopener.up
        moved = 1.0 + reopener.share * (price_ratio(p, c) - 1.0)
        c.reopened *= min(1.0 + up, max(1.0 - reopener.down, moved))


def delivered(c: Contract, p: Path) -> float:
    """C35: the share delivered this month; nothing when the contract has ended."""
    if not is_live(c, p.m):
        return 0.0
    delivery = c.clause("delivery")
    if delivery is None:
        return 1.0
    return min(c.kept, max(0.0, min(1.0, p.m - (c.signing - 1) - delivery.delay)))


def quote(c: Contract, p: Path) -> tuple[float, float]:
    """(fee of a full month, capacity in full), nought unless the contract is live."""
    if not is_live(c, p.m):
        c.share = 0.0
        return 0.0, 0.0
    c.share = delivered(c, p)
    return scheduled(c, p, p.m) * c.index_factor * c.reopened, capacity_value(c, p, p.m)


def serve_flat(c: Contract, p: Path) -> float:
    fee, value = quote(c, p)
    capacity = value * c.share
    used = min(capacity, p.uncovered) if p.of("compute") else capacity  # without [compute] it counts as used
    p.uncovered -= used if p.of("compute") else 0.0
    leave(c, p, capacity, used, capacity - used)
    return fee * c.share


def leave(c: Contract, p: Path, capacity: float, used: float, stranded: float) -> None:
    p.stranded += stranded
    for x, value in (("capacity", capacity), ("used", used), ("stranded", stranded)):
        p.note(f"{c.name}.{x}", value)
    if c.clause("delivery") is not None:
        p.mark(f"{c.name}.delivered", c.share)
    if c.clause("resale") is not None:  # C36
        p.book(f"{c.name}.resale.proceeds", stranded * (1.0 - c.clause("resale").haircut) * p.index)


def serve_minimum(c: Contract, p: Path) -> tuple[float, float, float, float]:
    """(price of a unit, volume, what may be taken above the minimum, minimum used). C30: the minimum is α x commitment."""
    terms = c.clause("take_or_pay")
    fee, value = quote(c, p)
    volume, unit = value * c.share, fee / value if value > 0.0 else 0.0
    limit = float("inf") if terms.capacity is None else terms.capacity
    promised = min(c.minimum * volume, limit)
    used = min(p.uncovered, promised)
    p.uncovered -= used
    leave(c, p, volume, used, promised - used)
    return unit, volume, max(0.0, limit - c.minimum * volume) if volume > 0.0 else 0.0, used


def serve_above(c: Contract, p: Path, unit: float, volume: float, room: float, used: float) -> float:
    """C30: out of the make-up bank without pay, then paid while the contract is cheaper than the market. Returns the fee."""
    terms = c.clause("take_or_pay")
    free = min(p.uncovered, room, sum(entry[1] for entry in c.unused))
    more = min(p.uncovered - free, room - free) if unit < p.index else 0.0
    p.uncovered -= free + more
    p.note(f"{c.name}.used", used + free + more)
    taken = used + more  # and paid for
    short = max(0.0, c.minimum * volume - taken)
    lowered = min(short, sum(entry[1] for entry in c.above))
    take(c.unused, free)
    take(c.above, lowered)
    keep(c.unused, p.m, short, terms.make_up)  # before carry-forward
    keep(c.above, p.m, max(0.0, taken - c.minimum * volume), terms.carry_forward)
    if p.m > c.last:  # both lapse when the contract ends
        c.unused, c.above = [], []
    p.mark(f"{c.name}.take_or_pay.make_up_bank", sum(entry[1] for entry in c.unused))
    p.mark(f"{c.name}.take_or_pay.carried", sum(entry[1] for entry in c.above))
    return (taken + short - lowered) * unit


def take(bank: list[list[float]], volume: float) -> None:
    """Oldest first."""
    for entry in bank:
        now = min(volume, entry[1])
        entry[1] -= now
        volume -= now


def keep(bank: list[list[float]], m: int, volume: float, life: float) -> None:
    """Entries expire at the close of the n-th month after theirs."""
    if life > 0:
        bank.append([m, volume])
    bank[:] = [entry for entry in bank if m < entry[0] + int(life)]


def service_credit(c: Contract, p: Path, fee: float) -> float:
    terms = c.clause("service_credit")
    if terms is None:
        return 0.0
    seen = drawn_value(terms.availability, p, f"{c.name}.service_credit.availability", 0)
    credit = float(fee * min(terms.cap, terms.slope * max(0.0, terms.target - seen)))
    p.note(f"{c.name}.service_credit.credit", credit)
    return credit


def prepay(c: Contract, p: Path, fee: float) -> tuple[float, float]:
    """C49: (credited against this month's fee, paid in). In equal parts over months a … b; by default from the month after the
    one in which it is paid, because it is credited against later fees, to the contract's end on this path."""
    terms = c.clause("prepayment")
    if terms is None:
        return 0.0, 0.0
    paid_in = 0.0
    if terms.share > 0.0 and p.m == c.signing >= 1:
        paid_in = c.prepaid - terms.opening_credit
        c.credit += paid_in
    p.mark(f"{c.name}.credit", c.credit)
    first = c.signing + 1 if terms.share > 0.0 and c.signing >= 1 else c.signing
    begin = max(1, min(first, c.signed_end) if terms.credit_from is None else p.number(terms.credit_from))
    until = max(begin, c.signed_end if terms.credit_until is None else p.number(terms.credit_until))
    if p.m < begin:
        return 0.0, paid_in
    entitled = c.prepaid * min(1.0, (p.m - begin + 1) / (until - begin + 1))
    credited = max(0.0, min(fee, c.credit, entitled - c.credited))
    c.credit -= credited
    c.credited += credited
    p.mark(f"{c.name}.credit", c.credit)
    return credited, paid_in


def hand_over_deposits(p: Path) -> None:
    """A deposit is paid in the contract's first month."""
    for c in p.contracts:
        terms = c.clause("security")
        if terms is not None and p.m == c.signing >= 1:
            c.deposit = terms.deposit
            p.book(f"{c.name}.security.paid_in", terms.deposit, claim=c.name, burn=False)


def settle_credit_and_deposits(p: Path) -> None:
    """C49: unused credit comes back in the last month of a supplier's notice, a share of it from one that failed, else it is
    lost. The deposit comes back in the last month, unless the path is in default."""
    for c in p.contracts:
        failure = c.clause("failure")
        recovered = failure.recovery if c.side == FAILED else 1.0
        if c.clause("prepayment") is not None and p.m >= c.last:
            back = c.credit * recovered if p.m == c.last and c.side in (SUPPLIER, FAILED) else 0.0
            c.credit = 0.0
            p.book(f"{c.name}.prepayment.returned", back, burn=False)
            p.mark(f"{c.name}.credit", 0.0)
        if c.clause("security") is not None and p.running and p.m >= c.last:
            p.book(f"{c.name}.security.returned", c.deposit * recovered, burn=False)
            c.deposit = 0.0


def fall_due(p: Path, c: Contract) -> float:
    """C43: equal parts of what was deferred."""
    if not c.instalments_left or not p.running:
        return 0.0
    amount = c.deferred / c.instalments_left
    c.deferred -= amount
    c.instalments_left -= 1
    return amount
