"""Amounts recomputed in decimal arithmetic from the numbers as written: what is paid agrees to the cent.

Each ledger is written out here once more from the conventions, with fifty digits and no rounding until the comparison. The path
without chance is compared in plain Python, and the compiled engine where a scenario has no chance at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

getcontext().prec = 50
D = Decimal
Write = Callable[[str], Scenario]
SCENARIOS = Path(__file__).parent.parent / "scenarios"
CENT = 0.005  # half of one: what rounds to the same cent, but for amounts that lie between two
M = D(10) ** 6
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 36\n[opening]\ncash = "5B"\n'


def label(month: int) -> str:
    return f"{2026 + (month + 9) // 12}-{(month + 9) % 12 + 1:02d}"


def assert_amounts(world: Mapping[str, np.ndarray], wanted: Mapping[str, Sequence[Decimal]]) -> None:
    """Slot -> amounts of months 0 … M."""
    for slot, amounts in wanted.items():
        for month, (got, exact) in enumerate(zip(world[slot].tolist(), amounts, strict=True)):
            assert abs(D(got) - exact) < D(CENT), f"{slot}, month {month}: {got!r}, exactly {exact:.6f}"


def agree(scenario: Scenario, wanted: Mapping[str, Sequence[Decimal]]) -> None:
    """On the path without chance and, if there is no chance, on compiled paths."""
    assert_amounts(deterministic_path(scenario), wanted)
    simulation = Simulation(scenario)
    if not simulation.program.shocks and not simulation.program.inputs:
        kept = simulation.run_chunk(0, BLOCK, tuple(wanted)).kept
        assert_amounts({slot: values[:, 17] for slot, values in kept.items()}, wanted)


# --- the deal ----------------------------------------------------------------------------------------------------------------


def test_the_37_payments_of_the_signed_deal_are_those_of_the_hand_ledger() -> None:
    """1.25B a month from May 2026 through May 2029, 64 % of it in the first two: 2 x 0.8 + 35 x 1.25 = 45.35B in all. Initial
    period 90 days, notice 90 days: what is firm at the close of m are the payments of m + 1 … max(m, 3) + 3."""
    fee = D("1.25e9")
    due = [D(0), *[fee * D("0.64")] * 2, *[fee] * 35]
    assert sum(due) == D("45.35e9")
    cash = [D("50e9") - sum(due[: m + 1]) for m in range(38)]
    headline = [sum(due[m + 1 :], D(0)) for m in range(38)]
    firm = [sum(due[m + 1 : min(37, max(m, 3) + 3) + 1], D(0)) for m in range(38)]
    scenario = simulator.load(SCENARIOS / "anthropic-xai-signed.toml")
    agree(
        scenario,
        {
            "contracts.xai.due": due,
            "contracts.xai.paid": due,
            "cash": cash,
            "contracts.xai.headline": headline,
            "contracts.xai.firm": firm,
        },
    )
    paid = Simulation(scenario).run_chunk(0, BLOCK, ("contracts.xai.paid",)).kept["contracts.xai.paid"]
    assert (
        np.abs(paid - np.array([float(x) for x in due])[:, None]).max() < CENT
    )  # on every path, whatever the price does


def test_the_deal_seen_from_november_has_31_payments_left() -> None:
    path = deterministic_path(simulator.load(SCENARIOS / "anthropic-xai-firm.toml"))
    due = [D("1.25e9") if 1 <= m <= 31 else D(0) for m in range(61)]
    assert_amounts(
        path, {"contracts.xai.due": due, "contracts.xai.headline": [sum(due[m + 1 :], D(0)) for m in range(61)]}
    )


# --- a contract with clauses ----------------------------------------------------------------------------------------------------


def test_a_contract_with_every_clause_on_its_fee_is_paid_to_the_cent(scenario: Write) -> None:
    """From month 3 to month 30; fee 137.31M, a step to 151.07M from month 9, ramp of the first two months, scale 1.037;
    escalator 3.7 % after 12 and 24 months; a third of the fee follows the price, two months late, between 0.85 and 1.2; delivered
    1.65 months late; 8 % of service credit wherever availability misses by 1.6 points; 15 % prepaid and credited over months 7 to
    20; a deposit from month 3 to month 30."""
    text = (
        HEAD
        + '[price]\ntype = "forward_curve"\ncurve.now = 1.1\ncurve.points = ['
        + ", ".join(f'{{ month = "{label(m)}", index = {p} }}' for m, p in enumerate(PRICES) if m)
        + "]\n"
        + f'[contracts.gpu]\nfee = "137.31M/mo"\nstart = "{label(3)}"\nend = "{label(30)}"\nscale = 1.037\n'
        + f'steps = {{ "{label(9)}" = "151.07M/mo" }}\nramp = {{ "{label(3)}" = 0.31, "{label(4)}" = 0.77 }}\n'
        + 'escalator = "3.7 %/yr"\n'
        + '[contracts.gpu.indexation]\nshare = 0.33\nlag = "2 mo"\nfloor = 0.85\ncap = 1.2\n'
        + '[contracts.gpu.delivery]\ndelay = "1.65 mo"\n'
        + "[contracts.gpu.service_credit]\navailability = 0.974\ntarget = 0.99\nslope = 5.0\ncap = 0.3\n"
        + f'[contracts.gpu.prepayment]\nshare = 0.15\ncredit_from = "{label(7)}"\ncredit_until = "{label(20)}"\n'
        + '[contracts.gpu.security]\ndeposit = "61.7M"\n'
    )
    scheduled = [D(0)] * 37
    for m in range(3, 31):
        fee = (D("151.07") if m >= 9 else D("137.31")) * M * D("1.037")
        ramp = {3: D("0.31"), 4: D("0.77")}.get(m, D(1))
        scheduled[m] = fee * ramp * D("1.037") ** ((m - 3) // 12)
    prepaid = sum(scheduled) * D("0.15")
    due, credit, given = [D(0)] * 37, [D(0)] * 37, D(0)
    for m in range(3, 31):
        price = PRICES[max(m - 2, 0)] / PRICES[3]
        index = 1 - D("0.33") + D("0.33") * min(D("1.2"), max(D("0.85"), price))
        delivered = min(D(1), max(D(0), m - 2 - D("1.65")))
        amount = scheduled[m] * index * delivered * (1 - 5 * (D("0.99") - D("0.974")))
        if m >= 7:
            entitled = prepaid * min(D(1), D(m - 6) / 14)
            now = max(D(0), min(amount, entitled - given))
            given += now
            amount -= now
        due[m] = amount + (prepaid if m == 3 else 0)
        credit[m] = prepaid - given if m < 30 else D(0)
    moved = [D(0)] * 37
    moved[3], moved[30] = D("-61.7") * M, D("61.7") * M
    cash = [D("5e9") - sum(due[: m + 1]) + sum(moved[: m + 1]) for m in range(37)]
    assert given == prepaid
    agree(scenario(text), {"contracts.gpu.due": due, "contracts.gpu.credit": credit, "cash": cash})


PRICES = [D("1.1"), *[D("1.0") + D((7 * m) % 11 - 5) / 13 for m in range(1, 37)]]
PRICES = [p.quantize(D("0.0001")) for p in PRICES]


def test_a_contract_by_volume_is_paid_to_the_cent(scenario: Write) -> None:
    """V = 83.7M a month at 91.19M (price 91.19 / 83.7 a dollar of volume), minimum 65 %, capacity 88M; unused volume may be taken
    within 4 months, volume above the minimum lowers minima for 3. Need in dollars of compute rises and falls; the market is dear,
    so that whatever a contract can give is taken."""
    need = [D(0), *[(D(60) + D((13 * m) % 41) - D("0.37") * m).quantize(D("0.01")) for m in range(1, 37)]]
    plan = ", ".join(f'"{label(m)}" = "{12 * x}M/yr"' for m, x in enumerate(need) if m)
    text = (
        HEAD
        + f'[revenue]\ntype = "plan"\nplan = {{ {plan} }}\n'
        + '[compute]\nneed = { start = 1, floor = 1, decay = "0 /mo" }\noverflow = "always"\n'
        + '[price]\ntype = "forward_curve"\ncurve.now = 2.5\n'
        + f'[contracts.gpu]\nfee = "91.19M/mo"\ncapacity_value = "83.7M/mo"\nstart = "{label(1)}"\nend = "{label(36)}"\n'
        + '[contracts.gpu.take_or_pay]\nminimum = 0.65\ncapacity = "88M/mo"\nmake_up = "4 mo"\ncarry_forward = "3 mo"\n'
    )
    volume, unit, least, most = D("83.7") * M, D("91.19") / D("83.7"), D("0.65"), D(88) * M
    bank: dict[int, Decimal] = {}  # month of entry -> what is left of it
    carried: dict[int, Decimal] = {}
    due, overflow = [D(0)], [D(0)]
    for m in range(1, 37):
        wanted = need[m] * M
        minimum = least * volume
        taken = min(wanted, minimum)
        above = min(wanted - taken, most - minimum)
        free = take(bank, above)
        paid_above = above - free
        short = minimum - taken
        lowered = take(carried, short)
        due.append((taken + paid_above + short - lowered) * unit)
        overflow.append((wanted - taken - above) * D("2.5"))
        # enters at the close; entries of n months ago expire at the same close
        bank[m], carried[m] = short, paid_above
        bank, carried = ({k: v for k, v in x.items() if k > m - n} for x, n in ((bank, 4), (carried, 3)))
    assert max(due) > least * volume * unit > D(0)
    agree(scenario(text), {"contracts.gpu.due": due, "compute.overflow": overflow})


def take(entries: dict[int, Decimal], wanted: Decimal) -> Decimal:
    """Out of the oldest first; returns what there was of it."""
    got = D(0)
    for month in sorted(entries):
        now = min(entries[month], wanted - got)
        entries[month] -= now
        got += now
    return got


# --- loans ----------------------------------------------------------------------------------------------------------------------


def loan_ledger(
    principal: Decimal, rate: Decimal, first: int, last: int
) -> tuple[list[Decimal], list[Decimal], list[Decimal]]:
    """(interest, principal due, balance) of months 0 … 36: interest on the balance of the last close, equal parts."""
    interest, repaid, balance = [D(0)], [D(0)], [principal]
    for m in range(1, 37):
        interest.append(balance[-1] * rate / 1200)
        repaid.append(principal / (last - first + 1) if first <= m <= last else D(0))
        balance.append(balance[-1] - repaid[-1])
    return interest, repaid, balance


@settings(max_examples=12)
@given(
    cents=st.integers(10**8, 4 * 10**11), rate=st.integers(0, 1500), first=st.integers(1, 20), length=st.integers(0, 15)
)
def test_an_amortising_loan_is_served_to_the_cent(
    cents: int, rate: int, first: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    principal, percent = D(cents) / 100, D(rate) / 100
    text = (
        HEAD
        + f'[financing.loan]\ntype = "term_debt"\nprincipal = "${principal}"\nrate = "{percent} %/yr nominal"\n'
        + f'maturity = "{label(first + length)}"\nrepayment = "amortising"\nfirst_repayment = "{label(first)}"\n'
    )
    file = tmp_path_factory.mktemp("loan") / "case.toml"
    file.write_text("format = 1\n" + text)
    interest, repaid, balance = loan_ledger(principal, percent, first, first + length)
    cash = [D("5e9")]
    for m in range(1, 37):
        cash.append(cash[-1] - interest[m] - repaid[m])
    books = {"interest": interest, "principal": repaid, "balance": balance}
    path = deterministic_path(simulator.load(file))
    assert_amounts(path, {"cash": cash, **{f"financing.loan.{x}": rows for x, rows in books.items()}})


# --- a whole company ------------------------------------------------------------------------------------------------------------


def test_a_company_with_line_loan_tax_and_interest_is_booked_to_the_cent(scenario: Write) -> None:
    """Revenue grows by 0.31 a year (continuous) from 700M, 60 % collected at once; partners 7.25 %, other variable cost 1.75 %;
    expense 61.3M growing by 11 % a year (effective); a contract of 9.9M; a loan; a line of 300M at 7.3 % with 0.45 % on what is
    not drawn; cash earns 3.9 % (effective), 12M are kept before the line is repaid; tax of 21 % after losses."""
    text = (
        HEAD.replace("5B", "25M")
        + '[treasury]\ninterest = "3.9 %/yr"\ntarget_cash = "12M"\ntax_rate = "21 %"\n'
        + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "700M/yr"\ngrowth = "0.31 log/yr"\n'
        + '[operations]\npartner_share = "7.25 %"\nvariable_cost = "1.75 %"\ncollections = [0.6, 0.4]\n'
        + f'[contracts.gpu]\nfee = "9.9M/mo"\nstart = "{label(2)}"\nend = "{label(33)}"\n'
        + '[flows.expense]\namount = "61.3M/mo"\ngrowth = "11 %/yr"\n'
        + '[financing.line]\ntype = "revolver"\nlimit = "300M"\nrate = "7.3 %/yr nominal"\n'
        + 'commitment_fee = "0.45 %/yr nominal"\n'
        + f'[financing.loan]\ntype = "term_debt"\nprincipal = "40M"\nrate = "8.1 %/yr nominal"\nmaturity = "{label(30)}"\n'
        + f'repayment = "amortising"\nfirst_repayment = "{label(7)}"\n'
    )
    twelfth = D(1) / 12
    earn, grow = D("1.039") ** twelfth - 1, D("1.11") ** twelfth
    interest, repaid, _ = loan_ledger(D(40) * M, D("8.1"), 7, 30)
    cash, drawn, losses = [D(25) * M], [D(0)], D(0)
    billed = [D(700) * M / 12]
    taxes = [D(0)]
    for m in range(1, 37):
        billed.append(D(700) * M / 12 * (D("0.31") * m / 12).exp())
        collected = D("0.6") * billed[m] + D("0.4") * billed[m - 1]
        share = D("0.09") * billed[m]
        expense = D("61.3") * M * grow ** (m - 1)
        fee = D("9.9") * M if 2 <= m <= 33 else D(0)
        line = drawn[-1] * D("7.3") / 1200 + (300 * M - drawn[-1]) * D("0.45") / 1200
        earned = cash[-1] * earn
        pretax = billed[m] - share - expense - fee - line - interest[m] + earned
        tax = D("0.21") * max(D(0), pretax - losses)
        losses = max(D(0), losses - pretax)
        taxes.append(tax)
        left = cash[-1] + collected + earned - share - expense - fee - line - interest[m] - repaid[m] - tax
        draw = max(D(0), -left)
        back = min(drawn[-1], max(D(0), left - 12 * M))
        cash.append(left + draw - back)
        drawn.append(drawn[-1] + draw - back)
    assert max(drawn) > 50 * M
    assert drawn[-1] == 0
    assert max(taxes) > 0
    agree(
        scenario(text),
        {"cash": cash, "financing.line.drawn": drawn, "treasury.tax": taxes, "operations.billed": billed},
    )


def test_arrears_and_their_interest_are_booked_to_the_cent(scenario: Write) -> None:
    """Income 7.7M against dues of 3.1M (operating), 2.9M and 4.3M (contracts, one rank): the contracts share what is left pro
    rata to what they are owed, late interest 1.3 % a month on opening arrears."""
    text = (
        HEAD.replace("5B", "4.4M")
        + '[default]\ncure = "2000 days"\nlate_interest = "1.3 %/mo"\n'
        + '[flows.income]\ndirection = "in"\namount = "7.7M/mo"\n[flows.cost]\namount = "3.1M/mo"\n'
        + "".join(
            f'[contracts.{name}]\nfee = "{fee}M/mo"\nstart = "{label(1)}"\nend = "{label(36)}"\n'
            for name, fee in (("one", "2.9"), ("two", "4.3"))
        )
    )
    cash, arrears = [D("4.4") * M], {"one": [D(0)], "two": [D(0)]}
    fees = {"one": D("2.9") * M, "two": D("4.3") * M}
    for _ in range(36):
        left = cash[-1] + D("7.7") * M - D("3.1") * M
        owed = {name: arrears[name][-1] * D("1.013") + fee for name, fee in fees.items()}
        share = min(D(1), left / sum(owed.values()))
        for name in fees:
            arrears[name].append(owed[name] * (1 - share))
        cash.append(left - share * sum(owed.values()))
    agree(scenario(text), {"cash": cash, **{f"contracts.{name}.arrears": rows for name, rows in arrears.items()}})
