"""The pen that random scenarios are written with (tests/companies.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

EPOCH = 2026 * 12 + 10  # the ordinal of 2026-11, the first month


@dataclass
class Writer:
    """Draws the pieces of a scenario's text, and remembers what later pieces may refer to."""

    draw: st.DrawFn
    priced: bool = False
    computing: bool = False
    market: bool = False
    rated: bool = False
    step: int = 1  # months in a step
    shared: bool = False  # some numbers come from [inputs]
    shocks: list[str] = field(default_factory=list)  # that may stand in the dependence table
    expenses: list[str] = field(default_factory=lambda: ["expense"])  # that policies may cut or freeze
    once: list[str] = field(default_factory=list)  # what is decided once a path
    late: list[str] = field(default_factory=list)  # contracts with a delivery

    def number(self, low: float, high: float, unit: str = "") -> str:
        """A number of the range as a file writes it; one in four is uniformly distributed around it."""
        x = low + self.draw(st.integers(0, 20)) / 20 * (high - low)
        near = (x, 0.9 * x if x > 0 else 1.1 * x, (1.1 * x if x > 0 else 0.9 * x) + 1e-6)
        point, less, more = (f'"{value:.6g}{unit}"' if unit else f"{value:.6g}" for value in near)
        return point if self.draw(st.integers(0, 3)) else f"{{ uniform = {{ low = {less}, high = {more} }} }}"

    def fixed(self, low: float, high: float, unit: str = "") -> str:
        x = f"{low + self.draw(st.integers(0, 20)) / 20 * (high - low):.6g}"
        return f'"{x}{unit}"' if unit else x

    def whole(self, low: int, high: int) -> str:
        """A whole number of steps."""
        return f'"{self.draw(st.integers(low, high))} {"mo" if self.step == 1 else "qtr"}"'

    def span(self, low: int, high: int) -> str:
        """A time that is whole in steps where steps are quarters."""
        return self.number(low, high, " mo") if self.step == 1 else self.whole(low // 3, high // 3)

    def share(self, low: float = 0.0, high: float = 0.9) -> str:
        return self.number(low, min(high, 0.9))  # a distribution around it stays below 1

    def chance(self) -> str:
        """A probability, certain ones included."""
        return self.one_of(["0.0", "1.0", "0.3", "0.5", "0.8"])

    def each(self, one: str, other: str) -> str:
        """One value for both regimes of the market, or one for each."""
        return f"{{ open = {one}, shut = {other} }}" if self.market and self.coin() else one

    def shared_input(self, name: str, otherwise: str) -> str:
        return f'{{ input = "{name}" }}' if self.shared else otherwise

    def one_of(self, values: Sequence[str]) -> str:
        return self.draw(st.sampled_from(list(values)))

    def maybe(self, line: str) -> str:
        """The line in two of three cases."""
        return line if self.draw(st.integers(0, 2)) else ""

    def rarely(self, line: str) -> str:
        """The line in one of four cases."""
        return "" if self.draw(st.integers(0, 3)) else line

    def int(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def month(self, low: int, high: int) -> str:
        return self.label(self.int(low, high))

    def label(self, m: int) -> str:
        """Of step m."""
        if self.step > 1:
            at = EPOCH // self.step + m - 1
            return f'"{at // 4:04d}-Q{at % 4 + 1}"'
        at = EPOCH + m - 1
        return f'"{at // 12:04d}-{at % 12 + 1:02d}"'

    def coin(self) -> bool:
        return self.draw(st.booleans())


def lines(*given: str) -> str:
    return "\n".join(line for line in given if line)
