"""Contracts with any clauses, and any financing, for random scenarios (tests/companies.py)."""

from __future__ import annotations

from companies_text import Writer, lines


def contract(w: Writer, name: str) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    start, length = w.int(-6, 20), w.int(1, 60)
    end = start + length
    flat = w.coin()
    by_volume = w.computing and w.int(0, 3) == 0
    found = [
        f"[contracts.{name}]",
        amounts(w, start, end),
        f"rank = {w.int(1, 5)}",
        f'unit_price = "5 $/GPU-h"\nmarket_unit_price = {number(3, 7, " $/GPU-h")}',
        f"mitigation = {number(0, 0.5)}" if flat else "",
        maybe(f"capacity_value = {number(0, 0.5, 'B/mo')}"),
        rarely(f"escalator = {number(-5, 20, ' %/yr')}"),
        rarely(f"scale = {number(0.5, 1.5)}"),
        maybe(f'cure = "{w.one_of(["0", "30", "90"])} days"'),
        rarely(f"late_interest = {number(0, 3, ' %/mo')}"),
        rarely(f"arrears = {number(0.05, 0.2, 'B')}\narrears_months = {w.int(0, 3)}"),
        rarely(f"recovery = {w.share()}"),
        *(amendment(w, name, k, start, end) for k in range(w.int(0, 2) if w.coin() else 0)),
        *rights(w, name),
        *fee_clauses(w, name, start, by_volume),
        *ends(w, name),
    ]
    if not flat:
        found.append(maybe(f"[contracts.{name}.reletting]\nvacancy = {number(0, 0.8)}"))
    if w.computing and not by_volume:
        found.append(maybe(f"[contracts.{name}.resale]\nhaircut = {number(0, 0.9)}"))
    return lines(*found)


def amounts(w: Writer, start: int, end: int) -> str:
    """A fee with steps and ramp over a term, or a schedule that leaves months out."""
    if w.int(0, 4) == 0:
        months = sorted({start, end, *(w.int(start, end) for _ in range(4))})
        listed = ", ".join(f"{w.label(m)} = {w.number(0, 0.5, 'B/mo')}" for m in months)
        return lines(f"schedule = {{ {listed} }}", w.rarely(f"end = {w.label(w.int(start, end))}"))
    return lines(
        f"fee = {w.number(0, 0.4, 'B/mo')}\nstart = {w.label(start)}\nend = {w.label(end)}",
        w.rarely(f"ramp = {{ {w.label(start)} = {w.number(0, 1)} }}"),
        w.rarely(f"steps = {{ {w.label(w.int(start, end))} = {w.number(0, 0.5, 'B/mo')} }}"),
    )


def amendment(w: Writer, name: str, k: int, start: int, end: int) -> str:
    since = w.int(start, end + 5)
    change = w.one_of([f"fee = {w.number(0, 0.5, 'B/mo')}", f"change = {w.number(-0.3, 0.3, 'B/mo')}", ""])
    until = f"end = {w.label(w.int(since, end + 20))}"
    return lines(
        f"[contracts.{name}.amendments.a{k}]\nstart = {w.label(since)}",
        change,
        until if not change else w.maybe(until),
        f"probability = {w.chance()}",
    )


def rights(w: Writer, name: str) -> list[str]:
    """Who may leave."""
    number, maybe, found = w.number, w.maybe, []
    if w.coin():
        rules = ['runway_below = "12 mo"', 'liquidity_below = "1B"', 'liquidity_below = "4B"']
        rules += ["price_ratio_below = 0.9", 'price_ratio_below = 0.9, runway_below = "20 mo"'] * w.priced
        rules += ["stranded = true"] * w.computing
        found += [
            f"[contracts.{name}.exit.buyer]",
            f"notice = {number(0, 150, ' days')}\nlock_in = {number(0, 200, ' days')}",
            f'when = [{{ {w.one_of(rules)} }}]\nfee_at = "{w.one_of(["end", "notice"])}"',
            maybe(f"fee = {number(0, 1, 'B')}"),
            maybe(f"fee_share = {number(0, 0.5)}"),
        ]
    if w.coin():
        w.shocks.append(f"contracts.{name}.exit.supplier")
        found += [
            f"[contracts.{name}.exit.supplier]",
            f"notice = {number(0, 150, ' days')}\nlock_in = {number(0, 200, ' days')}",
            f"hazard = {number(0, 60, ' %/yr')}",
            "" if w.priced else "gamma = 0.0",
            maybe(f"recall = {{ revenue_lost = {number(0, 0.5)}, months = {w.span(0, 8)} }}"),
        ]
    return found


def fee_clauses(w: Writer, name: str, start: int, by_volume: bool) -> list[str]:
    number, maybe, rarely, found = w.number, w.maybe, w.rarely, []
    if w.int(0, 3) == 0:
        w.late.append(name)
        late = w.one_of(["wait", "leave", "shrink"])
        grace = "" if late == "wait" else f'grace = {w.whole(0, 4)}\nwhen_late = "{late}"'
        found += [f"[contracts.{name}.delivery]\ndelay = {number(0, 8, ' mo')}", grace]
    if w.int(0, 3) == 0:
        begins = w.int(max(start, -2) - 1, start + 6)
        found += [
            f"[contracts.{name}.prepayment]",
            f"share = {number(0.05, 0.5)}" if start >= 1 else f"opening_credit = {number(0.1, 2, 'B')}",
            rarely(f"opening_credit = {number(0, 0.3, 'B')}") if start >= 1 else "",
            maybe(f"credit_from = {w.label(begins)}\ncredit_until = {w.label(max(begins, start) + w.int(0, 12))}"),
        ]
    found.append(
        rarely(lines(f"[contracts.{name}.security]\ndeposit = {number(0, 0.5, 'B')}", maybe('guarantee = "50M"')))
    )
    if w.priced:
        limits = lines(rarely(f"floor = {w.fixed(0.5, 0.9)}"), rarely(f"cap = {w.fixed(1, 1.5)}"))
        found += [
            rarely(f"[contracts.{name}.indexation]\nshare = {w.share(0, 1)}\nlag = {w.whole(0, 4)}\n{limits}"),
            rarely(
                lines(
                    f"[contracts.{name}.reopener]\nevery = {w.whole(2, 12)}",
                    maybe(f"share = {w.share(0, 1)}"),
                    maybe(f"up = {number(0, 0.3)}\ndown = {number(0, 0.5)}"),
                )
            ),
        ]
    seen = w.one_of(["0.97", "{ triangular = { low = 0.9, mode = 0.99, high = 1.0 } }"])
    target = f"availability = {seen}\ntarget = 0.99\nslope = {number(0, 6)}"
    found.append(rarely(f"[contracts.{name}.service_credit]\n{target}\n" + maybe("cap = 0.2")))
    if by_volume:
        found += [
            f"[contracts.{name}.take_or_pay]\nminimum = {w.share(0.2, 1)}",
            maybe(f"capacity = {number(0.05, 0.5, 'B/mo')}"),
            maybe(f"make_up = {w.whole(1, 8)}"),
            maybe(f"carry_forward = {w.whole(1, 8)}"),
        ]
    return found


def ends(w: Writer, name: str) -> list[str]:
    """How it may go on or break off."""
    number, maybe, found = w.number, w.maybe, []
    if w.coin():
        found += [
            f"[contracts.{name}.renewal]",
            f"probability = {number(0.3, 0.9)}\nshare = {number(0.5, 1.5)}",
            f"term = {w.whole(1, 20)}",
            maybe(f"lock_in = {number(0, 200, ' days')}"),
        ]
    if w.coin():
        lost = f"{{ revenue_lost = {number(0, 0.5)}, months = {w.span(0, 8)} }}"
        hazard = f"hazard = {number(0, 40, ' %/yr')}"
        found += [f"[contracts.{name}.failure]\n{hazard}", maybe(f"recovery = {w.share()}"), maybe(f"recall = {lost}")]
    if w.coin():
        terms = f"probability = {w.chance()}\ninstalments = {w.int(1, 12)}"
        found.append(f"[contracts.{name}.renegotiation]\n{terms}")
    return found


# --- financing -------------------------------------------------------------------------------------------------------


def financing(w: Writer) -> str:
    found = [rounds(w, name) for name in ("rounds", "bridge") if w.int(0, 2) == 0 or (name == "rounds" and w.coin())]
    found += [line(w, f"line{k}") for k in range(w.int(0, 2))]
    found += [loan(w, f"loan{k}") for k in range(w.int(0, 2))]
    found += [w.maybe(tranche(w)), offering(w) if w.int(0, 2) else ""]
    return lines(*found)


def price_of_debt(w: Writer) -> str:
    """A fixed rate, or a spread over the reference rate."""
    if w.rated and w.coin():
        floor = w.rarely(f"reference_floor = {w.number(0, 2, ' %/yr nominal')}")
        return lines(f"spread = {w.number(0, 8, ' %/yr nominal')}", floor)
    return f"rate = {w.number(0, 10, ' %/yr nominal')}"


def going_on(w: Writer, key: str) -> str:
    """What happens at maturity."""
    if w.coin():
        return ""
    price = ""
    if w.coin():
        kind = "spread" if w.rated and w.coin() else "rate"
        price = f", {kind} = {w.each(w.fixed(2, 9, ' %/yr nominal'), w.fixed(5, 15, ' %/yr nominal'))}"
    success = w.each(w.one_of(["0.9", "1.0", "0.6"]), w.one_of(["0.0", "0.3"]))
    return f"{key} = {{ success = {success}, term = {w.whole(2, 20)}{price} }}"


def line(w: Writer, name: str) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    return lines(
        f'[financing.{name}]\ntype = "revolver"\nlimit = {number(0.2, 2, "B")}',
        price_of_debt(w),
        maybe(f"commitment_fee = {number(0, 2, ' %/yr nominal')}"),
        maybe("draw_stop = false"),
        rarely(f"rank = {w.int(1, 5)}\ncure = {number(0, 60, ' days')}\nlate_interest = {number(0, 3, ' %/mo')}"),
        lines(f"maturity = {w.month(1, 58)}", going_on(w, "renewal")) if w.coin() else "",
        maybe('drawn = "0.1B"'),
    )


def loan(w: Writer, name: str) -> str:
    drawn = w.int(1, 12) if w.coin() else 0
    maturity = drawn + w.int(1, 55)
    amortising = w.coin()
    return lines(
        f'[financing.{name}]\ntype = "term_debt"\nprincipal = {w.number(0, 1.5, "B")}\nmaturity = {w.label(maturity)}',
        price_of_debt(w),
        f"drawn = {w.label(drawn)}" if drawn else "",
        'repayment = "amortising"' if amortising else "",
        w.maybe(f"first_repayment = {w.label(w.int(max(1, drawn), maturity))}") if amortising else "",
        w.rarely(f"rank = {w.int(1, 5)}\ncure = {w.number(0, 60, ' days')}\nlate_interest = {w.number(0, 3, ' %/mo')}"),
        going_on(w, "refinancing"),
    )


def rounds(w: Writer, name: str) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    comes, looked_for = f"every = {number(4, 9, ' mo')}", sought(w)
    law = '{ lognormal = { p10 = "0.1B", p90 = "1B" } }'
    other = w.one_of(
        ['"0.2B"', '{ uniform = { low = "0.1B", high = "0.3B" } }', '{ p10 = "50M", p50 = "0.1B", p90 = "1B" }']
    )
    w.shocks.append(f"financing.{name}.success")
    return lines(
        f'[financing.{name}]\ntype = "priced_round"',
        w.one_of([comes, looked_for, f"{comes}\n{looked_for}"]),
        f"lag = {w.whole(0, 3)}",
        f"success = {w.each('0.8', w.one_of(['0.1', '0.0']))}",
        f'arrival = "{w.one_of(["poisson", "bernoulli"])}"',
        f"size = {w.each(law, other)}",
        maybe(f"multiple = {w.each(number(2, 20), number(1, 8))}"),
        rarely(f"growth = {{ sensitivity = {number(0, 3)}, expected = {number(-0.2, 0.4, ' log/yr')} }}"),
        rarely(f"first = {w.month(1, 20)}"),
    )


def sought(w: Writer) -> str:
    trigger = w.one_of(
        ['runway_below = "12 mo"', 'liquidity_below = "2B"', 'runway_below = "6 mo", liquidity_below = "1B"']
    )
    return f"sought = {{ {trigger}{w.rarely(f', pause = {w.whole(1, 5)}')} }}"


def tranche(w: Writer) -> str:
    gates = [f"month = {w.month(1, 30)}", f"run_rate_above = {w.number(4, 25, 'B/yr')}"]
    gates += [f'delivered = "{name}"' for name in w.late]
    chosen = [g for g in gates if w.coin()] or gates[:1]
    delivered = [g for g in chosen if g.startswith("delivered")][:1]
    chosen = [g for g in chosen if not g.startswith("delivered")] + delivered
    return lines(
        f'[financing.partner]\ntype = "tranche"\namount = {w.number(0, 2, "B")}\nprobability = {w.chance()}',
        *chosen,
        w.rarely(f"delay = {w.number(0, 6, ' mo')}"),
    )


def offering(w: Writer) -> str:
    first = w.int(1, 10)
    w.once += ["financing.ipo.month", "financing.ipo.success"]
    worth = w.one_of(["", f"valuation = {w.number(5, 100, 'B')}", f"multiple = {w.each('9', '3')}"])
    return lines(
        f'[financing.ipo]\ntype = "offering"\nproceeds = "2B"\nprobability = {w.chance()}',
        f"first = {w.label(first)}\nlast = {w.label(first + w.int(0, 9))}",
        w.rarely(f"lag = {w.whole(1, 4)}"),
        'shut = "shut"' if w.market and w.coin() else "",
        worth,
    )
