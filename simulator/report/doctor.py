"""What a bug report needs: versions, the machine, caches, the terminal, and whether the parts are sound."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from simulator.engine import jit
from simulator.engine.executors import available_threads

PACKAGES = ("simulator", "numpy", "scipy", "numba", "llvmlite", "pyarrow", "pydantic", "click", "rich", "duckdb")
Facts = dict[str, dict[str, str]]


def facts() -> Facts:
    return {"packages": _packages(), "machine": _machine(), "cache": _cache(), "terminal": _terminal()}


def _packages() -> dict[str, str]:
    found = {"python": f"{platform.python_version()} ({platform.python_implementation()})"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _machine() -> dict[str, str]:
    found = {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "threads": str(available_threads()),
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory"] = f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.1f} GB"
    found["free disk here"] = f"{shutil.disk_usage(Path.cwd()).free / 1e9:.1f} GB"
    return found


def _cache() -> dict[str, str]:
    folder = jit.cache_folder()
    files = [f for f in folder.rglob("*") if f.is_file()]
    return {
        "folder": str(folder),
        "size": f"{sum(f.stat().st_size for f in files) / 1e6:.1f} MB in {len(files)} files",
        "state": "empty: the first run compiles" if jit.is_cold() else "filled",
    }


def _terminal() -> dict[str, str]:
    size = shutil.get_terminal_size()
    return {
        "size": f"{size.columns} x {size.lines}",
        "encoding": str(getattr(sys.stdout, "encoding", None)),
        "NO_COLOR": os.environ.get("NO_COLOR", "not set"),
        "byte code": "not written (PYTHONDONTWRITEBYTECODE): slow starts" if sys.dont_write_bytecode else "written",
    }
