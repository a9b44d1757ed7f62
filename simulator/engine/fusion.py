"""Steps of a program fused into a few loops: what one law hands to the next stays in a register.

A loop of its own for every law (engine/jit.py) needs no compiling when a scenario changes, but every number travels through
memory. Long runs are worth a loop made for them: steps that do not wait for each other are gathered, each row is read at most
once and written only if somebody else reads it. The arithmetic is the same, operation by operation, so are the bits.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Callable, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

from simulator.engine.build import Step, same
from simulator.engine.jit import SIGNS, Argument, Using, is_of_one_number, lane_loop

MOST_LAWS = 12  # on all lanes, in one loop: of more a processor holds less than a round, and waits for every result
MOST_TOGETHER = 48  # in one function: fewer functions are loaded sooner
ELEMENTWISE = {"slot", "fixed", "series", "rows", "ago", "month", "tuple"}


class Fused(NamedTuple):
    """A function of a few loops over several laws each; stands in the place of steps."""

    source: str
    laws: tuple[tuple[Callable[..., Any], Using], ...]  # law0, law1, … of the source
    words: tuple[int, ...]
    params: tuple[float, ...]
    months: tuple[int, int]
    size: int  # laws, repeated ones too


class Touched(NamedTuple):
    reads: frozenset[Any]
    writes: frozenset[Any]


def fuse(steps: Sequence[Step], reported: Set[int]) -> list[Step | Fused]:
    """The same program in fewer loops. `reported`: rows whose values after a month somebody looks at."""
    left, fresh = _begin(steps)
    touched = [_touched(step) for step in left]
    seen: set[Any] = set()
    groups: list[tuple[list[Step], dict[int, float]]] = []
    needed: set[Any] = set(reported)
    for numbers in _gather(left, touched):
        group = [left[k] for k in numbers]
        rows = frozenset().union(*(touched[k].reads | touched[k].writes for k in numbers))
        begins = {row: value for row, value in fresh.items() if row in rows and row not in seen}
        seen |= rows
        needed |= _loaded(group, begins) if _is_fusible(group[0]) else _all_reads(group)
        groups.append((group, begins))
    made: list[Step | Fused] = []
    always = (1, max((step.months[1] for step in steps), default=1))
    function = _Function(always)
    for group, begins in groups:
        if not _is_fusible(group[0]):
            made += [*function.made(), group[0]]
            function = _Function(always)
            continue
        if function.size + len(group) > MOST_TOGETHER:
            made += function.made()
            function = _Function(always)
        _Loop(function, group, begins, needed).write()
    return made + function.made()


def _rows_of(step: Step) -> tuple[list[Any], list[tuple[str, Any]]]:
    """(rows read, (kind of output, row) written); the rows of a history count as one."""
    at = 0
    reads: list[Any] = []

    def walk(argument: Argument) -> None:
        nonlocal at
        if argument.kind == "tuple":
            for part in argument.parts:
                walk(part)
        elif argument.kind in ("slot", "rows"):
            reads.append(step.words[at] if argument.kind == "slot" else ("rows", step.words[at]))
            at += 1
        elif argument.kind in ("ago", "ago_row"):
            reads.append(("history", step.words[at]))
            if argument.kind == "ago_row":
                reads.append(step.words[at + 2])
            at += 3
        elif argument.kind == "series":
            at += 1
        elif argument.kind == "table":
            at += 2
        elif argument.kind == "columns":
            reads.extend(range(int(step.words[at]), int(step.words[at]) + int(step.words[at + 1])))
            at += 2

    for argument in step.arguments:
        walk(argument)
    writes: list[tuple[str, Any]] = []
    for output in step.outputs:
        writes.append((output, ("history", step.words[at]) if output == "ring" else step.words[at]))
        at += 2 if output == "ring" else 1
    return reads, writes


def _touched(step: Step) -> Touched:
    if step.kernel:
        return Touched(frozenset(), frozenset({step.words[0], ("words", step.words[1])}))
    reads, writes = _rows_of(step)
    added = [row for kind, row in writes if kind in SIGNS]
    reads = [*reads, *added, *([row for _, row in writes] + [step.words[-1]] if step.rarely else [])]
    return Touched(frozenset(reads), frozenset(row for _, row in writes))


@cache
def _has_loop(law: Callable[..., Any]) -> bool:
    """Loops over a tuple's entries do not count: machine code has none of them."""
    called = [law.__globals__.get(name) for name in law.__code__.co_names]
    inner = [f for f in called if isinstance(f, types.FunctionType) and f.__module__.startswith("simulator.")]
    instructions = list(dis.get_instructions(law))
    backward = any("JUMP_BACKWARD" in i.opname for i in instructions)
    over_entries = all(
        i.argval == "len" for k, i in enumerate(instructions) if k and instructions[k - 1].argval == "range"
    )
    return (backward and not over_entries) or any(_has_loop(f) for f in inner)


def _is_fusible(step: Step) -> bool:
    def plain(argument: Argument) -> bool:
        return argument.kind in ELEMENTWISE and all(plain(p) for p in argument.parts)

    return not step.kernel and all(plain(a) for a in step.arguments) and not _has_loop(step.law)


def _together(a: Step, b: Step) -> bool:
    """Whether they may stand in one loop: they run in the same months, on the same lanes."""
    return a.months == b.months and a.rarely == b.rarely and (not a.rarely or a.words[-1] == b.words[-1])


def _is_reset(step: Step) -> bool:
    return (
        not step.rarely
        and step.law is same
        and [a.kind for a in step.arguments] == ["fixed"]
        and step.outputs == ("set",)
    )


def _begin(steps: Sequence[Step]) -> tuple[list[Step], dict[Any, float]]:
    """Rows that start every month at a number, where their first writer can start from it instead (row -> number), and the
    steps that are left. Where the first writer replaces the row in some months only, it is reset in the others."""
    touched = [_touched(step) for step in steps]
    users: dict[Any, list[int]] = {}
    for k, t in enumerate(touched):
        for row in t.reads | t.writes:
            users.setdefault(row, []).append(k)
    left: list[Step] = []
    fresh: dict[Any, float] = {}
    for k, step in enumerate(steps):
        row = step.words[0]
        of_row = users.get(row, [])
        if not _is_reset(step) or of_row[0] != k or len(of_row) < 2 or not _is_fusible(steps[of_row[1]]):
            left.append(step)
            continue
        first = steps[of_row[1]]
        if first.rarely:
            left.append(step)
        elif row in touched[of_row[1]].writes and first.months == step.months:
            fresh[row] = float(step.params[0])
        elif row in touched[of_row[1]].writes and row not in touched[of_row[1]].reads:
            begin, end = first.months
            for months in ((step.months[0], begin - 1), (end + 1, step.months[1])):
                if months[0] <= months[1]:
                    left.append(step._replace(months=months))
        else:
            left.append(step)
    return left, fresh


def _gather(steps: Sequence[Step], touched: Sequence[Touched]) -> list[list[int]]:
    """Groups of steps in an order that respects who reads what whom: each as many ready steps as fit."""
    waiting_for: dict[int, set[int]] = {k: set() for k in range(len(steps))}
    for j, b in enumerate(touched):
        for i, a in enumerate(touched[:j]):
            if a.writes & (b.reads | b.writes) or a.reads & b.writes:
                waiting_for[j].add(i)
    remaining, groups = list(range(len(steps))), []
    done: set[int] = set()
    while remaining:
        first = next(k for k in remaining if waiting_for[k] <= done)
        group = [first]
        if _is_fusible(steps[first]):
            inside = {first}
            for k in remaining:
                if len(group) >= (MOST_TOGETHER if steps[first].rarely else MOST_LAWS):
                    break
                together = _together(steps[k], steps[first])
                if k != first and together and _is_fusible(steps[k]) and waiting_for[k] <= done | inside:
                    group.append(k)
                    inside.add(k)
        groups.append(group)
        done.update(group)
        taken = set(group)
        remaining = [k for k in remaining if k not in taken]
    return groups


def _all_reads(group: Sequence[Step]) -> frozenset[Any]:
    return frozenset().union(*(_touched(step).reads for step in group))


def _loaded(group: Sequence[Step], fresh: dict[int, float]) -> frozenset[Any]:
    """Rows a loop reads before it writes them, those that start the month anew apart."""
    known: set[Any] = set(fresh)
    loaded: set[Any] = set()
    for step in group:
        reads, writes = _rows_of(step)
        for row in [*reads, *(row for kind, row in writes if kind in SIGNS)]:
            if row not in known:
                loaded.add(row)
        known.update(row for _, row in writes)
    return frozenset(loaded | ({group[0].words[-1]} if group[0].rarely else set()))


class _Function:
    """Collects the text of loops that run one after the other; those that do not run in all `months` look at the month."""

    def __init__(self, months: tuple[int, int]) -> None:
        self.months = months
        self.before: list[str] = []
        self.loops: list[str] = []
        self.words: list[int] = []
        self.params: list[float] = []
        self.laws: dict[tuple[Callable[..., Any], Using], int] = {}
        # the same for all loops: what machine code is told of rows that do not overlap has to be true
        self.pointers: dict[Any, str] = {}
        self.count = 0
        self.size = 0

    def made(self) -> list[Fused]:
        if not self.loops:
            return []
        text = "def loop(slots, words, index, params, month, paths):\n    base = address(slots)\n"
        text += "".join(f"    {line}\n" for line in self.before) + "".join(self.loops)
        text = text.replace("POINTERS", str(len(self.pointers)))
        return [Fused(text, tuple(self.laws), tuple(self.words), tuple(self.params), self.months, self.size)]


class _Loop:
    """Writes one loop into a function."""

    def __init__(self, function: _Function, group: Sequence[Step], fresh: dict[int, float], needed: Set[Any]) -> None:
        self.function, self.group, self.fresh, self.needed = function, group, fresh, needed
        self.words, self.params = function.words, function.params
        self.laws, self.pointers = function.laws, function.pointers
        self.before: list[str] = []  # what depends on the month, which may be one outside of the loop's
        self.defined: set[Any] = set()  # rows whose address depends on the month
        self.inside: list[str] = []
        self.locals: dict[Any, str] = {}  # row -> variable that holds it now
        self.dirty: dict[Any, str] = {}  # row -> its pointer, to be stored at the end

    def write(self) -> None:
        for step in self.group:
            self._law(step)
        stores = []
        for row in self.dirty:
            if isinstance(row, tuple) or row in self.needed:
                pointer = self.dirty[row] or self._pointer(row)
                stores.append(f"store({pointer}, i, {self.locals[row]}, {pointer[1:]}, POINTERS)")
        search = f"next_lane({self._pointer(self.group[0].words[-1])}, {{}})" if self.group[0].rarely else ""
        loop = "".join(f"    {line}\n" for line in self.before) + lane_loop([*self.inside, *stores], "LANES", search)
        if self.group[0].months != self.function.months:
            first, last = (self._word(month) for month in self.group[0].months)
            loop = f"    if {first} <= month <= {last}:\n" + "".join(f"    {line}\n" for line in loop.splitlines())
        self.function.loops.append(loop)
        self.function.size += len(self.group)

    def _name(self) -> str:
        self.function.count += 1
        return f"x{self.function.count}"

    def _word(self, word: Any) -> str:
        self.words.append(int(word))
        return f"index[{len(self.words) - 1}]"

    def _pointer(self, row: Any, expression: str | None = None) -> str:
        new = row not in self.pointers
        pointer = self.pointers.setdefault(row, f"p{len(self.pointers)}")
        if expression is not None and row not in self.defined:
            self.defined.add(row)
            self.before.append(f"{pointer} = base + ({expression}) * ROW_BYTES")
        elif expression is None and new:
            # the number itself where it is known: dozens of addresses would leave no register for anything else
            self.function.before.append(f"{pointer} = base + ({int(row)}) * ROW_BYTES")
        return pointer

    def _load(self, pointer: str) -> str:
        name = self._name()
        self.inside.append(f"{name} = load({pointer}, i, {pointer[1:]}, POINTERS)")
        return name

    def _number(self, value: float) -> str:
        # equal numbers stay apart: which ones happen to be equal must not decide what is compiled
        self.params.append(value)
        name = f"c{len(self.params) - 1}"
        self.function.before.append(f"{name} = params[{len(self.params) - 1}]")
        return name

    def _value(self, row: int) -> str:
        if row not in self.locals:
            if row in self.fresh and row not in self.dirty:
                self.locals[row] = self._number(self.fresh[row])
            else:
                self.locals[row] = self._load(self._pointer(row))
        return self.locals[row]

    def _law(self, step: Step) -> None:
        at, number = 0, 0

        def take() -> int:
            nonlocal at
            at += 1
            return int(step.words[at - 1])

        def expression(argument: Argument) -> str:
            nonlocal number
            if argument.kind == "tuple":
                return "(" + "".join(expression(p) + ", " for p in argument.parts) + ")"
            if argument.kind == "month":
                return "month"
            if argument.kind == "fixed":
                number += 1
                return self._number(step.params[number - 1])
            if argument.kind == "slot":
                return self._value(take())
            if argument.kind == "series":
                start = take()
                self.params.extend(())
                name = f"s{len(self.words)}"
                self.series.append((len(self.words), start))
                self.before.append(f"{name} = params[{self._word(0)} + month]")
                return name
            if argument.kind == "rows":
                row = take()
                return self._load(self._pointer(("rows", row), f"{self._word(row)} + month"))
            start, depth, months = take(), take(), take()
            where = f"{self._word(start)} + (month - {self._word(months)}) % {self._word(depth)}"
            return self._load(self._pointer(("ago", start, months), where))

        self.series: list[tuple[int, int]] = []
        call = ", ".join(expression(a) for a in step.arguments)
        for word, start in self.series:
            length = step.months[1] + 1
            self.words[word] = len(self.params)
            self.params.extend(step.params[start : start + length])
        law = (step.law, step.using)
        self.laws.setdefault(law, len(self.laws))
        spread = is_of_one_number(step.law)
        results = [self._name()] * len(step.outputs) if spread else [self._name() for _ in step.outputs]
        if step.law is same:
            self.inside.append(f"{results[0]} = {call}")
        elif spread:
            self.inside.append(f"{results[0]} = law{self.laws[law]}({call})")
        else:
            self.inside.append(f"{', '.join(results)} = law{self.laws[law]}({call})")
        for output, result in zip(step.outputs, results, strict=True):
            if output == "ring":
                start = take()
                where = f"{self._word(start)} + month % {self._word(take())}"
                self.dirty["ring", start] = self._pointer(("ring", start), where)
                self.locals["ring", start] = result
                continue
            row = take()
            if output in SIGNS:
                total = self._name()
                self.inside.append(f"{total} = {self._value(row)} {SIGNS[output]} {result}")
                result = total
            self.locals[row] = result
            self.dirty.setdefault(row, "")
