"""How the answer of each verb is drawn: one verb, one file, found by being there.

A file has `TITLE`, the heading of the section, and `pieces(document, key)`: charts, charts side by side (a list), tables and
sentences, in the order in which a reader asks. `key` is the beginning of the charts' names.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from simulator.report.charts.specification import Chart, Ledger

Piece = Chart | list[Chart] | Ledger | str  # a str is a sentence, not HTML
Document = Mapping[str, Any]


class Drawn(NamedTuple):
    title: str
    pieces: Callable[[Document, str], Iterator[Piece]]


@cache
def known() -> Mapping[str, Drawn]:
    """By the verb that a document declares."""
    modules = (import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return {m.__name__.rpartition(".")[2]: Drawn(m.TITLE, m.pieces) for m in modules if hasattr(m, "pieces")}
