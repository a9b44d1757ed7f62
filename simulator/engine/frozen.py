"""A summary as plain numbers and back, so that a run can go on where it stopped with the same bits.

Only of summaries that hold nothing by path (above EXACT_PATHS): mean and squares, whole-number counts, bins. Shorter runs are
simulated again, which is as quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import bins
from simulator.engine.block import Statistics
from simulator.engine.reduce import Sketch, Summary

Arrays = dict[str, npt.NDArray[Any]]
FROZEN = {
    *("paths", "statistics", "amounts", "endings", "counts", "replicates", "not_numbers", "column_names"),
    *("_sketches", "_ranked"),
}
ELSEWHERE = {"asked", "hold", "exact", "reader", "_columns", "_kept"}  # given anew, or empty above EXACT_PATHS


def freeze(summary: Summary) -> tuple[dict[str, Any], Arrays]:
    """(header, arrays), copies of what the summary knows."""
    if summary.exact:
        raise ValueError("a summary that holds numbers by path is not frozen")
    if unknown := set(vars(summary)) - FROZEN - ELSEWHERE:
        raise AssertionError(f"what a summary knows by {', '.join(sorted(unknown))} would be lost")
    arrays: Arrays = {"endings": summary.endings.copy()}
    for name, s in (("statistics", summary.statistics), ("amounts", summary.amounts)):
        arrays |= {f"{name}.mean": s.mean.copy(), f"{name}.squares": s.squares.copy()}
    arrays |= {f"counts.{name}": counts.copy() for name, counts in summary.counts.items()}
    for slot, sketches in summary._sketches.items():
        arrays |= _thinned(f"months.{slot}", sketches)
    arrays |= _thinned("ranked", list(summary._ranked.values()))
    header: dict[str, Any] = {
        "paths": summary.paths,
        "not_numbers": list(summary.not_numbers),
        "statistics": summary.statistics.paths,
        "amounts": summary.amounts.paths,
        "columns": list(summary.column_names),
        "counts": list(summary.counts),
        "months": list(summary._sketches),
        "ranked": list(summary._ranked),
        "replicates": [],
    }
    for k, replicate in enumerate(summary.replicates):
        inner, own = freeze(replicate)
        header["replicates"].append(inner)
        arrays |= {f"replicate.{k}.{name}": values for name, values in own.items()}
    return header, arrays


def thaw(summary: Summary, header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a new summary, which holds nothing by path, what another one knew."""
    if summary.paths or summary.exact or list(summary._ranked) != header["ranked"]:
        raise ValueError("only a new summary that is asked the same can take over what another one knew")
    summary.paths = header["paths"]
    summary.not_numbers = list(header["not_numbers"])
    summary.column_names = tuple(header["columns"])
    summary.endings = arrays["endings"]
    for name in ("statistics", "amounts"):
        found = Statistics(header[name], arrays[f"{name}.mean"], arrays[f"{name}.squares"])
        setattr(summary, name, found)
    summary.counts = {name: arrays[f"counts.{name}"] for name in header["counts"]}
    summary._sketches = {slot: _whole(f"months.{slot}", arrays) for slot in header["months"]}
    summary._ranked = dict(zip(header["ranked"], _whole("ranked", arrays), strict=True))
    for k, inner in enumerate(header["replicates"]):
        prefix = f"replicate.{k}."
        own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
        thaw(summary._replicates()[k], inner, own)


def count_by_month(summary: Summary) -> None:
    """From rows kept path by path to bins, where a run grows beyond EXACT_PATHS; the counts are those that it would have had
    from the beginning."""
    for slot, parts in summary._kept.items():
        sketches = summary._sketches.setdefault(slot, [Sketch() for _ in range(summary.asked.months + 1)])
        for rows in parts:
            every = np.ones(rows.shape[1], dtype=np.bool_)
            for sketch, found in zip(sketches, bins.by_month(rows, every), strict=True):
                sketch.add(found)
    summary._kept = {}
    summary.exact = False
    if summary.reader is not None:
        summary.hold = False
        summary._columns = {}


def _thinned(name: str, sketches: list[Sketch]) -> Arrays:
    """Only the bins that hold something, each as its distance from the one before."""
    where = [np.flatnonzero(s.counts) for s in sketches]
    nothing = np.empty(0, dtype=np.int64)
    apart = [np.diff(w + s.low, prepend=0) for w, s in zip(where, sketches, strict=True)]
    return {
        f"{name}.sizes": np.array([w.size for w in where], dtype=np.int64),
        f"{name}.bins": np.concatenate([nothing, *apart]).astype(np.int32),
        f"{name}.counts": np.concatenate([nothing, *(s.counts[w] for w, s in zip(where, sketches, strict=True))]),
    }


def _whole(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> list[Sketch]:
    ends = np.cumsum(arrays[f"{name}.sizes"])[:-1]
    found = []
    for of, counts in zip(
        np.split(arrays[f"{name}.bins"], ends), np.split(arrays[f"{name}.counts"], ends), strict=True
    ):
        sketch = Sketch()
        sketch.add(bins.Counted(np.cumsum(of, dtype=np.int64), counts))
        found.append(sketch)
    return found
