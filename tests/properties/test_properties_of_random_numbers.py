"""Which draw belongs to whom: nothing but seed, name, path and month decides."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import LAB, SUPPLIER, UNTIL_THE_HORIZON, Array, alike, live

from simulator.engine.block import BLOCK

DRIVERS = (
    "revenue.run_rate", "revenue.level", "revenue.noise", "revenue.customer_loss.event", "price.index", "price.deviation",
    "market.state", "flows.other.amount", "financing.rounds.arrival", "financing.rounds.success", "financing.rounds.size",
)  # fmt: skip
ADDED = {
    "a supplier's right": SUPPLIER,
    "a random flow": 'flows.more={ type = "random", amount = { uniform = { low = "0M/mo", high = "9M/mo" } } }',
    "rounds": 'financing.angels={ type = "priced_round", every = "3 mo", size = { uniform = { low = "1M", high = "2M" } } }',
    "an uncertain expense": 'flows.rent={ amount = { uniform = { low = "1M/mo", high = "2M/mo" } } }',
    "an uncertain number": 'default.floor={ uniform = { low = "0.3B", high = "0.5B" } }',
    "a chance of a payment": 'flows.fine={ type = "one_off", amount = "1M", month = "2027-01", probability = 0.5 }',
    "jumps of revenue": 'revenue.kou_jumps={ rate = "0 /yr", up_share = 0.4, up_mean = 0.1, down_mean = 0.2 }',
    "availability drawn each month": (
        "contracts.big.service_credit={ availability = { uniform = { low = 0.9, high = 1.0 } }, target = 0.99 }"
    ),
    "a contract": 'contracts.third={ fee = "9M/mo", start = "2027-01", end = "2027-12" }',
    "a third listed shock": (
        'dependence={ shocks = ["revenue.noise", "price.deviation", "revenue.level"], '
        "correlation = [[1.0], [0.4, 1.0], [0.0, 0.0, 1.0]] }"
    ),
}


@pytest.fixture(scope="module")
def plain() -> dict[str, Array]:
    return dict(live(UNTIL_THE_HORIZON, keep=DRIVERS).kept)


@pytest.mark.parametrize("what", ADDED)
def test_what_is_added_leaves_every_other_draw_alone(what: str, plain: dict[str, Array]) -> None:
    lives = live(UNTIL_THE_HORIZON, ADDED[what], keep=DRIVERS)
    for slot, values in plain.items():
        np.testing.assert_allclose(lives[slot], values, rtol=1e-12, err_msg=slot)


@pytest.mark.parametrize(
    "gone",
    [
        "contracts.big",
        "contracts.small",
        "flows.settlement",
        "financing.line",
        "financing.partner",
        "financing.listing",
    ],
)
def test_what_is_taken_away_leaves_every_other_draw_alone(gone: str, plain: dict[str, Array]) -> None:
    lives = live(UNTIL_THE_HORIZON, f"{gone}=none", keep=DRIVERS)
    assert all(np.array_equal(lives[slot], values) for slot, values in plain.items())


def test_numbers_of_money_leave_every_draw_alone(plain: dict[str, Array]) -> None:
    lives = live(
        UNTIL_THE_HORIZON, "opening.cash=1B", "contracts.big.fee=0.9B/mo", "financing.line.limit=3B", keep=DRIVERS
    )
    assert all(np.array_equal(lives[slot], values) for slot, values in plain.items())


def test_the_first_paths_of_a_longer_run_are_the_shorter_run() -> None:
    short, long = live(keep=("cash",), paths=700), live(keep=("cash",), paths=2 * BLOCK + 5)
    for name, values in short.columns.items():
        assert np.array_equal(values, long.columns[name][:700]), name
    assert np.array_equal(short["cash"], long["cash"][:, :700])


def test_the_order_of_the_file_does_not_matter_to_any_draw(plain: dict[str, Array]) -> None:
    head, *tables = LAB.split("\n[")
    by_table = {name: [t for t in tables if t.startswith(name)] for name in ("flows", "financing", "contracts")}
    rest = [t for t in tables if not t.startswith(tuple(by_table))]
    # a clause stands in a table below its contract, so tables are turned round family by family, clauses with their host
    turned = [*by_table["financing"][::-1], *by_table["flows"][::-1], *by_table["contracts"], *rest[::-1]]
    lives = live(UNTIL_THE_HORIZON, text="\n[".join([head, *turned]), keep=DRIVERS)
    assert all(np.array_equal(lives[slot], values) for slot, values in plain.items())


def test_another_order_of_flows_and_financing_gives_the_same_endings() -> None:
    head, *tables = LAB.split("\n[")
    moved = [t for t in tables if t.startswith(("flows.", "financing."))]
    text = "\n[".join([head, *(t for t in tables if t not in moved), *moved[::-1]])
    assert alike(live(text=text), live(), rtol=1e-9, atol=10.0)


def test_a_table_without_correlation_is_no_table() -> None:
    identity = live("dependence.correlation=[[1.0], [0.0, 1.0]]", keep=DRIVERS)
    assert alike(identity, live("dependence=none", keep=DRIVERS))


def test_the_first_shock_of_the_table_is_what_it_is_without_one(plain: dict[str, Array]) -> None:
    free = live(UNTIL_THE_HORIZON, "dependence=none", keep=DRIVERS)
    assert np.array_equal(free["revenue.noise"], plain["revenue.noise"])
    assert not np.array_equal(free["price.deviation"], plain["price.deviation"])


def test_a_full_correlation_makes_two_shocks_one_and_a_reversed_one_its_mirror() -> None:
    for rho, sign in ((1.0, 1.0), (-1.0, -1.0)):
        lives = live(f"dependence.correlation=[[1.0], [{rho}, 1.0]]", keep=("revenue.noise", "price.deviation"))
        assert np.array_equal(lives["price.deviation"][1:], sign * lives["revenue.noise"][1:])


def test_shocks_are_correlated_as_the_table_says_within_the_month_and_not_across_months(
    plain: dict[str, Array],
) -> None:
    """0.4 in the same month, nought a month apart; 36 x 1,024 pairs, 4.4 standard errors: false alarm 1e-5 each."""
    x, y = plain["revenue.noise"][1:], plain["price.deviation"][1:]
    slack = 4.4 / np.sqrt(x.size)
    assert abs(np.mean(x * y) - 0.4) < slack * np.sqrt(1.16)
    assert abs(np.mean(x[1:] * y[:-1])) < slack
    assert abs(np.mean(x[:-1] * y[1:])) < slack


def test_streams_of_different_names_are_independent(plain: dict[str, Array]) -> None:
    """Every pair of streams, in the same month and a month apart: 4.9 standard errors, false alarm of all about 1e-4."""
    normal = {"revenue.level": plain["revenue.level"][1:], "revenue.noise": plain["revenue.noise"][1:]}
    for name in (
        "revenue.customer_loss.event",
        "financing.rounds.arrival",
        "financing.rounds.success",
        "financing.rounds.size",
    ):
        normal[name] = (plain[name][1:] - 0.5) * np.sqrt(12)
    names = list(normal)
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            a, b = normal[one], normal[other]
            for product in (a * b, a[1:] * b[:-1], a[:-1] * b[1:]):
                assert abs(product.mean()) < 4.9 / np.sqrt(product.size), (one, other)
        assert abs((normal[one][1:] * normal[one][:-1]).mean()) < 4.9 / np.sqrt(normal[one][1:].size), one
        assert abs((normal[one][:, 1:] * normal[one][:, :-1]).mean()) < 4.9 / np.sqrt(normal[one].size), one


def test_two_contracts_of_the_same_kind_are_left_independently() -> None:
    right = 'contracts.{}.exit.supplier={{ notice = "60 days", hazard = "60 %/yr", gamma = 0.0 }}'
    slots = ("contracts.big.exit.supplier", "contracts.small.exit.supplier")
    lives = live(*(right.format(c) for c in ("big", "small")), keep=slots)
    u, v = (lives[slot][1:] - 0.5 for slot in slots)
    assert abs(np.mean(u * v) * 12) < 4.4 / np.sqrt(u.size)  # false alarm 1e-5


def test_events_of_a_path_are_decided_one_by_one() -> None:
    fine = 'flows.fine={ type = "one_off", amount = "1M", month = "2026-11", probability = 0.5 }'
    slots = ("flows.fine.amount", "flows.settlement.amount", "financing.partner.received", "financing.listing.received")
    lives = live(UNTIL_THE_HORIZON, fine, keep=slots)
    happens = [lives[slot].any(axis=0) for slot in slots]
    for k, one in enumerate(happens):
        for other in happens[k + 1 :]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 4.4 / np.sqrt(BLOCK)  # false alarm 1e-5 each


def test_another_seed_is_another_world_of_the_same_law() -> None:
    one, other = live(keep=("revenue.level",)), live("run.seed=2", keep=("revenue.level",))
    assert abs(np.mean(one["revenue.level"][1:] * other["revenue.level"][1:])) < 4.4 / np.sqrt(36 * BLOCK)
    share = [np.isfinite(x.ends).mean() for x in (one, other)]
    assert abs(share[0] - share[1]) < 4.4 * np.sqrt(2 * 0.25 / BLOCK)  # false alarm 1e-5
    assert share[0] != share[1]
