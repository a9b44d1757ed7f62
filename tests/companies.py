"""Whole scenarios at random, of every law, clause, financing rule, policy and ending there is.

Any drivers, up to five contracts with any clauses, any flows, financing, policies, alternatives, recovery, tax and dependence.
tests/companies_deals.py writes contracts and financing, tests/companies_price.py the price of compute.
"""

from __future__ import annotations

from companies_deals import contract, financing
from companies_price import chain, jumps, price, three_states
from companies_text import EPOCH, Writer, lines
from hypothesis import strategies as st

__all__ = ["EPOCH", "companies"]


def treasury(w: Writer) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    recovery = w.one_of(["0.4", "{ beta = { mean = 0.4, sd = 0.2 } }", "{ uniform = { low = 0.1, high = 0.9 } }"])
    w.shared = w.coin()
    return lines(
        "[opening]",
        f"cash = {w.shared_input('cash', number(0.5, 8, 'B'))}",
        rarely(f"receivables = {number(0, 3, 'B')}"),
        rarely(f"arrears = {number(0.05, 0.5, 'B')}\narrears_months = {w.int(0, 2)}"),
        rarely(f"restricted_cash = {number(0.1, 1, 'B')}\n" + maybe(f"restricted_until = {w.month(1, 50)}")),
        rarely(f"valuation = {number(10, 200, 'B')}"),
        "[treasury]",
        maybe(f"interest = {number(0, 6, ' %/yr')}\ntarget_cash = {number(0, 1, 'B')}"),
        maybe(f"tax_rate = {w.one_of(['0.25', '0.1'])}\n" + maybe(f"tax_losses = {number(0, 3, 'B')}")),
        "[default]",
        f'cure = "{w.one_of(["0", "10", "30", "60"])} days"',
        f"late_interest = {number(0, 2, ' %/mo')}",
        f"stop_at_default = {w.one_of(['true', 'true', 'false'])}",
        maybe(f"floor = {number(0.1, 1, 'B')}\n" + maybe(f"floor_cure = {number(0, 100, ' days')}")),
        rarely(f"debt_to_revenue = {number(0.02, 0.5)}\n" + maybe(f"debt_cure = {number(0, 100, ' days')}")),
        maybe(f"[recovery]\nunsecured = {recovery}\nsecured = {w.share(0.5)}"),
    )


# --- drivers ---------------------------------------------------------------------------------------------------------


def revenue(w: Writer) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    laws = ("geometric_brownian", "mean_reverting_growth", "logistic", "bootstrap", "plan", "regime_switching")
    law = w.one_of(laws)
    start = "" if law == "plan" else f"run_rate = {number(4, 20, 'B/yr')}"
    w.shocks += ["revenue.start"] if law == "bootstrap" else ["revenue.level"]
    rising = f"volatility = {number(0, 60, ' %/yr')}"
    own = {
        "geometric_brownian": lambda: lines(f"growth = {number(-0.3, 0.3, ' log/yr')}", rising),
        "mean_reverting_growth": lambda: lines(
            f"growth = {number(-0.05, 0.08, ' log/mo')}",
            f"long_run_growth = {number(-0.02, 0.02, ' log/mo')}",
            f"gap_decay = {number(0, 0.3, ' /mo')}",
            maybe(f"growth_volatility = {number(0, 40, ' %/yr')}"),
            fading(w),
            rarely(f"market_price_of_risk = {number(-0.5, 0.5, ' /sqrt(yr)')}"),
            maybe(f"noise = {{ sd = {number(0, 0.1)}, persistence = {number(0, 0.8)} }}"),
        ),
        "logistic": lambda: lines(
            f"ceiling = {number(10, 40, 'B/yr')}", f"growth = {number(-0.2, 1.5, ' log/yr')}", rising
        ),
        "bootstrap": lambda: lines(
            "growth = [" + ", ".join(w.fixed(-0.1, 0.1, " log/mo") for _ in range(w.int(3, 8))) + "]",
            f"block = {w.whole(1, 3)}",
        ),
        "plan": lambda: lines(
            by_month(w, (-3, 8, 30), 4, 20, "B/yr", "plan"),
            maybe(f"scale = {number(0.5, 1.5)}"),
            maybe(rising + f"\nreversion = {number(0, 2, ' /yr')}"),
        ),
        "regime_switching": lambda: by_its_own_regimes(w),
    }
    w.shocks += {"mean_reverting_growth": ["revenue.growth"], "regime_switching": ["revenue.regime"]}.get(law, [])
    loss = maybe(f"[revenue.customer_loss]\nhazard = {number(0, 80, ' %/yr')}\nsize = {number(0, 0.5)}")
    w.shocks += ["revenue.customer_loss.event"] if loss else []
    return lines(
        f'[revenue]\ntype = "{law}"',
        start,
        own[law](),
        loss,
        jumps(w, "revenue", rarely(f"compensated = {w.one_of(['true', 'false'])}")),
        growth_of_market(w),
        f"[operations]\npartner_share = {number(0, 0.2)}",
        maybe("collections = " + w.one_of(["[0.5, 0.3, 0.2]", "[0.0, 1.0]", "[0.9]"])),
        f"variable_cost = {number(0, 0.2)}" if w.coin() else cost_share(w),
    )


def by_its_own_regimes(w: Writer) -> str:
    n = w.int(2, 3)
    growth = [w.number(0, 0.5, " log/yr"), w.number(-0.6, 0, " log/yr"), w.number(-0.3, 0.3, " log/yr")][:n]
    volatility = ", ".join(w.number(0, high, " %/yr") for high in (30, 60, 45)[:n])
    moves = chain(w, "boom", "slump") if n == 2 else three_states(w)
    return lines(moves, f"growth = [{', '.join(growth)}]", f"volatility = [{volatility}]")


def growth_of_market(w: Writer) -> str:
    if not w.market or w.coin():
        return ""
    grown = f"{{ open = {w.number(0, 0.3, ' log/yr')}, shut = {w.number(-0.5, 0, ' log/yr')} }}"
    return f"[revenue.market_growth]\ngrowth = {grown}"


def cost_share(w: Writer) -> str:
    number = w.number
    w.shocks.append("operations.cost_share.change")
    return lines(
        f"[operations.cost_share]\nnow = {number(0, 0.7)}\nlong_run = {number(0, 0.5)}",
        f"reversion = {number(0, 2, ' /yr')}\nvolatility = {number(0, 50, ' %/yr')}",
        w.maybe(f"volatility_decay = {number(0, 2, ' /yr')}\nlong_run_volatility = {number(0, 10, ' %/yr')}"),
    )


def by_month(w: Writer, months: tuple[int, ...], low: float, high: float, unit: str, key: str) -> str:
    listed = ", ".join(f"{w.label(m)} = {w.number(low, high, unit)}" for m in months)
    return f"{key} = {{ {listed} }}"


def fading(w: Writer) -> str:
    if w.coin():
        return ""
    return lines(
        f"volatility_decay = {w.number(0, 2, ' /yr')}",
        f"long_run_growth_volatility = {w.number(0, 20, ' %/yr')}",
        w.maybe(f"volatility = {w.number(0, 60, ' %/yr')}\nlong_run_volatility = {w.number(0, 20, ' %/yr')}"),
    )


def rates(w: Writer) -> str:
    if w.coin():
        w.shocks.append("rates.change")
        return lines(
            '[rates]\ntype = "vasicek"',
            f"now = {w.number(-1, 6, ' %/yr nominal')}\nlevel = {w.number(0, 5, ' %/yr nominal')}",
            f"volatility = {w.number(0, 4, ' %/yr')}\nreversion = {w.number(0.1, 1, ' /yr')}",
        )
    path = by_month(w, (-2, 5, 30), -1, 6, " %/yr nominal", "path")
    return lines('[rates]\ntype = "path"', path, w.maybe(f"shift = {w.number(-1, 2, ' %/yr nominal')}"))


def compute(w: Writer) -> str:
    start, floor, decay = w.number(0.2, 0.8), w.number(0.1, 0.6), w.number(0, 0.2, " /mo")
    return lines(
        f"[compute]\nneed = {{ start = {start}, floor = {floor}, decay = {decay} }}",
        w.maybe('overflow = "always"'),
        w.maybe(f"depth = {w.each(w.number(0, 0.6, 'B/mo'), w.number(0, 0.3, 'B/mo'))}"),
    )


# --- flows and policies ----------------------------------------------------------------------------------------------


def flows(w: Writer) -> str:
    number, maybe, rarely = w.number, w.maybe, w.rarely
    event = f"amount = {number(0, 2, 'B')}\nmonth = {w.month(1, 40)}\nprobability = {w.chance()}"
    size = w.one_of(
        [
            '"30M"',
            '{ lognormal = { p10 = "5M", p90 = "200M" } }',
            '{ p10 = "5M", p50 = "20M", p90 = "90M" }',
            '{ alternatives = [{ value = "10M", weight = 0.7 }, { value = "90M", weight = 0.3 }] }',
        ]
    )
    events = f"rate = {number(0, 18, ' /yr')}\namount = {size}\ncompensated = {w.one_of(['true', 'false'])}"
    normal = '{ normal = { mean = "0M/mo", sd = "100M/mo" } }'
    other = w.one_of(
        [
            '"-20M/mo"',
            '{ uniform = { low = "-90M/mo", high = "20M/mo" } }',
            '{ lognormal = { p10 = "10M/mo", p90 = "90M/mo" } }',
        ]
    )
    noise = f'direction = "{w.one_of(["in", "out"])}"\namount = {w.each(normal, other)}'
    plan = by_month(w, (1, 2, 9, 24), -0.2, 0.3, "B/mo", "schedule")
    later = f"start = {w.month(-3, 20)}\n" + maybe(f"end = {w.month(20, 62)}")
    indexed = 'indexed = "price"' if w.priced else ""
    amount = w.shared_input("burn", number(0, 6, "B/yr"))
    return lines(
        f"[flows.expense]\namount = {amount}\ngrowth = {number(-10, 30, ' %/yr')}",
        maybe(indexed),
        rent(w),
        rarely(f'[flows.licence]\ndirection = "in"\namount = {number(0, 1, "B/yr")}\n{later}'),
        maybe(f'[flows.happening]\ntype = "one_off"\n{event}\n' + rarely('direction = "in"')),
        maybe(f'[flows.accidents]\ntype = "arrivals"\n{events}\n' + rarely(later) + rarely('\ndirection = "in"')),
        maybe(f'[flows.noise]\ntype = "random"\n{noise}\n' + rarely(later)),
        rarely(
            lines(
                f'[flows.listed]\ntype = "schedule"\n{plan}',
                maybe(indexed),
                maybe("scale = 1.5"),
                maybe('direction = "in"'),
            )
        ),
    )


def rent(w: Writer) -> str:
    """A second expense, which may begin later and may be cut or frozen."""
    if w.int(0, 2):
        return ""
    w.expenses.append("rent")
    head = f"[flows.rent]\namount = {w.number(0, 0.5, 'B/yr')}\ngrowth = {w.number(0, 10, ' %/yr')}"
    return lines(head, f"start = {w.month(-3, 20)}", w.maybe(f"end = {w.month(20, 62)}"))


def policies(w: Writer) -> str:
    def trigger() -> str:
        runway, poor = f"runway_below = {w.number(2, 18, ' mo')}", f"liquidity_below = {w.number(0.2, 3, 'B')}"
        return w.one_of([runway, poor, f"{runway}\n{poor}"])

    def cut(name: str) -> str:
        flow = f'[policies.{name}]\ntype = "cut_expense"\nflow = "{w.one_of(w.expenses)}"'
        return lines(flow, f"cut = {w.share(0.1, 1)}", w.maybe(f"over = {w.span(3, 8)}"), trigger())

    freeze = lines(f'[policies.freeze]\ntype = "freeze_expense"\nflow = "{w.one_of(w.expenses)}"', trigger())
    return lines(w.rarely(cut("savings")), w.rarely(cut("deeper")), w.rarely(freeze))


# --- how things hang together ----------------------------------------------------------------------------------------


def dependence(w: Writer) -> str:
    """A table of two to four shocks; with small entries it is valid whatever they are."""
    if w.draw(st.integers(0, 2)) == 0 or len(w.shocks) < 2:
        return shared_inputs(w, "")
    count = w.int(2, min(4, len(w.shocks)))
    shocks = w.draw(st.permutations(w.shocks))[:count]

    def table() -> str:
        return (
            "["
            + ", ".join(f"[{', '.join([*(w.fixed(-0.3, 0.3) for _ in range(k)), '1.0'])}]" for k in range(count))
            + "]"
        )

    names = ", ".join(f'"{name}"' for name in shocks)
    text = lines(
        f"[dependence]\nshocks = [{names}]\ncorrelation = {table()}",
        w.maybe(f'copula = "t"\ndegrees_of_freedom = {w.number(2, 12)}'),
        w.maybe(f"regimes.shut = {table()}") if w.market else "",
    )
    return shared_inputs(w, text)


def shared_inputs(w: Writer, text: str) -> str:
    """[inputs] that several keys may draw, and their correlation."""
    if not w.shared:
        return text
    inputs = '[inputs]\ncash = { lognormal = { p10 = "1B", p90 = "9B" } }\nburn = { triangular = { low = "0.5B/yr", '
    inputs += 'mode = "2B/yr", high = "7B/yr" } }'
    table = 'inputs = { names = ["cash", "burn"], correlation = [[1.0], [-0.4, 1.0]] }'
    if w.coin():
        text = lines(text or "[dependence]", table)
    return lines(inputs, text)


def given_shocks(w: Writer) -> str:
    """Scores that are given instead of drawn."""
    if w.draw(st.integers(0, 3)) or not w.shocks:
        return ""
    normal = ("level", "growth", "deviation", "change")
    found = ["[shocks.monthly]"]
    for name in dict.fromkeys(w.one_of(w.shocks) for _ in range(2)):
        low, high = (-3.0, 3.0) if name.split(".")[-1] in normal else (0.0, 1.0)
        first = w.int(1, 20)
        scores = ", ".join(f"{w.label(m)} = {w.fixed(low, high)}" for m in (first, first + 1, first + 9))
        found.append(f'"{name}" = {{ {scores} }}')
    if w.once:
        found.append(f'[shocks.once]\n"{w.one_of(w.once)}" = {w.fixed(0.0, 1.0)}')
    return lines(*found)


def alternatives(w: Writer) -> str:
    """Two readings of the same facts."""
    if w.draw(st.integers(0, 4)):
        return ""
    return lines(
        "[alternatives.view.mild]\nweight = 0.6",
        "[alternatives.view.harsh]\nweight = 0.4",
        f"[alternatives.view.harsh.flows.expense]\ngrowth = {w.number(10, 40, ' %/yr')}",
        w.maybe(f'[alternatives.view.harsh.flows.blow]\ntype = "one_off"\namount = "1B"\nmonth = {w.month(1, 20)}'),
    )


@st.composite
def companies(draw: st.DrawFn) -> str:
    """The text of a valid scenario."""
    w = Writer(draw)
    w.priced, w.computing, w.market, w.rated = w.coin(), w.coin(), w.coin(), w.coin()
    w.step = draw(st.sampled_from([1, 1, 1, 3]))
    market = lines("[market]", chain(w, "open", "shut"))
    return lines(
        treasury(w),
        revenue(w),
        price(w) if w.priced else "",
        rates(w) if w.rated else "",
        compute(w) if w.computing else "",
        *(contract(w, f"c{k}") for k in range(draw(st.integers(0, 5)))),
        flows(w),
        policies(w),
        market if w.market else "",
        financing(w),
        dependence(w),
        given_shocks(w),
        alternatives(w),
        f"[calendar]\nstart = {w.label(1)}" + ('\nstep = "quarter"\nmonths = 60' if w.step > 1 else ""),
    )
