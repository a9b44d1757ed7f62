"""Whole scenarios at random: any drivers, up to five contracts with any clauses, any flows and financing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

EPOCH = 2026 * 12 + 10  # the ordinal of 2026-11, the first month


@dataclass
class Writer:
    """Draws the pieces of a scenario's text."""

    draw: st.DrawFn

    def number(self, low: float, high: float, unit: str = "") -> str:
        """A number of the range as a file writes it; one in four is uniformly distributed around it."""
        x = low + self.draw(st.integers(0, 20)) / 20 * (high - low)
        written = [
            f"{value:.6g}" for value in (x, 0.9 * x if x > 0 else 1.1 * x, (1.1 * x if x > 0 else 0.9 * x) + 1e-6)
        ]
        point, less, more = (f'"{w}{unit}"' if unit else w for w in written)
        return point if self.draw(st.integers(0, 3)) else f"{{ uniform = {{ low = {less}, high = {more} }} }}"

    def one_of(self, values: Sequence[object]) -> object:
        return self.draw(st.sampled_from(list(values)))

    def maybe(self, line: str) -> str:
        """The line in two of three cases."""
        return line if self.draw(st.integers(0, 2)) else ""

    def month(self, low: int, high: int) -> str:
        at = EPOCH + self.draw(st.integers(low, high)) - 1
        return f'"{at // 12:04d}-{at % 12 + 1:02d}"'

    def coin(self) -> bool:
        return self.draw(st.booleans())


def lines(*given: str) -> str:
    return "\n".join(line for line in given if line)


def treasury(w: Writer) -> str:
    number, maybe = w.number, w.maybe
    return lines(
        f"[opening]\ncash = {number(0.5, 8, 'B')}",
        maybe(f"[treasury]\ninterest = {number(0, 6, ' %/yr')}\ntarget_cash = {number(0, 1, 'B')}"),
        "[default]",
        f'cure = "{w.one_of([0, 10, 30, 60])} days"',
        f"late_interest = {number(0, 2, ' %/mo')}",
        f"stop_at_default = {w.one_of(['true', 'true', 'false'])}",
        maybe(f"floor = {number(0.1, 1, 'B')}"),
    )


def revenue(w: Writer) -> str:
    number, maybe = w.number, w.maybe
    shared = f"run_rate = {number(4, 20, 'B/yr')}"
    if w.coin():
        law = lines(
            '[revenue]\ntype = "geometric_brownian"',
            shared,
            f"growth = {number(-0.3, 0.3, ' log/yr')}",
            f"volatility = {number(0, 60, ' %/yr')}",
        )
    else:
        law = lines(
            '[revenue]\ntype = "mean_reverting_growth"',
            shared,
            f"growth = {number(-0.05, 0.08, ' log/mo')}",
            f"long_run_growth = {number(-0.02, 0.02, ' log/mo')}",
            f"gap_decay = {number(0, 0.3, ' /mo')}",
            maybe(f"growth_volatility = {number(0, 40, ' %/yr')}"),
            fading(w),
            maybe(f"noise = {{ sd = {number(0, 0.1)}, persistence = {number(0, 0.8)} }}"),
        )
    return lines(
        law,
        maybe(f"[revenue.customer_loss]\nhazard = {number(0, 80, ' %/yr')}\nsize = {number(0, 0.5)}"),
        f"[operations]\npartner_share = {number(0, 0.2)}\nvariable_cost = {number(0, 0.2)}",
        maybe("collections = [0.5, 0.3, 0.2]"),
    )


def fading(w: Writer) -> str:
    if w.coin():
        return ""
    return lines(
        f"volatility_decay = {w.number(0, 2, ' /yr')}",
        f"long_run_growth_volatility = {w.number(0, 20, ' %/yr')}",
        w.maybe(f"volatility = {w.number(0, 60, ' %/yr')}\nlong_run_volatility = {w.number(0, 20, ' %/yr')}"),
    )


def price(w: Writer) -> str:
    return lines(
        '[price]\ntype = "forward_curve"',
        f"curve.now = {w.number(0.5, 1.5)}",
        f"curve.drift = {w.number(-0.4, 0.4, ' log/yr')}",
        w.maybe(f"curve.drift_for = {w.number(1, 30, ' mo')}"),
        f"volatility = {w.number(0, 80, ' %/yr')}",
        f"reversion = {w.number(0, 2, ' /yr')}",
    )


def compute(w: Writer) -> str:
    start, floor, decay = w.number(0.2, 0.8), w.number(0.1, 0.6), w.number(0, 0.2, " /mo")
    return lines(
        f"[compute]\nneed = {{ start = {start}, floor = {floor}, decay = {decay} }}",
        w.maybe('overflow = "always"'),
        w.maybe(f"depth = {w.number(0, 0.4, 'B/mo')}"),
    )


def contract(w: Writer, name: str, priced: bool, computing: bool) -> str:
    number, maybe = w.number, w.maybe
    start, length = w.draw(st.integers(-6, 20)), w.draw(st.integers(1, 60))
    found = [
        f"[contracts.{name}]",
        f"fee = {number(0, 0.4, 'B/mo')}",
        f"start = {w.month(start, start)}\nend = {w.month(start + length, start + length)}",
        f"rank = {w.draw(st.integers(1, 5))}",
        f'unit_price = "5 $/GPU-h"\nmarket_unit_price = {number(3, 7, " $/GPU-h")}',
        f"mitigation = {number(0, 0.5)}" if (flat := w.coin()) else "",
        maybe(f"capacity_value = {number(0, 0.5, 'B/mo')}"),
        maybe(f'cure = "{w.one_of([0, 30, 90])} days"'),
    ]
    if w.coin():
        rules = ['runway_below = "12 mo"', 'liquidity_below = "1B"']
        rules += ["price_ratio_below = 0.9"] * priced + ["stranded = true"] * computing
        found += [
            f"[contracts.{name}.exit.buyer]",
            f"notice = {number(0, 150, ' days')}\nlock_in = {number(0, 200, ' days')}",
            f'when = [{{ {w.one_of(rules)} }}]\nfee_at = "{w.one_of(["end", "notice"])}"',
            maybe(f"fee = {number(0, 1, 'B')}"),
            maybe(f"fee_share = {number(0, 0.5)}"),
        ]
    if w.coin():
        found += [
            f"[contracts.{name}.exit.supplier]",
            f"notice = {number(0, 150, ' days')}\nlock_in = {number(0, 200, ' days')}",
            f"hazard = {number(0, 60, ' %/yr')}",
            "" if priced else "gamma = 0.0",
            maybe(f"recall = {{ revenue_lost = {number(0, 0.5)}, months = {number(0, 8, ' mo')} }}"),
        ]
    if w.coin():
        found += [
            f"[contracts.{name}.renewal]",
            f"probability = {number(0.3, 0.9)}\nshare = {number(0.5, 1.5)}",
            f'term = "{w.draw(st.integers(1, 20))} mo"',
            maybe(f"lock_in = {number(0, 200, ' days')}"),
        ]
    if w.coin():
        lost = f"{{ revenue_lost = {number(0, 0.5)}, months = {number(0, 8, ' mo')} }}"
        found += [f"[contracts.{name}.failure]\nhazard = {number(0, 40, ' %/yr')}", maybe(f"recall = {lost}")]
    if w.coin():
        spread = w.draw(st.integers(1, 12))
        found.append(f"[contracts.{name}.renegotiation]\nprobability = {number(0, 0.9)}\ninstalments = {spread}")
    if not flat:
        found.append(maybe(f"[contracts.{name}.reletting]\nvacancy = {number(0, 0.8)}"))
    if computing:
        found.append(maybe(f"[contracts.{name}.resale]\nhaircut = {number(0, 0.9)}"))
    return lines(*found)


def flows(w: Writer, priced: bool) -> str:
    number, maybe = w.number, w.maybe
    event = f"amount = {number(0, 2, 'B')}\nmonth = {w.month(1, 40)}\nprobability = {number(0, 0.9)}"
    size = w.one_of(
        ['"30M"', '{ lognormal = { p10 = "5M", p90 = "200M" } }', '{ p10 = "5M", p50 = "20M", p90 = "90M" }']
    )
    events = f"rate = {number(0, 20, ' /yr')}\namount = {size}\ncompensated = {w.one_of(['true', 'false'])}"
    noise = 'direction = "in"\namount = { normal = { mean = "0M/mo", sd = "100M/mo" } }'
    return lines(
        f"[flows.expense]\namount = {number(0, 6, 'B/yr')}\ngrowth = {number(-10, 30, ' %/yr')}",
        maybe('indexed = "price"') if priced else "",
        maybe(f'[flows.event]\ntype = "one_off"\n{event}'),
        maybe(f'[flows.accidents]\ntype = "arrivals"\n{events}'),
        maybe(f'[flows.noise]\ntype = "random"\n{noise}'),
    )


def financing(w: Writer, market: bool) -> str:
    number, maybe = w.number, w.maybe
    found = []
    if w.coin():
        found += [
            '[financing.rounds]\ntype = "priced_round"',
            f'every = {number(2, 9, " mo")}\nlag = "{w.draw(st.integers(0, 3))} mo"',
            f"success = {{ open = 0.8, shut = {w.one_of(['0.1', '0.0'])} }}" if market else "success = 0.5",
            f'arrival = "{w.one_of(["poisson", "bernoulli"])}"',
            'size = { lognormal = { p10 = "0.1B", p90 = "1B" } }',
        ]
    for k in range(w.draw(st.integers(0, 2))):
        found += [
            f'[financing.line{k}]\ntype = "revolver"',
            f"limit = {number(0.2, 2, 'B')}\nrate = {number(0, 10, ' %/yr nominal')}",
            maybe(f"commitment_fee = {number(0, 2, ' %/yr nominal')}"),
            maybe("draw_stop = false"),
            maybe(f"maturity = {w.month(5, 58)}"),
            maybe('drawn = "0.1B"'),
        ]
    partner = f"amount = {number(0, 2, 'B')}\nmonth = {w.month(1, 30)}\nprobability = {number(0, 0.9)}"
    window = 'proceeds = "2B"\nprobability = 0.6\nfirst = "2027-01"\nlast = "2027-08"'
    found.append(maybe(f'[financing.partner]\ntype = "tranche"\n{partner}'))
    found.append(
        maybe(f'[financing.ipo]\ntype = "offering"\n{window}' + ('\nshut = "shut"' if market and w.coin() else ""))
    )
    return lines(*found)


@st.composite
def companies(draw: st.DrawFn) -> str:
    """The text of a valid scenario."""
    w = Writer(draw)
    priced, computing, market = w.coin(), w.coin(), w.coin()
    return lines(
        treasury(w),
        revenue(w),
        price(w) if priced else "",
        compute(w) if computing else "",
        *(contract(w, f"c{k}", priced, computing) for k in range(draw(st.integers(0, 5)))),
        flows(w, priced),
        '[market]\nregimes = ["open", "shut"]\nsojourn = ["9 mo", "5 mo"]' if market else "",
        financing(w, market),
    )
