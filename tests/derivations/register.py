"""The derivations by the name of their evidence."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import derivations

EVIDENCE = Path(__file__).resolve().parent.parent / "evidence"


def modules() -> dict[str, ModuleType]:
    """Evidence name -> module. A module of the package `laws` writes into the folder of that name."""
    found = {}
    for item in pkgutil.walk_packages(derivations.__path__, "derivations."):
        if item.name.endswith("__main__"):
            continue
        module = importlib.import_module(item.name)
        if hasattr(module, "document") and inspect.isfunction(module.document):
            found[item.name.removeprefix("derivations.").replace(".", "/")] = module
    return dict(sorted(found.items()))


def documents(names: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, module in modules().items():
        if not names or name in names:
            yield name, module.document()
