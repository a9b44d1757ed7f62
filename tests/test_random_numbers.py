"""The words a run draws, judged along every coordinate of their address (battery.py, draws.py; more of the same at greater
length: tests/campaigns/random_numbers.py).

Every test gives a two-sided p-value and fails below ALPHA. With 667 of them a perfect source fails this file once in 1,500 seeds;
the seeds are fixed, so it fails always or never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from battery import Outcome, avalanche, chi_square, even, fit, judge
from draws import COORDINATES, LANES, ORDERS, along, flipped, normals, running, words
from scipy.stats import poisson

from simulator.components.base import ATTACHED, discover
from simulator.components.financing import priced_round
from simulator.engine.block import uniforms_of
from simulator.engine.random import draw_once, stream_number, uniforms
from simulator.mathematics import jumps, philox
from simulator.mathematics.philox import uniform_at
from simulator.quantities.units import HAZARD
from simulator.scenario.model import Calendar

ALPHA = 1e-6


def odd(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not outcome.p >= ALPHA]


def test_the_compiled_draws_are_the_published_words() -> None:
    """The known answers of Random123 for philox4x32-10 (kat_vectors), put in and read out where a run does."""
    pi = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0]
    answers = {
        (0, 0, 0, 0, 0, 0): [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8],
        tuple(pi): [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        (2**32 - 1,) * 6: [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    }
    for (low, high, months, stream, key_low, key_high), wanted in answers.items():
        path = np.array([low | (high << 32)], dtype=np.uint64).view(np.int64)
        got = words(key_low | (key_high << 32), stream, path, [4 * months + word for word in range(4)])
        assert got.ravel().tolist() == wanted


@pytest.mark.parametrize("order", ORDERS)
def test_words_along_a_coordinate_are_random(order: str) -> None:
    """26 tests each of half a million words: neighbouring paths, months, streams, seeds and draws within a month."""
    assert not odd(judge(along(order)))


@pytest.mark.parametrize("order", ORDERS)
def test_neighbours_along_a_coordinate_differ_at_random(order: str) -> None:
    """26 tests each of the exclusive or of a quarter of a million pairs of neighbours."""
    pairs = along(order).reshape(-1, 2)
    assert not odd(judge(pairs[:, 0] ^ pairs[:, 1]))


@pytest.mark.parametrize("coordinate", COORDINATES)
def test_a_flipped_bit_of_the_address_flips_every_bit_of_the_word_half_the_time(coordinate: str) -> None:
    """Each of the 173 bits of seed, stream, path and month alone, at 4,096 addresses: two tests a bit."""
    found = {bit: odd(list(avalanche(flipped(coordinate, bit)))) for bit in range(COORDINATES[coordinate])}
    assert not any(found.values()), {bit: outcomes for bit, outcomes in found.items() if outcomes}


def test_the_four_words_of_a_block_are_independent() -> None:
    """Months 4k … 4k + 3 come from one evaluation of the generator: pairs of them in 64 x 64 cells, six tests."""
    found = words(3, "price.deviation", np.arange(2**18), range(16, 20)) >> np.uint32(26)
    pairs = [(found[a] << np.uint32(6)) | found[b] for a in range(4) for b in range(a)]
    assert not odd([Outcome("pair", even(cells, 4096)) for cells in pairs])


def test_normals_of_fifty_streams_are_uncorrelated() -> None:
    """All 1,225 pairs within a month, and each stream with every other a month later; two tests."""
    z = np.array([normals(5, f"revenue.{k}", np.arange(2**13), [8, 9]) for k in range(50)])
    now, later = z[:, 0], z[:, 1]
    size = now.shape[1]
    within = (now @ now.T)[np.triu_indices(50, 1)] / np.sqrt(size)
    across = (now @ later.T).ravel() / np.sqrt(size)
    assert not odd(
        [
            Outcome("within", chi_square(float((within**2).sum()), within.size)),
            Outcome("across", chi_square(float((across**2).sum()), across.size)),
        ]
    )


def test_inputs_drawn_once_are_random_and_independent_of_the_months() -> None:
    """Month 0, drawn by a kernel of its own; its words alone and each beside month 1: 53 tests."""
    once = (uniforms_of(1, "opening.cash", np.arange(2**19)) * 2.0**32 - 0.5).astype(np.uint32)
    first = words(1, "opening.cash", np.arange(2**19), [1]).ravel()
    cells = (once >> np.uint32(26) << np.uint32(6)) | (first >> np.uint32(26))
    assert not odd([*judge(once), *judge(once ^ first), Outcome("pair", even(cells, 4096))])


# --- the address is the whole truth ------------------------------------------------------------------------------------


def test_a_draw_does_not_depend_on_where_its_path_stands() -> None:
    paths = np.random.default_rng(4).permutation(np.arange(5 * LANES + 300))[: 3 * LANES]
    months = range(1, 12)
    for draw in (words, normals):
        whole = draw(9, "revenue.noise", np.arange(5 * LANES + 300), months)
        assert np.array_equal(draw(9, "revenue.noise", paths, months), whole[:, paths])
        for shift in (1, 3, 7, 511):
            turned = draw(9, "revenue.noise", np.roll(paths, shift), months)
            assert np.array_equal(turned, np.roll(whole[:, paths], shift, axis=1))


def test_a_draw_does_not_depend_on_which_months_are_drawn_before_it() -> None:
    paths = np.arange(LANES)
    whole = words(9, "revenue.noise", paths, range(1, 41))
    for month in (1, 2, 3, 4, 7, 18, 40):
        assert np.array_equal(words(9, "revenue.noise", paths, [month])[0], whole[month - 1])


def test_all_ways_to_draw_give_the_same_numbers() -> None:
    """The compiled step, the kernel of month 0, the scalar function and the one in numpy."""
    seed, name, paths = 2**63 + 12345, "flows.other.amount", np.arange(2**40, 2**40 + LANES)
    slow = uniforms(seed, name, paths, range(9))
    step = (words(seed, name, paths, range(1, 9)) + 0.5) * 2.0**-32
    assert np.array_equal(step, slow[1:])
    assert np.array_equal(uniforms_of(seed, name, paths), slow[0])
    low, high, stream = float(seed & 0xFFFFFFFF), float(seed >> 32), float(stream_number(name))
    assert [uniform_at(low, high, stream, 2**40 + 5, month, 0) for month in range(9)] == slow[:, 5].tolist()
    plain = np.empty(3)
    draw_once(plain, low, high, stream, paths[:3])
    assert np.array_equal(plain, slow[0, :3])
    several = [uniform_at(low, high, stream, 77, 6, k) for k in range(3)]
    assert ((running(seed, name, 77, 6, 3) + 0.5) * 2.0**-32).tolist() == several


def test_no_month_has_more_events_than_its_address_can_tell_apart() -> None:
    """A running number has 16 bits. Laws stop at 64 events a month, which no rate that a file may write reaches."""
    laws = [c for families in (discover(), ATTACHED) for tags in families.values() for c in tags.values()]
    rates = [c.model_fields["rate"].metadata[0] for c in laws if "rate" in c.model_fields]
    rates = [x.high for x in rates if x.dimension is HAZARD]  # other rates are of interest
    assert len(rates) == 5
    assert max(rates) == 60.0
    assert poisson.sf(63, 60.0 / 12.0) < 1e-40
    assert jumps.MOST == priced_round.MOST == 64
    longest = next(m.le for m in Calendar.model_fields["months"].metadata if hasattr(m, "le"))
    months = (1, 3, 4, longest - 1, longest)
    drawn = {uniform_at(1.0, 2.0, 3.0, 4, month, k) for month in months for k in range(65)}
    assert len(drawn) == len(months) * 65


def test_a_year_of_a_million_paths_has_no_address_twice() -> None:
    """Whole blocks of four words: the generator is a permutation, so equal blocks would be equal addresses."""
    names = ("revenue.level", "price.index", "flows.rent.amount")
    blocks = [
        np.ascontiguousarray(words(seed, name, np.arange(2**14), range(first, first + 4)).T).view("V16").ravel()
        for seed in (1, 2)
        for name in names
        for first in (4, 8, 12)
    ]
    assert np.unique(np.concatenate(blocks)).size == len(blocks) * 2**14


# --- the battery can tell ----------------------------------------------------------------------------------------------


def few_rounds(rounds: int, order: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(philox, "ROUNDS", rounds)
    months = range(1, 1025) if order == "month" else range(17, 18)
    count = 256 if order == "month" else 2**18
    return (uniforms(1, "revenue.level", range(count), months) * 2.0**32 - 0.5).astype(np.uint32).T.ravel()


@pytest.mark.parametrize("order", ["path", "month"])
@pytest.mark.parametrize("rounds", [1, 2, 3, 4])
def test_the_battery_notices_a_generator_of_too_few_rounds(
    rounds: int, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the ten rounds four are not enough along any coordinate; the fifth is noticed along the months."""
    assert len(odd(judge(few_rounds(rounds, order, monkeypatch)))) > 5


SPOILT: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "a bit that is set one time in thirty too often": lambda w, u: np.where(u < 1 / 30, w | np.uint32(1), w),
    "every hundredth word is the one before": lambda w, u: np.where(u < 0.01, np.roll(w, 1), w),
    "four bits are missing": lambda w, _: w & np.uint32(0xFFFFFFF0),
    "the highest bit knows the one before it": lambda w, u: np.where(
        u < 0.03, (w & np.uint32(0x7FFFFFFF)) | (np.roll(w, 1) & np.uint32(0x80000000)), w
    ),
    "words come back after a while": lambda w, _: np.resize(w[: w.size // 2], w.size),
    "the largest are missing": lambda w, _: np.where(w > np.uint32(0xFFF00000), w >> np.uint32(1), w),
}


@pytest.mark.parametrize("how", SPOILT)
def test_the_battery_notices_spoilt_words(how: str) -> None:
    rng = np.random.default_rng(20261125)
    w = rng.integers(0, 2**32, 2**18, dtype=np.uint32)
    assert not odd(judge(w))
    assert odd(judge(SPOILT[how](w, rng.random(w.size)).astype(np.uint32)))


def test_the_battery_notices_a_bit_of_the_address_that_is_ignored_or_only_passed_on() -> None:
    rng = np.random.default_rng(20261126)
    rare = np.where(rng.random(4096) < 0.02, 0, rng.integers(0, 2**32, 4096)).astype(np.uint32)
    for changed in (np.zeros(4096, dtype=np.uint32), np.full(4096, 16, dtype=np.uint32), rare):
        assert odd(list(avalanche(changed)))


def test_a_p_value_is_what_it_says() -> None:
    """Of 200 fits with 12 cells about a tenth lies below 0.1: within 4 standard errors (false alarm 6e-5)."""
    rng = np.random.default_rng(7)
    shares = np.linspace(1, 3, 12) / 24
    below = sum(fit(rng.multinomial(5000, shares), shares) < 0.1 for _ in range(200))
    assert abs(below - 20) < 4 * np.sqrt(200 * 0.1 * 0.9)
