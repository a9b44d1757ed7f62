"""From plain functions to machine code: with intrinsics.py the only file that knows numba.

A law is a plain scalar function. `loop_source` writes the loop over a block's lanes around it; which of its arguments are
slots, fixed numbers or monthly series decides the variant. Every loop has the same signature, so a new combination of
steps compiles nothing. Loops are written to files in a cache folder named by what compiles them, each file by its text and
by the bytecode of its laws and of all they call (numba watches one file per function and would miss a change elsewhere):
compiled once for all scenarios, and again only if a law changes. Without numba the same text runs as plain Python on one
lane: that is the deterministic path of `check`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from numbers import Number
from pathlib import Path
from typing import Any, NamedTuple

from simulator.engine import intrinsics
from simulator.engine.intrinsics import bit_access, next_lane_at, row_access
from simulator.mathematics import bits

ROW_PADDING = 8  # rows a power of two apart would fall into the same cache sets
LANES = 256  # paths worked through side by side
ROW_BYTES = (LANES + ROW_PADDING) * 8
HEADER = "def loop(slots, words, index, params, month, paths):\n"
SIGNS = {"add": "+", "subtract": "-"}  # of outputs that change what is in their row
Using = tuple[tuple[str, Callable[..., Any]], ...]
Machine = tuple[tuple[str, Any], ...]  # name -> intrinsic (engine/intrinsics.py)


class Argument(NamedTuple):
    """How one argument of a law reaches it.

    kind: `slot` a row; `fixed` a number; `series` a number a month; `rows` a row a month; `table` numbers the law
    indexes; `columns` the same with a column a lane; `ago` a row some months back; `ago_row` the same with the months in
    a row; `month`; `path`; `tuple` several of these.
    """

    kind: str
    parts: tuple[Argument, ...] = ()

    @property
    def shape(self) -> str:
        return f"tuple({','.join(p.shape for p in self.parts)})" if self.kind == "tuple" else self.kind


def loop_source(
    law: Callable[..., Any], arguments: Sequence[Argument], outputs: Sequence[str], lanes: int, rarely: bool = False
) -> str:
    """The text of the loop: reads every row into a local, calls the law once a lane, then writes.

    `outputs` are `set`, `add`, `subtract` or `ring` (the row of this month in a history). Index words follow the arguments in
    order. A law of one number may have several outputs, which all get it.
    `rarely`: the last index word is a row, and lanes in which it is nought are left alone.
    """
    before: list[str] = []
    inside: list[str] = []
    word, number = 0, 0

    def take(n: int = 1) -> str:
        nonlocal word
        word += n
        return f"index[{word - n}]"

    def expression(argument: Argument) -> str:
        nonlocal number
        name = f"v{len(before) + len(inside)}"
        if argument.kind == "tuple":
            return "(" + "".join(expression(p) + ", " for p in argument.parts) + ")"
        if argument.kind == "month":
            return "month"
        if argument.kind == "path":
            return "paths[i]"
        if argument.kind == "fixed":
            before.append(f"{name} = params[{number}]")
            number += 1
            return name
        if argument.kind == "series":
            before.append(f"{name} = params[{take()} + month]")
            return name
        if argument.kind == "table":
            start = take()
            before.append(f"{name} = params[{start} : {start} + {take()}]")
            return name
        if argument.kind == "slot":
            before.append(f"{name} = slots[{take()}]")
        elif argument.kind == "rows":
            before.append(f"{name} = slots[{take()} + month]")
        elif argument.kind == "ago":
            start, depth, months = take(), take(), take()
            before.append(f"{name} = slots[{start} + (month - {months}) % {depth}]")
        elif argument.kind == "ago_row":
            start, depth, months = take(), take(), take()
            before.append(f"{name} = slots[{months}]")
            inside.append(f"x{name} = slots[{start} + (month - int({name}[i])) % {depth}, i]")
            return f"x{name}"
        elif argument.kind == "columns":
            start = take()
            inside.append(f"{name} = slots[{start} : {start} + {take()}, i]")
            return name
        else:
            raise ValueError(f"unknown kind of argument {argument.kind!r}")
        inside.append(f"x{name} = {name}[i]")
        return f"x{name}"

    call = ", ".join(expression(a) for a in arguments)
    targets = []
    for k, output in enumerate(outputs):
        if output == "ring":
            start = take()
            before.append(f"w{k} = slots[{start} + month % {take()}]")
        else:
            before.append(f"w{k} = slots[{take()}]")
        targets.append(f"r{k}")
    writes = [f"w{k}[i] {SIGNS.get(output, '')}= r{k}" for k, output in enumerate(outputs)]
    body = [*inside, f"{(' = ' if is_of_one_number(law) else ', ').join(targets)} = law({call})", *writes]
    if rarely:
        before.append(f"happens = slots[{take()}]")
    text = HEADER + "".join(f"    {line}\n" for line in before)
    return text + lane_loop(body, str(lanes), "next_lane(happens, {}, " + str(lanes) + ")" if rarely else "")


def is_of_one_number(law: Callable[..., Any]) -> bool:
    return law.__annotations__.get("return") in ("float", float)


def lane_loop(body: Sequence[str], lanes: str, search: str = "") -> str:
    """The loop over lanes; `search`: only over those that it finds, text with a place for the lane to begin at. A condition
    would not do: machine code would take it for a mask and do the work in every lane."""
    if not search:
        return f"    for i in range({lanes}):\n" + "".join(f"        {line}\n" for line in body)
    text = f"    i = {search.format('0')}\n    while i < {lanes}:\n"
    return text + "".join(f"        {line}\n" for line in [*body, f"i = {search.format('i + 1')}"])


def next_lane(row: Any, lane: int, lanes: int) -> int:
    """The first lane from the given one on in which the row is not nought, `lanes` if there is none."""
    while lane < lanes and row[lane] == 0.0:
        lane += 1
    return lane


def interpreted(
    law: Callable[..., Any],
    arguments: Sequence[Argument],
    outputs: Sequence[str],
    using: Using = (),
    rarely: bool = False,
) -> Callable[..., None]:
    """The loop as plain Python over one lane."""
    space: dict[str, Any] = {"law": _copy(law, dict(using)) if using else law, "next_lane": next_lane}
    exec(compile(loop_source(law, arguments, outputs, 1, rarely), "<loop>", "exec"), space)
    return space["loop"]  # type: ignore[no-any-return]


class Code(NamedTuple):
    """The text of a function with the common signature or its own, and the names it uses, to be compiled once."""

    stem: str  # of its file in the cache folder
    source: str
    names: Callable[[], dict[str, Any]]
    signature: Any

    def is_cached(self, compiled_before: frozenset[str]) -> bool:
        return self.stem in compiled_before


def code_of(key: str, source: str, names: Callable[[], dict[str, Any]], signature: Any) -> Code:
    component, name = key.split("[")[0].split("|")[0].split(".")[-2:]
    return Code(
        f"{component}_{name}_{hashlib.sha256((key + source).encode()).hexdigest()[:12]}", source, names, signature
    )


def step_code(
    law: Callable[..., Any],
    arguments: Sequence[Argument],
    outputs: Sequence[str],
    using: Using = (),
    rarely: bool = False,
) -> Code:
    """The loop of one law, for any scenario."""
    shape = ";".join(a.shape for a in arguments)
    key = f"{_named(law, using)}|{shape}|{','.join(outputs)}"
    source = loop_source(law, arguments, outputs, LANES, rarely)
    return code_of(
        key, source, lambda: {"law": compiled_law(law, using), "next_lane": compiled_law(next_lane)}, step_signature()
    )


def fused_code(source: str, laws: Sequence[tuple[Callable[..., Any], Using]]) -> Code:
    """A loop over several laws (engine/fusion.py), for scenarios of one structure."""
    key = "fused.loop|" + ";".join(_named(law, using) for law, using in laws)

    def names() -> dict[str, Any]:
        space = {f"law{k}": compiled_law(law, using) for k, (law, using) in enumerate(laws)}
        return {**space, **row_access(), "next_lane": next_lane_at(LANES), "LANES": LANES, "ROW_BYTES": ROW_BYTES}

    return code_of(key, source, names, step_signature())


def law_code(law: Callable[..., Any], source: str, signature: Any, machine: Machine = ()) -> Code:
    """A loop over one law with arguments of its own."""
    return code_of(f"{_named(law, ())}|{signature}", source, lambda: {"law": compiled_law(law, (), machine)}, signature)


def kernel_code(kernel: Callable[..., Any], signature: Any, machine: Machine = ()) -> Code:
    """A hand-written kernel, cached like the loops: a file with a wrapper of the same arguments. `machine`: functions it calls
    that only machine code has."""
    names = ", ".join(kernel.__code__.co_varnames[: kernel.__code__.co_argcount])
    return law_code(kernel, f"def loop({names}):\n    return law({names})\n", signature, machine)


def _named(law: Callable[..., Any], using: Using) -> str:
    replaced = ",".join(f"{name}={_named(f, ())}" for name, f in using)
    return f"{law.__module__}.{law.__qualname__}[{replaced}]{_content(law)}"


@cache
def _content(law: Callable[..., Any]) -> str:
    """A hash of what a law does: its bytecode, the numbers it refers to, and all functions of this package it calls."""
    digest = hashlib.sha256()
    for code in _code_objects(law.__code__):
        digest.update(code.co_code)
        for constant in code.co_consts:
            if not isinstance(constant, types.CodeType | str):  # a docstring is no law
                digest.update(repr(constant).encode() + b"\0")
        for name in code.co_names:
            digest.update(f"{name}={_referred(law.__globals__.get(name))}\0".encode())
    for cell in law.__closure__ or ():
        digest.update(f"{_referred(cell.cell_contents)}\0".encode())
    digest.update(repr(law.__defaults__).encode())
    return digest.hexdigest()[:16]


def _referred(value: Any) -> str:
    if isinstance(value, types.FunctionType):
        return _content(value) if value.__module__.startswith("simulator.") else value.__qualname__
    return repr(value) if isinstance(value, Number | tuple) else ""


def _code_objects(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code_objects(constant)


_COMPILED: dict[str, Any] = {}  # by stem: what this process has loaded or compiled


def compiled(code: Code) -> Any:
    """Machine code, from this process, the cache folder or the compiler."""
    import numba

    if code.stem in _COMPILED:
        return _COMPILED[code.stem]
    file = cache_folder() / f"{code.stem}.py"
    if not file.exists():
        _write_once(file, code.source)
    spec = importlib.util.spec_from_file_location(f"simulator_loops_{code.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # numba finds the module of a cached function by its name
    spec.loader.exec_module(module)
    vars(module).update(code.names())
    function: Any = numba.njit(nogil=True, error_model="numpy", cache=True)(module.loop)
    function._cache.load_overload = _loader(function._cache)
    function.compile(code.signature)
    function.disable_compile()
    return _COMPILED.setdefault(code.stem, function)


def _loader(cache: Any) -> Callable[[Any, Any], Any]:
    """How machine code comes from the cache. numba would first make its whole compiler ready, which takes a third of a second
    and is of no use to a function that has been compiled; if one has not, the compiler does that itself."""

    from numba.core.runtime.nrt import rtsys

    def load_overload(signature: Any, target: Any) -> Any:
        rtsys.initialize(target)  # what compiled functions call
        with cache._guard_against_spurious_io_errors():
            return cache._load_overload(signature, target)
        return None

    return load_overload


def compiled_before() -> frozenset[str]:
    """Stems of everything that needs no compiler any more."""
    found = {file.name.split(".loop-")[0] for file in (cache_folder() / "__pycache__").glob("*.nbi")}
    return frozenset(found | _COMPILED.keys())


@cache
def compiled_law(law: Callable[..., Any], using: Using = (), machine: Machine = ()) -> Any:
    """A scalar function and the functions of this package that it calls, jitted without touching their modules.

    Always inlined: a call inside a loop keeps all of it scalar.
    """
    import numba

    inner = dict(machine)
    for name in law.__code__.co_names:
        if name in inner:
            continue
        value = dict(using).get(name, law.__globals__.get(name))
        if isinstance(value, types.FunctionType) and value.__module__.startswith("simulator."):
            inner[name] = bit_access()[name] if value.__module__ == bits.__name__ else compiled_law(value, (), machine)
    return numba.njit(nogil=True, error_model="numpy", forceinline=True)(_copy(law, inner))


def _copy(law: Callable[..., Any], replaced: dict[str, Any]) -> types.FunctionType:
    space = {**law.__globals__, **replaced}
    copy = types.FunctionType(law.__code__, space, law.__name__, law.__defaults__, law.__closure__)
    copy.__module__, copy.__qualname__ = law.__module__, law.__qualname__
    return copy


@cache
def step_signature() -> Any:
    from numba import types as t

    return t.void(t.float64[:, ::1], t.uint32[:, ::1], t.int64[::1], t.float64[::1], t.int64, t.int64[::1])


def addresses(functions: Sequence[Any]) -> Any:
    """Where the machine code of steps begins, for `call` of the month loop. (A typed list of first-class functions does the
    same and is compiled anew in every process, which takes a quarter of a second.)"""
    import numpy as np
    from numba.experimental.function_type import _get_wrapper_address

    found = [int(_get_wrapper_address(f, step_signature())) for f in functions]  # type: ignore[no-untyped-call]
    return np.array(found, dtype=np.int64)


@cache
def compiler_hash() -> str:
    """Names the cache folder: what turns laws into machine code (laws themselves are in the names of the files)."""
    import llvmlite
    import numba
    import numpy

    digest = hashlib.sha256()
    for file in (__file__, intrinsics.__file__, bits.__file__):
        digest.update(Path(file).read_bytes() + b"\0")
    for part in (numba.__version__, llvmlite.__version__, numpy.__version__, sys.version):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> Path:
    """Where compiled loops live: SIMULATOR_CACHE_DIR, else the user's cache, else a temporary folder."""
    candidates = []
    if os.environ.get("SIMULATOR_CACHE_DIR"):
        candidates.append(Path(os.environ["SIMULATOR_CACHE_DIR"]))
    if os.environ.get("XDG_CACHE_HOME"):
        candidates.append(Path(os.environ["XDG_CACHE_HOME"]) / "simulator")
    else:
        with suppress(RuntimeError):  # no home folder
            candidates.append(Path.home() / ".cache" / "simulator")
    candidates.append(Path(tempfile.gettempdir()) / f"simulator-{os.getuid() if hasattr(os, 'getuid') else 'user'}")
    for candidate in candidates:
        folder = candidate / compiler_hash()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe"):
                pass
        except OSError:
            continue
        return folder
    return Path(tempfile.mkdtemp(prefix="simulator-"))


def is_cold() -> bool:
    """Whether nothing has been compiled yet by this compiler."""
    return not any(cache_folder().glob("__pycache__/*.nbc"))


def _write_once(file: Path, text: str) -> None:
    """Whole or not at all; a file that is there already is left alone (numba compares its time of change)."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new")
    with os.fdopen(handle, "w") as new:
        new.write(text)
    new_file = Path(name)
    try:
        file.hardlink_to(new_file)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        new_file.replace(file)
        return
    new_file.unlink()
