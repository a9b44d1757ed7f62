"""Rights to leave a contract, on its months without leaving (estimate/months.py): what a notice of each side brings both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.estimate.basis import Basis
from simulator.estimate.exercise import Dates, Right, after, at
from simulator.estimate.functions import Array, Bools, powers
from simulator.estimate.months import Months, Terms


class Consequences(NamedTuple):
    """What a notice of each step brings each side against keeping the contract, (T + 1, paths), dollars at the opening."""

    to_supplier: Array
    to_buyer: Array


def consequences(months: Months) -> tuple[Consequences | None, Consequences | None]:
    """Of the (supplier's, buyer's) notice; None of a side that has no right."""
    gain, let = months.discount * months.gain, months.discount * months.let
    b, s = months.buyer, months.supplier
    of_supplier = of_buyer = None
    if s is not None:
        of_supplier = Consequences(-after(let, s.notice), -after(gain, s.notice) - _recall(months, s.notice))
    if b is not None:
        fee = _fee(months, b.notice)
        of_buyer = Consequences(fee - after(let, b.notice), -fee - after(gain, b.notice))
    return of_supplier, of_buyer


def brought(months: Months, by_supplier: Dates, by_buyer: Dates) -> Consequences:
    """(paths,) each: what notices on these dates bring each side."""
    to_supplier, to_buyer = np.zeros(months.paths), np.zeros(months.paths)
    for found, dates in zip(consequences(months), (by_supplier, by_buyer), strict=True):
        if found is not None:
            to_supplier += at(found.to_supplier, dates)
            to_buyer += at(found.to_buyer, dates)
    return Consequences(to_supplier, to_buyer)


def rights(
    months: Months, basis: Basis, by_boundary: bool = False, known: bool = True
) -> tuple[Right | None, Right | None]:
    """(supplier's, buyer's), in the order in which they decide in a month. `by_boundary`: decisions by the price ratio alone;
    `known`: by somebody who knows the inputs drawn once a path."""
    states = powers(np.log(months.ratio), 4, basis.logarithm) if by_boundary else basis.states(months, known)
    along = months.ratio if by_boundary else None
    gain, let = months.discount * months.gain, months.discount * months.let
    of_supplier, of_buyer = consequences(months)
    supplier = buyer = None
    if months.supplier is not None:
        other = None if of_buyer is None else of_buyer.to_supplier
        may, n = _may(months, months.supplier), months.supplier.notice
        supplier = Right(np.zeros_like(let), let, n, may, states, along, True, other)
    if months.buyer is not None:
        other = None if of_supplier is None else of_supplier.to_buyer
        may, n = _may(months, months.buyer), months.buyer.notice
        buyer = Right(-_fee(months, n), gain, n, may, states, along, False, other)
    return supplier, buyer


def _may(months: Months, terms: Terms) -> Bools:
    steps = np.arange(len(months.ratio))[:, None]
    return np.asarray((steps >= terms.earliest) & (steps + terms.notice < months.last) & months.open)


def _fee(months: Months, notice: int) -> Array:
    """The fee of leaving, discounted from the month in which it is due."""
    steps = len(months.ratio)
    due = np.arange(steps) + (0 if months.fee_at_notice else notice)
    return np.asarray(months.discount[np.minimum(due, steps - 1)] * months.fee)


def _recall(months: Months, notice: int) -> Array:
    """What the supplier's notice of each step costs the buyer in revenue, discounted."""
    total = np.cumsum(months.discount * months.recall, axis=0)
    steps, lanes = len(total), np.arange(months.paths)
    found = np.zeros_like(total)
    for t in range(steps):
        ends = np.minimum(steps - 1, t + notice + months.recall_steps.astype(np.int64))
        found[t] = total[ends, lanes] - total[min(steps - 1, t + notice)]
    return found
