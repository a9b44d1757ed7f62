"""subset.c compiled for this machine and called through ctypes; with the engine's own random numbers."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from peers.company import Outcome
from peers.subset_company import COLUMNS, KEPT, METRICS, Subset

SOURCE = Path(__file__).with_name("subset.c")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-std=gnu11", "-fPIC", "-shared")
LONGEST = 1024
STAGES = ("random words", "normals and uniforms", "drivers", "money", "statistics and kept rows")
NUMBERS = (
    "cash", "interest", "floor", "run_rate", "growth", "long_run", "keep_growth", "growth_step", "level_drift", "level_step",
    "now", "drift", "phi", "sd", "variable", "spot", "rate", "odds", "size_mean", "size_sd",
)  # fmt: skip


class _Company(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_double) for name in NUMBERS),
        ("mix", ctypes.c_double * 16),
        ("commitment", ctypes.c_double * LONGEST),
        ("seed", ctypes.c_uint32 * 2),
        ("stream", ctypes.c_uint32 * 6),
    )


def compiler() -> str | None:
    return next((found for name in ("gcc", "clang", "cc") if (found := shutil.which(name))), None)


class SubsetC:
    def __init__(self, company: Subset, room: Path, block: int = 512) -> None:
        """`room`: a folder for the library."""
        command = compiler()
        if command is None:
            raise FileNotFoundError("no C compiler")
        library = room / f"subset-{block}.so"
        subprocess.run([command, *FLAGS, f"-DBLOCK={block}", str(SOURCE), "-o", str(library), "-lm"], check=True)
        self._run = ctypes.CDLL(str(library)).run
        self._run.restype = None
        self.months = company.months
        self.company = _Company()
        for name in NUMBERS:
            setattr(self.company, name, getattr(company, name))
        self.company.mix[:] = list(company.mix.ravel())
        self.company.commitment[: company.commitment.size] = list(company.commitment)
        self.company.seed[:] = [company.seed & 0xFFFFFFFF, company.seed >> 32]
        self.company.stream[:] = list(company.streams)

    def simulate(self, first: int, paths: int, without: int = 0) -> Outcome:
        """Paths first … first + paths - 1; `without`: stages left out, to learn what each costs (no answers then)."""
        columns = np.empty((len(COLUMNS), paths))
        sums = np.zeros((self.months + 1, len(METRICS), 2))
        kept = np.empty((len(KEPT), self.months + 1, paths))

        def at(x: Any) -> Any:
            return ctypes.c_void_p(x.ctypes.data)

        self._run(
            ctypes.byref(self.company), ctypes.c_int64(first), ctypes.c_int64(paths), ctypes.c_int(self.months),
            at(columns), at(sums), at(kept), ctypes.c_int(without),
        )  # fmt: skip
        means = {("", name): sums[:, k] for k, name in enumerate(METRICS)}
        return Outcome(dict(zip(COLUMNS, columns, strict=True)), means, dict(zip(KEPT, kept, strict=True)))
