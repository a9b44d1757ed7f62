"""What decisions and martingales are regressed on: functions of the state of a contract and of its company, date by date.

The state: the price ratio; the need beyond the capacity of all contracts (else the run-rate), which bends what a month brings;
the other states of revenue and price; and, for a holder who knows them, the inputs drawn once a path that move the value most.
What is bought at the market is worth its price times how much of it is needed, so functions of the price come times functions
of the need. New on a date are the scores as they are drawn, independent of each other, so that their products have mean 0 too;
of an event whose chance is known, whether it happened less its chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.components.base import RUN_RATE
from simulator.estimate.exercise import Functions, News
from simulator.estimate.functions import Array, Knots, Scale, hats, hermite, legendre, powers, steps
from simulator.estimate.months import SMALL, Months

KNOTS, FEWER, OF_NEED = 10, 5, 7
KNOWN = 6  # inputs: so many at most are looked at
CERTAIN = 4.0  # standard errors by which an input must move the value


@dataclass(frozen=True)
class Basis:
    """Functions of the state, scaled on the paths that are fitted on."""

    logarithm: Scale
    plain: Scale  # of the ratio itself, not of its logarithm
    knots: Knots
    fewer: Knots
    need: str | None  # the state that stands for the company's need
    of_need: Knots | None
    size: str | None  # the state that stands for the company's size
    of_size: Knots | None
    others: dict[str, Scale]
    known: dict[str, tuple[float, float]]  # inputs, those that move the value most first: mean and standard deviation

    @staticmethod
    def of(months: Months, fewer: int = FEWER, of_need: int = OF_NEED) -> Basis:
        x, states = np.log(months.ratio), _others(months)
        need = next((name for name in ("slack", RUN_RATE) if name in states), None)
        size = RUN_RATE if RUN_RATE in states else need
        known = {name: (float(v.mean()), float(v.std())) for name, v in _movers(months).items()}
        return Basis(
            logarithm=Scale.of(x),
            plain=Scale.of(months.ratio),
            knots=Knots.of(x, KNOTS),
            fewer=Knots.of(x, fewer),
            need=need,
            of_need=None if need is None else Knots.of(states[need], of_need),
            size=size,
            of_size=None if size is None else Knots.of(states[size], of_need),
            others={name: Scale.of(v) for name, v in states.items()},
            known=known,
        )

    def states(self, months: Months, known: bool = True) -> Functions:
        """For regressions of values. `known`: by somebody who knows the inputs."""
        return _States(self, months, known)

    def news(self, months: Months, company: bool = True) -> News:
        """What moves martingales: the price's own shocks by fine functions of the ratio; all shocks and products of two, by
        coarse functions of ratio and size. `company`: whether what the right brings depends on it, or on the price alone."""
        own, everything = _Scores(months, 4, 0), _Scores(months, 2, 3)
        more = None if own.only and self.need is None else News(_Coarse(self, months, company), everything)
        return News(_Fine(self, months), own, more)

    # --- rows of one date ---

    def price(self, months: Months, t: int, knots: Knots) -> Array:
        x = np.log(months.ratio[t : t + 1])
        plain = (months.ratio[t] - self.plain.mean[t]) / self.plain.sd[t]
        return np.hstack([hats(x, Knots(knots.at[t : t + 1]))[0], plain[:, None]])

    def company(self, months: Months, t: int) -> Array:
        if self.need is None or self.of_need is None:
            return np.ones((months.paths, 1))
        return np.asarray(hats(_others(months, t)[self.need], Knots(self.of_need.at[t : t + 1]))[0])

    def grown(self, months: Months, t: int) -> Array:
        if self.size is None or self.of_size is None:
            return np.ones((months.paths, 1))
        return np.asarray(hats(_others(months, t)[self.size], Knots(self.of_size.at[t : t + 1]))[0])

    def rest(self, months: Months, t: int) -> Array:
        """Other states, linear; shape (paths, number)."""
        found = []
        for name, values in _others(months, t).items():
            if name in self.others and name != self.need:
                scale = self.others[name]
                found.append((values[0] - scale.mean[t]) / scale.sd[t])
        return np.column_stack(found) if found else np.zeros((months.paths, 0))

    def inputs(self, months: Months) -> Array:
        found = [(months.inputs[name] - mean) / sd for name, (mean, sd) in self.known.items()]
        return np.column_stack(found) if found else np.zeros((months.paths, 0))


class _States:
    """The rows of the date that was asked for last are kept: a decision is fitted and applied."""

    def __init__(self, basis: Basis, months: Months, known: bool) -> None:
        self.basis, self.months, self.known = basis, months, known
        self._last: tuple[int, Array] | None = None

    def __getitem__(self, t: int) -> Array:
        if self._last is None or self._last[0] != t:
            self._last = t, self._of(t)
        return self._last[1]

    def _of(self, t: int) -> Array:
        b, m = self.basis, self.months
        price, company, rest = b.price(m, t, b.fewer), b.company(m, t), b.rest(m, t)
        plain = price[:, -1:]
        both = product(price, company)
        curve = powers(np.log(m.ratio[t : t + 1]), 4, Scale(b.logarithm.mean[t : t + 1], b.logarithm.sd[t : t + 1]))[0]
        parts = [curve, both, product(rest, company), product(product(rest, plain), company)]
        if self.known and b.known:
            inputs, first = b.inputs(m), b.inputs(m)[:, :2]
            few = np.hstack([np.ones_like(plain), plain, curve[:, 1:3]])
            parts += [product(inputs, few), product(first, both), first**2, product(inputs[:, :1], inputs[:, 1:])]
            parts += [product(product(first[:, :1], first[:, :1]), few)]
        return np.hstack(parts)


@dataclass(frozen=True)
class _Fine:
    basis: Basis
    months: Months

    def __getitem__(self, t: int) -> Array:
        return self.basis.price(self.months, t, self.basis.knots)


@dataclass(frozen=True)
class _Coarse:
    basis: Basis
    months: Months
    company: bool

    def __getitem__(self, t: int) -> Array:
        b, m = self.basis, self.months
        if not self.company:
            inputs = b.inputs(m)
            price = b.price(m, t, b.fewer)
            return np.hstack([price, product(inputs[:, :2], price), inputs[:, 2:]])
        price, size, rest, inputs = b.price(m, t, b.fewer), b.grown(m, t), b.rest(m, t), b.inputs(m)
        plain, grown = price[:, -1:], size[:, -1:] - size[:, :1]
        four = np.hstack([np.ones_like(plain), plain, grown, plain * grown])
        parts = [product(price, size), product(rest, size), product(product(rest, plain), size)]
        return np.hstack([*parts, product(inputs[:, :3], four), product(inputs[:, 3:], four[:, :2])])


class _Scores:
    """Of one date: functions with mean 0 of the shocks as they are drawn; `cross`: products of normal ones up to this degree."""

    def __init__(self, months: Months, degree: int, cross: int) -> None:
        self.months, self.degree, self.cross = months, degree, cross
        of_price = months.read
        self.only = set(of_price) == set(months.shocks)
        self.shocks = months.shocks if cross else of_price
        self.normal = {k for k, v in self.shocks.items() if not ((v[1:] > 0.0).all() and (v[1:] < 1.0).all())}

    def __getitem__(self, t: int) -> Array:
        normals, events = [], []
        for name, values in self.shocks.items():
            u = values[t]
            if name in self.normal:
                normals.append(hermite(u, self.degree))
            elif name in self.months.chances:
                p = self.months.chances[name]
                events.append((((u < p) - p) / np.sqrt(p * (1.0 - p)))[:, None])
            else:
                events.append(np.concatenate([legendre(u, 1), steps(u, 6)], axis=-1))
        parts = [*normals, *events]
        for k, a in enumerate(normals):
            for b in normals[k + 1 :]:
                pairs = [(i, j) for i in range(self.cross - 1) for j in range(self.cross - 1 - i)]
                parts += [a[:, i : i + 1] * b[:, j : j + 1] for i, j in pairs]
            if self.cross:
                parts += [a[:, :1] * e[:, :1] for e in events]
        return np.hstack(parts) if parts else np.zeros((self.months.paths, 0))


def product(a: Array, b: Array) -> Array:
    """Every column of a times every column of b, row by row."""
    return np.asarray((a[:, :, None] * b[:, None, :]).reshape(len(a), -1))


def _others(months: Months, t: int | None = None) -> dict[str, Array]:
    """States beyond the price ratio; of all dates those that differ between paths only."""
    rows = slice(None) if t is None else slice(t, t + 1)
    found = {}
    for name, values in {"slack": months.slack, **months.hidden}.items():
        v = values[rows]
        found[name] = np.log(np.maximum(v, SMALL)) if name == RUN_RATE else v
    return found if t is not None else {k: v for k, v in found.items() if (v != v[:, :1]).any()}


def _movers(months: Months) -> dict[str, Array]:
    """The inputs that move what the contract brings either side, most first; of inputs that move as one the first."""
    names: list[str] = []
    columns: list[Array] = []
    for name, values in months.inputs.items():
        if values.std() <= 1e-9 * max(1.0, abs(float(values.mean()))):
            continue
        score = (values - values.mean()) / values.std()
        if all(abs(float((score * other).mean())) < 1.0 - 1e-9 for other in columns):
            names.append(name)
            columns.append(score)
    if not names:
        return {}
    x = np.column_stack([np.ones(months.paths), *columns])
    moved = np.zeros(len(names))
    for flow in (months.gain, months.let):
        y = (months.discount * flow).sum(axis=0)
        found = np.linalg.lstsq(x.T @ x, x.T @ y, rcond=1e-12)[0]
        error = float((y - x @ found).std()) / np.sqrt(months.paths)
        moved = np.maximum(moved, np.abs(found[1:]) / max(error, 1e-300))
    order: Sequence[int] = np.argsort(-moved, kind="stable")[:KNOWN].tolist()
    return {names[k]: months.inputs[names[k]] for k in order if moved[k] > CERTAIN}
