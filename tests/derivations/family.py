"""The checks of one law: for every set of parameters and both horizons its mean, its variance and a tail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from derivations.distributions import Law
from derivations.document import number, probability
from derivations.estimators import sd1_mean, sd1_variance

TAIL = 0.04  # about; the level is rounded to four digits and the probability is that of the rounded one


def of_law(
    title: str,
    source: str,
    sets: Mapping[str, Any],
    settings: Callable[[Any], list[str]],
    measure: Callable[[int], str],
    law: Callable[[Any, int], Law],
    months: tuple[int, int] = (6, 36),
    upper: bool = False,
    level: Callable[[Law, int], float] | None = None,
) -> dict[str, Any]:
    """`settings` and `law` of a set's parameters; `upper`: the tail above instead of below; `level`: where it begins."""
    checks = []
    for named, parameters in sets.items():
        for m in months:
            of, x = law(parameters, m), measure(m)
            limit = of.at(1.0 - TAIL if upper else TAIL) if level is None else level(of, m)
            tail = 1.0 - of.below(limit) if upper else of.below(limit)
            checks += [
                number(f"mean_{m}m", f"mean({x})", of.mean, sd1_mean(of.central), set=named),
                number(f"variance_{m}m", f"var({x})", of.central[2], sd1_variance(of.central), set=named),
                probability(
                    f"{'above' if upper else 'below'}_{limit:g}_{m}m",
                    f"share({x} {'>=' if upper else '<'} {limit!r})",
                    tail,
                    set=named,
                ),
            ]
    return {
        "title": title,
        "source": source,
        "timing": "values at month-ends",
        "sets": {named: settings(parameters) for named, parameters in sets.items()},
        "checks": checks,
    }
