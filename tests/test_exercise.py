"""When to use a right, and what it is worth at most: published and derived values, and what must hold of any bound."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

from simulator.estimate.exercise import (
    NEVER,
    Bounds,
    Decision,
    News,
    Right,
    at,
    below,
    bounds,
    dates_used,
    estimate,
    least_squares,
    martingales,
    penalised,
    play,
)
from simulator.estimate.functions import Knots, Scale, hats, hermite, legendre, powers, solved, steps

SE = 4.0 / 1.959964  # half a 95 % interval x this: four standard errors


def half(e: tuple[float, float, float]) -> float:
    return SE * (e[2] - e[1]) / 2.0


# --- Longstaff & Schwartz (2001) ---------------------------------------------------------------------------------------

EIGHT = np.array([
    [1.00, 1.09, 1.08, 1.34], [1.00, 1.16, 1.26, 1.54], [1.00, 1.22, 1.07, 1.03], [1.00, 0.93, 0.97, 0.92],
    [1.00, 1.11, 1.56, 1.52], [1.00, 0.76, 0.77, 0.90], [1.00, 0.92, 0.84, 1.01], [1.00, 0.88, 1.22, 1.34],
]).T  # fmt: skip


def test_the_eight_paths_of_the_paper_give_its_regressions_and_its_value() -> None:
    discount = np.exp(-0.06 * np.arange(4))[:, None]
    now = discount * np.maximum(1.10 - EIGHT, 0.0)
    may = now > 0.0
    may[0] = False
    states = np.stack([np.ones_like(EIGHT), EIGHT, EIGHT**2], axis=-1)
    right = Right(now, np.zeros_like(now), 0, may, states)
    decisions = least_squares(right)
    exact = {
        2: (-1.069987655291097, 2.9834106258577435, -1.8135761829424373),
        1: (2.037512342379651, -3.3354434031412, 1.356456588104885),
    }
    for t, coefficients in exact.items():  # the paper regresses in money of the date
        assert decisions[t].coefficients / discount[t, 0] == pytest.approx(coefficients, rel=1e-10)
    used = dates_used(None, (right, decisions))[1]
    assert used.tolist() == [NEVER, NEVER, 3, 1, NEVER, 1, 1, 1]
    assert at(right.paid, used).mean() == pytest.approx(0.11443433004505696, rel=1e-12)  # printed 0.1144
    assert now[3].mean() == pytest.approx(0.05638073927026089, rel=1e-12)  # printed 0.0564


def put(spot: float, volatility: float, years: int, a_year: int, paths: int) -> Bounds:
    """The American put of the paper's Table 1 (strike 40, rate 6 %), on so many dates a year."""
    dates, dt = years * a_year, 1.0 / a_year
    discount = np.exp(-0.06 * dt * np.arange(dates + 1))[:, None]

    def prices(seed: int) -> tuple[np.ndarray, np.ndarray]:
        z = np.random.default_rng(seed).standard_normal((dates + 1, paths))
        moved = (0.06 - volatility**2 / 2.0) * dt + volatility * math.sqrt(dt) * z
        moved[0] = 0.0
        return math.log(spot) + np.cumsum(moved, axis=0), z

    def right(x: np.ndarray) -> Right:
        now = discount * np.maximum(40.0 - np.exp(x), 0.0)
        may = now > 0.0
        may[0] = False
        return Right(now, np.zeros_like(now), 0, may, powers(x, 4, scale))

    (x, z), (y, w) = prices(1), prices(2)
    scale, knots = Scale.of(x), Knots.of(x, 10)
    learned, valued = right(x), right(y)
    decisions = least_squares(learned)
    found = martingales(learned, News(hats(x, knots), hermite(z, 4)))
    less = penalised(valued, News(hats(y, knots), hermite(w, 4)), found)
    return bounds(valued, less, dates_used(None, (valued, decisions))[1])


TABLE = {  # (spot, volatility, years): on twelve dates a year, by quadrature
    (36, 0.2, 1): 4.450177203833488, (36, 0.2, 2): 4.815176151426259, (36, 0.4, 1): 7.07716724670908,
    (36, 0.4, 2): 8.48349353158196, (38, 0.2, 1): 3.2283068947003595, (38, 0.2, 2): 3.72414934792167,
    (38, 0.4, 1): 6.12589003560401, (38, 0.4, 2): 7.646450401804794, (40, 0.2, 1): 2.297260774642432,
    (40, 0.2, 2): 2.867869960087836, (40, 0.4, 1): 5.2925338450883075, (40, 0.4, 2): 6.897099645631791,
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE)
def test_a_put_lies_between_bounds_that_are_less_than_two_percent_apart(row: tuple[int, float, int]) -> None:
    found, value = put(*row, a_year=12, paths=8192), TABLE[row]
    assert found.gap < 0.02
    assert value - 0.02 - half(found.lower) < found.lower.value < value + half(found.lower)
    assert value - half(found.upper) < found.upper.value < 1.02 * value


def test_on_fifty_dates_a_year_the_put_is_worth_what_the_paper_prints() -> None:
    found = put(36, 0.2, 1, a_year=50, paths=8192)
    assert found.gap < 0.02
    assert found.lower.value == pytest.approx(4.478, abs=0.02)
    assert found.upper.value == pytest.approx(4.478, abs=0.02 + half(found.upper))


# --- Hull, Options, Futures, and Other Derivatives: the commodity project that may be abandoned ---------------------------


class Branch(NamedTuple):
    up: float
    down: float
    shift: int  # of the middle branch


def branch(j: int) -> Branch:
    a = 0.1
    if j == 2:
        return Branch(7.0 / 6.0 + (a * a * 4 - 3 * a * 2) / 2.0, 1.0 / 6.0 + (a * a * 4 - a * 2) / 2.0, -1)
    if j == -2:
        return Branch(1.0 / 6.0 + (a * a * 4 - a * 2) / 2.0, 7.0 / 6.0 + (a * a * 4 - 3 * a * 2) / 2.0, 1)
    return Branch(1.0 / 6.0 + (a * a * j * j - a * j) / 2.0, 1.0 / 6.0 + (a * a * j * j + a * j) / 2.0, 0)


def next_nodes(chances: dict[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for j, p in chances.items():
        b = branch(j)
        for k, share in ((1, b.up), (0, 1.0 - b.up - b.down), (-1, b.down)):
            found[j + b.shift + k] = found.get(j + b.shift + k, 0.0) + p * share
    return found


DX, LESS = 0.2 * math.sqrt(3.0), math.exp(-0.1)


def lattice() -> list[dict[int, float]]:
    """The spot price by year and node: a trinomial tree that meets the futures prices."""
    chances, spots = {0: 1.0}, [{0: 20.0}]
    for forward in (22.0, 23.0, 24.0):
        chances = next_nodes(chances)
        level = forward / sum(p * math.exp(j * DX) for j, p in chances.items())
        spots.append({j: level * math.exp(j * DX) for j in chances})
    return spots


def test_abandoning_the_project_is_worth_what_the_textbook_prints() -> None:
    spots = lattice()
    assert [round(spots[2][j], 2) for j in (2, 1, 0, -1, -2)] == [44.35, 31.37, 22.18, 15.69, 11.09]  # 11.10 printed

    def worth(t: int, j: int, may: bool) -> float:
        """Of the cash flows after year t, which may be given up once that of the year has been received."""
        if t == 3:
            return 0.0
        b, later = branch(j), 0.0
        for k, p in ((1, b.up), (0, 1.0 - b.up - b.down), (-1, b.down)):
            to = j + b.shift + k
            later += p * (2.0 * spots[t + 1][to] - 40.0 + worth(t + 1, to, may))
        return max(0.0, LESS * later) if may and t else LESS * later

    plain = worth(0, 0, False)
    assert plain - 15.0 == pytest.approx(-0.5417200439345038, rel=1e-12)  # printed -0.54
    exact = worth(0, 0, True) - plain
    assert exact == pytest.approx(1.9385334083475405, rel=1e-11)  # printed 1.94

    found = project(spots)
    assert found.gap < 0.02
    # the tree has no more states than functions, so the martingales are exact and no noise is left
    assert found.lower.value == pytest.approx(exact, rel=1e-9)
    assert found.upper.value == pytest.approx(exact, rel=1e-9)


def project(spots: list[dict[int, float]]) -> Bounds:
    """The same on paths through the tree."""
    paths = 8192

    def sample(seed: int) -> tuple[Right, News]:
        rng, node = np.random.default_rng(seed), np.zeros(paths, dtype=int)
        flow, states, scores = np.zeros((4, paths)), np.zeros((4, paths, 5)), np.zeros((4, paths, 2))
        for t in range(4):
            if t:
                b = [branch(int(j)) for j in node]
                u, up, down = rng.random(paths), np.array([x.up for x in b]), np.array([x.down for x in b])
                rises, falls = u < up, u >= 1.0 - down
                scores[t] = np.stack([rises - up, falls - down], axis=-1)
                node = node + np.array([x.shift for x in b]) + rises.astype(int) - falls.astype(int)
                flow[t] = LESS**t * (2.0 * np.array([spots[t][int(j)] for j in node]) - 40.0)
            states[t, np.arange(paths), node + 2] = 1.0
        may = np.zeros((4, paths), dtype=bool)
        may[1:3] = True
        return Right(np.zeros((4, paths)), flow, 0, may, states), News(states, scores)

    (learned, news), (valued, new) = sample(1), sample(2)
    less = penalised(valued, new, martingales(learned, news))
    return bounds(valued, less, dates_used(None, (valued, least_squares(learned)))[1])


# --- what holds of any bound ------------------------------------------------------------------------------------------


def test_functions_of_scores_have_mean_nought_and_variance_one() -> None:
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    weight = weight / weight.sum()
    u, w = np.polynomial.legendre.leggauss(20)
    exact = ((hermite(node, 5), weight), (legendre((u + 1.0) / 2.0, 5), w / 2.0))
    for values, weights in exact:
        assert weights @ values == pytest.approx(np.zeros(5), abs=1e-12)
        assert (values.T * weights) @ values == pytest.approx(np.eye(5), abs=1e-12)
    grid = steps((np.arange(1024) + 0.5) / 1024, 8)
    assert grid.mean(axis=0) == pytest.approx(np.zeros(8), abs=1e-12)
    assert (grid**2).mean(axis=0) == pytest.approx(np.ones(8), rel=1e-12)


def swap(seed: int, delay: int, paths: int = 8192) -> tuple[Right, News, np.ndarray]:
    """A right to stop paying 1 for a random walk of twelve dates, on some dates' notice."""
    z = np.random.default_rng(seed).standard_normal((13, paths))
    z[0] = 0.0
    x = np.cumsum(0.3 * z, axis=0)
    may = np.ones((13, paths), dtype=bool)
    may[0] = may[12 - delay :] = False
    now = np.full_like(x, -0.1)
    return Right(now, x, delay, may, powers(x, 3, SWAP)), News(powers(x, 1, SWAP), hermite(z, 2)), x


SWAP = Scale(np.zeros((13, 1)), np.ones((13, 1)))


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_martingales_take_noise_away_and_leave_the_mean_alone(delay: int) -> None:
    learned, news, _ = swap(1, delay)
    right, new, _ = swap(2, delay)
    less = penalised(right, new, martingales(learned, news))
    for date in (1, 4, 12 - delay - 1):  # under any decision: here on a given date, every flow having mean 0
        controlled = estimate(less.used[date])
        assert controlled.value == pytest.approx(-0.1, abs=half(controlled))
    used = dates_used(None, (right, least_squares(learned)))[1]
    plain, controlled = estimate(at(right.paid, used)), estimate(below(less, used))
    assert controlled.value == pytest.approx(plain.value, abs=half(plain))
    assert half(controlled) < 0.3 * half(plain)


@pytest.mark.parametrize("delay", [0, 3])
def test_any_martingale_gives_an_upper_bound_and_a_good_one_a_close_one(delay: int) -> None:
    learned, news, _ = swap(1, delay)
    right, new, _ = swap(2, delay)
    used = dates_used(None, (right, least_squares(learned)))[1]
    good = martingales(learned, news)
    none = tuple(0.0 * c for c in good)
    reverse = tuple(-c for c in good)
    close, loose, wrong = (bounds(right, penalised(right, new, m), used) for m in (good, none, reverse))
    assert 0.0 < close.gap < 0.02
    assert close.upper.value < 0.9 * loose.upper.value < 0.9 * wrong.upper.value
    assert loose.lower.value == pytest.approx(close.lower.value, abs=half(loose.lower))


def test_a_boundary_gathers_what_the_fit_does() -> None:
    learned, news, x = swap(1, 2)
    right, new, y = swap(2, 2)
    less = penalised(right, new, martingales(learned, news))
    by_fit = bounds(right, less, dates_used(None, (right, least_squares(learned)))[1])
    there = [Right(r.now, r.flow, r.delay, r.may, r.states, along) for r, along in ((learned, x), (right, y))]
    decisions = least_squares(there[0])
    by_boundary = bounds(right, less, dates_used(None, (there[1], decisions))[1])
    assert by_boundary.lower.value == pytest.approx(by_fit.lower.value, rel=0.01)
    assert all(math.isfinite(d.boundary) for d in decisions[1:10])


def test_who_gains_what_the_other_loses_leaves_at_once() -> None:
    """Equal rights, no fee: on the first date one of the two gains by leaving, so the contract lasts only for its notice."""
    learned, valued = (equal_rights(seed) for seed in (1, 2))
    decisions = play(*learned)
    by_first, by_second = dates_used((valued[0], decisions[0]), (valued[1], decisions[1]))
    at_once = (by_first == 1) | (by_second == 1)
    assert at_once.mean() > 0.97
    assert ((by_first == NEVER) | (by_second == NEVER)).all()
    gained = at(valued[1].paid, by_second) + at(valued[1].other, by_first)
    assert gained.mean() == pytest.approx(valued[1].paid[1].mean(), abs=0.02)


def equal_rights(seed: int) -> tuple[Right, Right]:
    right, _, _ = swap(seed, 2)
    nothing = np.zeros_like(right.now)
    second = Right(nothing, right.flow, 2, right.may, right.states)
    first = Right(nothing, -right.flow, 2, right.may, right.states, None, False, -second.paid)
    return first, Right(nothing, right.flow, 2, right.may, right.states, None, False, -first.paid)


def test_who_gains_nothing_by_leaving_stays() -> None:
    """Where the second leaves anyway the first, with the same notice, gains nothing by leaving before it."""
    first, second = equal_rights(3)
    by_first, by_second = dates_used((first, play(first, second)[0]), (second, play(first, second)[1]))
    falls = first.flow[1] > 0.05  # the second, which pays for it, wants to leave
    assert (by_second[falls] == 1).all()
    assert (by_first[falls] == NEVER).all()


def test_a_best_response_finds_what_a_bad_play_leaves() -> None:
    """Against a side that never leaves it is that of the right alone; a play at random leaves both something to gain."""
    (first, second), (one, two) = equal_rights(1), equal_rights(2)
    never = tuple(Decision(np.array([1e9, 0.0, 0.0, 0.0]), 0.0) for _ in second.now)
    alone = least_squares(second)
    best = play(first, second, (never, None))[1]
    used, wanted = (dates_used(None, (two, d))[1] for d in (best, alone))
    assert np.array_equal(used, wanted)
    gained = at(two.paid, used)
    held = dates_used((one, never), (two, never))
    assert (held[0] == NEVER).all()
    assert (held[1] == NEVER).all()
    assert gained.mean() > 10.0 * gained.std() / math.sqrt(len(gained))


def test_normal_equations_find_what_an_orthogonal_decomposition_does() -> None:
    rng = np.random.default_rng(1)
    for number in (4, 12):
        x = rng.standard_normal((500, number)) * 10.0 ** rng.integers(-2, 3, number)
        y = rng.standard_normal(500)
        assert x @ solved(x, y) == pytest.approx(x @ np.linalg.lstsq(x, y, rcond=None)[0], abs=1e-12)
    twice = np.column_stack([np.ones(500), x[:, 0], x[:, 0]])
    assert np.isfinite(solved(twice, y)).all()


@pytest.mark.parametrize("delay", [0, 2])
def test_decisions_fitted_with_martingales_taken_off_are_as_good_on_fewer_paths(delay: int) -> None:
    learned, news, _ = swap(1, delay, 1024)
    right, new, _ = swap(2, delay)
    found = martingales(learned, news)
    less = penalised(right, new, found)
    plain, steadied = (
        estimate(below(less, dates_used(None, (right, d))[1]))
        for d in (least_squares(learned), least_squares(learned, penalised(learned, news, found)))
    )
    assert steadied.value > plain.value
    assert estimate(less.never).value == pytest.approx(0.0, abs=half(estimate(less.never)))
