"""The name of a compiled law says all that its machine code depends on, so that a cache is never stale and seldom cold."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest

from simulator.engine.jit import Argument, step_code

MODULE = """
import math
FACTOR = 2.0
def inner(x):
    return x + {added}
def law(x):
    "{words}"
    return FACTOR * inner(x) + math.{function}(x)
"""


def law_of(name: str = "simulator.components.made_up", **changes: str) -> Callable[..., float]:
    module = types.ModuleType(name)
    text = MODULE.format(**{"added": "1.0", "words": "words", "function": "exp", **changes})
    exec(compile(text, "<made up>", "exec"), vars(module))
    law: Callable[..., float] = module.law
    return law


def stem_of(law: Callable[..., float]) -> str:
    return step_code(law, (Argument("slot"),), ("set",)).stem


def test_the_same_law_written_again_with_other_words_is_not_compiled_again() -> None:
    assert stem_of(law_of()) == stem_of(law_of(words="other words"))


@pytest.mark.parametrize("change", [{"added": "1.5"}, {"function": "sin"}], ids=str)
def test_a_change_in_a_law_or_in_what_it_calls_is_compiled(change: dict[str, str]) -> None:
    assert stem_of(law_of()) != stem_of(law_of(**change))


def test_a_change_of_a_number_that_a_law_refers_to_is_compiled() -> None:
    changed = law_of()
    changed.__globals__["FACTOR"] = 3.0
    assert stem_of(law_of()) != stem_of(changed)
