"""The battery of tests/test_random_numbers.py at length, and every one of the 2^32 normals.

    python tests/campaigns/random_numbers.py           ten seeds, 2^22 words a sequence, 2^30 draws for the tails
    python tests/campaigns/random_numbers.py --full    a hundred seeds, 2^24 words, 2^34 draws, then the whole grid
    python tests/campaigns/random_numbers.py --grid    the whole grid of normals alone

A perfect source fails with probability 1e-4 in all: each p-value is held against its share of that. Exit code 1 when one fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy import special, stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from battery import Outcome, avalanche, binomial, judge
from draws import COORDINATES, ORDERS, along, flipped, normals, normals_of

FAMILY_WISE = 1e-4
SIGMAS = (3, 4, 5, 6)
PIECE = 2**20


def sequences(seeds: int, length: int) -> list[Outcome]:
    """Every order and the exclusive or of its neighbours, for small seeds and for such with one high bit."""
    found = []
    for k in range(seeds):
        seed = (1000 + 1024 * k) ^ (1 << (20 + k % 44) if k % 2 else 0)  # the 1,024 that follow belong to nobody else
        for order in ORDERS:
            w = along(order, seed, length)
            pairs = w[: w.size // 2 * 2].reshape(-1, 2)
            found += [Outcome(f"{order}: {o.name}", o.p) for o in judge(w)]
            found += [Outcome(f"{order}, neighbours: {o.name}", o.p) for o in judge(pairs[:, 0] ^ pairs[:, 1])]
        print(f"seed {seed}: lowest p so far {min(o.p for o in found):.2e} of {len(found):,}", flush=True)
    return found


def flips(seeds: int) -> list[Outcome]:
    return [
        Outcome(f"{coordinate}, bit {bit}: {o.name}", o.p)
        for seed in range(1, seeds + 1)
        for coordinate, bits in COORDINATES.items()
        for bit in range(bits)
        for o in avalanche(flipped(coordinate, bit, seed, 2**14))
    ]


def tails(draws: int) -> list[Outcome]:
    """Numbers of draws beyond 3 … 6 sigma on either side, in a stream of its own."""
    below, above = dict.fromkeys(SIGMAS, 0), dict.fromkeys(SIGMAS, 0)
    months = range(4, 20)
    paths = PIECE // len(months)
    pieces = draws // PIECE
    for piece in range(pieces):
        z = normals(77, "campaign.tails", np.arange(piece * paths, (piece + 1) * paths), months)
        far = z[np.abs(z) > SIGMAS[0]]
        for sigma in SIGMAS:
            below[sigma] += int((far < -sigma).sum())
            above[sigma] += int((far > sigma).sum())
    found, count = [], pieces * PIECE
    for sigma in SIGMAS:
        share = np.ceil(2.0**32 * special.ndtr(-sigma) - 0.5) / 2.0**32
        for name, seen in (("below -", below[sigma]), ("above ", above[sigma])):
            found.append(Outcome(f"{name}{sigma} sigma", binomial(seen, count, share)))
            print(f"{name}{sigma} sigma: {seen:,} of {count:,}, expected {share * count:,.1f}, p {found[-1].p:.3f}")
    return found


def grid() -> bool:
    """Every one of the 2^32 normals: finite, rising, odd about a half, and that of another implementation to 2e-15."""
    sound, last, worst = True, -np.inf, 0.0
    for begin in range(0, 2**31, PIECE):
        k = np.arange(begin, begin + PIECE)
        z, mirrored = normals_of(k), normals_of(2**32 - 1 - k)
        other = special.ndtri((k + 0.5) / 2.0**32)
        worst = max(worst, float(np.abs(z / other - 1.0).max()) if begin < 2**31 - PIECE else 0.0)
        sound &= bool(z[0] > last and (np.diff(z) > 0).all() and np.array_equal(mirrored, -z))
        last = z[-1]
    sound &= bool(last < 0 and worst < 2e-15)
    print(f"the whole grid: {'rising, odd and finite' if sound else 'NOT sound'}, within {worst:.1e} of scipy's")
    return sound


def uniformity(outcomes: list[Outcome]) -> list[Outcome]:
    """The p-values of each test over seeds and orders should be even themselves; those of counts are steps and left out."""
    by_test: dict[str, list[float]] = defaultdict(list)
    for o in outcomes:
        name = o.name.split(": ")[-1]
        if not name.startswith(("collisions", "birthday", "lowest 2^-", "highest 2^-")):
            by_test[name].append(o.p)
    return [Outcome(f"p-values of {name}", float(stats.kstest(p, "uniform").pvalue)) for name, p in by_test.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="everything at full length")
    parser.add_argument("--grid", action="store_true", help="only the whole grid of normals")
    parser.add_argument("--seeds", type=int, help="number of seeds")
    parser.add_argument("--length", type=int, help="words a sequence, as a power of two")
    parser.add_argument("--tails", type=int, help="draws for the tails, as a power of two")
    given = parser.parse_args()
    started = time.perf_counter()
    if given.grid:
        sys.exit(0 if grid() else 1)
    seeds = given.seeds or (100 if given.full else 10)
    length = 2 ** (given.length or (24 if given.full else 22))
    outcomes = [*sequences(seeds, length), *flips(max(1, seeds // 10))]
    outcomes += [*uniformity(outcomes), *tails(2 ** (given.tails or (34 if given.full else 30)))]
    limit = FAMILY_WISE / len(outcomes)
    odd = [o for o in outcomes if not o.p >= limit]
    for o in sorted(outcomes, key=lambda o: o.p)[:10]:
        print(f"  p = {o.p:.2e}  {o.name}")
    print(
        f"{len(outcomes):,} tests, {len(odd)} below {limit:.1e}; a perfect source has lowest p near {1 / len(outcomes):.1e};"
        f" {time.perf_counter() - started:,.0f} s"
    )
    sound = grid() if given.full else True
    sys.exit(1 if odd or not sound else 0)


if __name__ == "__main__":
    main()
