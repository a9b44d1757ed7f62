"""The price of compute with all that moves it, for random scenarios (tests/companies.py); chains and jumps serve revenue too."""

from __future__ import annotations

from companies_text import Writer, lines
from hypothesis import strategies as st


def chain(w: Writer, one: str, other: str) -> str:
    """How two states follow each other, by each of the three ways to say it."""
    sojourns = f"sojourn = [{w.number(4, 20, ' mo')}, {w.number(4, 9, ' mo')}]"
    matrix, generator = (
        "monthly_matrix = [[0.9, 0.1], [0.3, 0.7]]",
        'generator = [["-0.8 /yr", "0.8 /yr"], ["3 /yr", "-3 /yr"]]',
    )
    return lines(
        f'regimes = ["{one}", "{other}"]', w.rarely(f'initial = "{other}"'), w.one_of([sojourns, matrix, generator])
    )


def three_states(w: Writer) -> str:
    weights = (
        "destinations = { plenty = { tight = 3, short = 1 }, tight = { plenty = 1, short = 1 }, short = { tight = 1 } }"
    )
    generator = '[["-1 /yr", "0.7 /yr", "0.3 /yr"], ["1 /yr", "-2.5 /yr", "1.5 /yr"], ["0 /yr", "4 /yr", "-4 /yr"]]'
    matrix = "[[0.9, 0.07, 0.03], [0.2, 0.7, 0.1], [0.0, 0.4, 0.6]]"
    ways = [
        f'sojourn = ["9 mo", {w.number(4, 8, " mo")}, "4 mo"]\n{weights}',
        f"generator = {generator}",
        f"monthly_matrix = {matrix}",
    ]
    return lines('regimes = ["plenty", "tight", "short"]', w.rarely('initial = "tight"'), w.one_of(ways))


def jumps(w: Writer, of: str, more: str = "") -> str:
    number = w.number
    normal = f"rate = {number(0, 12, ' /yr')}\nmean = {number(-0.3, 0.1)}\nsd = {number(0, 0.3)}"
    double = f"rate = {number(0, 12, ' /yr')}\nup_share = {number(0.2, 0.8)}\nup_mean = {number(0.01, 0.1)}"
    return lines(
        w.rarely(lines(f"[{of}.merton_jumps]", normal, more)),
        w.rarely(lines(f"[{of}.kou_jumps]", double, f"down_mean = {number(0.01, 0.1)}", more)),
    )


def price(w: Writer) -> str:
    number, maybe = w.number, w.maybe
    law = w.one_of(["forward_curve", "forward_curve", "two_factor", "ornstein_uhlenbeck"])
    points = ", ".join(f"{{ month = {w.label(m)}, index = {w.fixed(0.4, 1.6)} }}" for m in (2, 7, 20))
    w.shocks += ["price.deviation"]  # a table with both factors of a price would move its mean
    drifting = lines(
        f"curve.drift = {number(-0.4, 0.4, ' log/yr')}", maybe(f"curve.drift_for = {number(1, 30, ' mo')}")
    )
    own = {
        "forward_curve": lines(
            f"curve.now = {number(0.5, 1.5)}",
            f"curve.points = [{points}]" if w.draw(st.integers(0, 2)) == 0 else drifting,
            f"reversion = {number(0, 2, ' /yr')}",
        ),
        "two_factor": lines(
            f"now = {number(0.5, 1.5)}",
            f"points = [{points}]" if w.coin() else drifting.replace("curve.", ""),
            f"reversion = {number(0.2, 2, ' /yr')}\nlong_volatility = {number(0, 30, ' %/yr')}",
            maybe(f"correlation = {number(-0.8, 0.8)}"),
        ),
        "ornstein_uhlenbeck": lines(
            f"now = {number(0.5, 1.5)}\nlevel = {number(0.5, 1.5)}\nreversion = {number(0.2, 2, ' /yr')}"
        ),
    }
    head = lines(f'[price]\ntype = "{law}"', f"volatility = {number(0, 80, ' %/yr')}", own[law])
    return lines(head, jumps(w, "price"), scarcity(w), generations(w), launches(w))


def scarcity(w: Writer) -> str:
    """A chain of two or three states with their levels, and what the market delivers in some."""
    if w.coin():
        return ""
    n = w.int(2, 3)
    names = ["plenty", "tight", "short"][:n]
    levels = ", ".join(w.number(0.0, 0.6) for _ in names)
    depth = f"depth = {{ {names[-1]} = {w.number(0, 0.3, 'B/mo')} }}" if w.computing else ""
    moves = three_states(w) if n == 3 else chain(w, *names)
    return lines("[price.scarcity]", moves, f"level = [{levels}]", w.maybe(depth))


def generations(w: Writer) -> str:
    """At random dates."""
    if w.coin():
        return ""
    triangular = "{ triangular = { low = 0.05, mode = 0.2, high = 0.4 } }"
    mixed = "{ alternatives = [{ value = 0.1, weight = 0.6 }, { value = 0.3, weight = 0.4 }] }"
    size = w.one_of(
        [
            "0.2",
            triangular,
            mixed,
            "{ p10 = 0.1, p50 = 0.2, p90 = 0.4 }",
            "{ beta = { mean = 0.2, sd = 0.1 }, truncate = [0.02, 0.5] }",
        ]
    )
    return f"[price.generations]\nhazard = {w.number(0, 200, ' %/yr')}\nsize = {size}"


def launches(w: Writer) -> str:
    """Once each, at an uncertain date."""
    dates = ['{ p10 = "4 mo", p50 = "9 mo", p90 = "20 mo" }', '{ uniform = { low = "0 mo", high = "40 mo" } }']
    dates += ['{ lognormal = { p10 = "6 mo", p90 = "50 mo" } }']
    dates += ['{ alternatives = [{ value = "3 mo", weight = 1 }, { value = "15 mo", weight = 2 }] }']
    sizes = ["0.15", "{ triangular = { low = 0.1, mode = 0.2, high = 0.5 } }", "{ p10 = 0.1, p50 = 0.2, p90 = 0.35 }"]
    found = [f"[price.launches.generations.g{k}]\nafter = {w.one_of(dates)}\nsize = {w.one_of(sizes)}" for k in (1, 2)]
    return lines(*found[: w.draw(st.sampled_from([0, 0, 1, 2]))])
