"""A finished run as its folder tells it: the document, the tables by month, a few columns of every path."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.store import folder as store

Row = dict[str, list[float | None]]  # statistic -> values of months 0 … M


class StoredRun:
    """Numbers are those of the folder, unchanged. Raises StoreError for what is no finished run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = store.read_manifest(folder)
        self.figures: dict[str, Any] = self.manifest["figures"]
        self.months = int(self.figures["months"])
        self.step = str(self.figures.get("step", "month"))
        self.title = str(self.figures["title"] or self.figures["scenario"])

    @cached_property
    def labels(self) -> list[str]:
        """Of months 0 … M."""
        found = dict(zip(self._months["month"], self._months["label"], strict=True))
        return [found[m] for m in range(self.months + 1)]

    @cached_property
    def _months(self) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = store.read_table(self.folder, "months").to_pydict()
        return columns

    @cached_property
    def metrics(self) -> dict[str, Row]:
        """By metric of the table `months`."""
        return _by_month(self._months, self._months["metric"], self.months)

    @cached_property
    def contracts(self) -> dict[tuple[str, str], Row]:
        """By contract and metric of the table `contracts`."""
        columns = store.read_table(self.folder, "contracts").to_pydict()
        return _by_month(columns, zip(columns["contract"], columns["metric"], strict=True), self.months)

    @cached_property
    def path_columns(self) -> tuple[str, ...]:
        return tuple(store.column_names(self.folder, "paths"))

    @cached_property
    def paths(self) -> dict[str, npt.NDArray[Any]]:
        """What is read of every path."""
        wanted = ["end_month", "cause", "shadow_breach_month", "cash", "lowest_liquidity"]
        table = store.read_table(self.folder, "paths", wanted, whole=False)
        return {name: np.asarray(table[name].to_numpy()) for name in wanted}


def _by_month(columns: dict[str, list[Any]], keys: Any, months: int) -> dict[Any, Row]:
    statistics = [name for name in columns if name not in ("month", "label", "metric", "contract", "unit")]
    found: dict[Any, Row] = {}
    for k, key in enumerate(keys):
        row = found.setdefault(key, {name: [None] * (months + 1) for name in statistics})
        for name in statistics:
            row[name][columns["month"][k]] = columns[name][k]
    return found
