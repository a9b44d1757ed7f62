"""What laws and loops need of the machine and cannot say in Python: the bits of a float, rows that do not
overlap, and code at an address."""

from __future__ import annotations

from functools import cache
from typing import Any

from simulator.mathematics import bits


@cache
def bit_access() -> dict[str, Any]:
    """The functions of mathematics/bits.py in machine code."""
    from llvmlite import ir
    from numba import types as t
    from numba.extending import intrinsic

    integer, double = ir.IntType(64), ir.DoubleType()

    @intrinsic
    def scaled(typing: Any, x: Any, shifted: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            x, shifted = (builder.bitcast(a, integer) for a in args)
            return builder.bitcast(builder.add(x, builder.shl(shifted, integer(52))), double)

        return t.float64(t.float64, t.float64), generate

    @intrinsic
    def mantissa_and_exponent(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            number = builder.bitcast(args[0], integer)
            exponent = builder.ashr(builder.sub(number, integer(bits.ROOT_HALF_BITS)), integer(52))
            mantissa = builder.bitcast(builder.sub(number, builder.shl(exponent, integer(52))), double)
            # an integer added to the bits of MAGIC is one added to its value: no conversion of 64-bit integers needed
            magic = builder.bitcast(double(bits.MAGIC), integer)
            as_float = builder.fsub(builder.bitcast(builder.add(magic, exponent), double), double(bits.MAGIC))
            return context.make_tuple(builder, signature.return_type, (mantissa, as_float))

        return t.UniTuple(t.float64, 2)(t.float64), generate  # type: ignore[no-untyped-call]

    return {"scaled": scaled, "mantissa_and_exponent": mantissa_and_exponent}


@cache
def row_access() -> dict[str, Any]:
    """`address`, `load` and `store` for rows that are known to be different: LLVM is told so and needs no checks that
    they do not overlap, which it gives up on above a dozen rows."""
    from llvmlite import ir
    from numba import types as t
    from numba.extending import intrinsic

    def tagged(instruction: Any, module: Any, own: int, count: int) -> None:
        domain = module.add_metadata(["rows"])
        scopes = [module.add_metadata([f"row {k} of {count}", domain]) for k in range(count)]
        instruction.set_metadata("alias.scope", module.add_metadata([scopes[own]]))
        instruction.set_metadata("noalias", module.add_metadata([s for k, s in enumerate(scopes) if k != own]))

    @intrinsic(prefer_literal=True)
    def address(typing: Any, slots: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            return builder.ptrtoint(array.data, ir.IntType(64))

        return t.int64(slots), generate

    @intrinsic(prefer_literal=True)
    def load(typing: Any, row: Any, lane: Any, own: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = builder.inttoptr(args[0], ir.DoubleType().as_pointer())
            value = builder.load(builder.gep(pointer, [args[1]]))
            tagged(value, builder.module, own.literal_value, count.literal_value)
            return value

        return t.float64(row, lane, own, count), generate

    @intrinsic(prefer_literal=True)
    def store(typing: Any, row: Any, lane: Any, value: Any, own: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = builder.inttoptr(args[0], ir.DoubleType().as_pointer())
            number = context.cast(builder, args[2], signature.args[2], t.float64)
            stored = builder.store(number, builder.gep(pointer, [args[1]]))
            tagged(stored, builder.module, own.literal_value, count.literal_value)
            return context.get_dummy_value()

        return t.void(row, lane, value, own, count), generate

    return {"address": address, "load": load, "store": store}


@cache
def number_at() -> Any:
    """`number(address, place)`: from the rows that numpy made, each where it lies."""
    from llvmlite import ir
    from numba import types as t
    from numba.extending import intrinsic

    @intrinsic
    def number(typing: Any, address: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.load(builder.gep(builder.inttoptr(args[0], ir.DoubleType().as_pointer()), [args[1]]))

        return t.float64(t.int64, t.int64), generate

    return number


@cache
def step_call(signature: Any) -> Any:
    """`call(address, slots, words, index, params, month, paths)`: the step whose machine code begins at the address."""
    from llvmlite import ir
    from numba import types as t
    from numba.extending import intrinsic

    @intrinsic
    def call(typing: Any, address: Any, slots: Any, words: Any, index: Any, params: Any, month: Any, paths: Any) -> Any:
        def generate(context: Any, builder: Any, _: Any, args: Any) -> Any:
            given = [context.get_value_type(kind) for kind in signature.args]
            function = ir.FunctionType(context.get_value_type(signature.return_type), given)
            builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])
            return context.get_dummy_value()

        return t.void(address, slots, words, index, params, month, paths), generate

    return call
