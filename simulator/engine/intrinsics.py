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

        return t.UniTuple(t.float64, 2)(t.float64), generate  # type: ignore[no-untyped-call]  # numba has no types

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
def next_lane_at(lanes: int) -> Any:
    """`next_lane(address, lane)`: the first of so many lanes from the given one on in which the row there is not nought;
    `lanes` if there is none. Sixteen at a time, because nearly all are."""
    from llvmlite import ir
    from numba import types as t
    from numba.extending import intrinsic

    width = 16
    double, integer, bits_of = ir.DoubleType(), ir.IntType(64), ir.IntType(width)
    vector = ir.VectorType(double, width)

    @intrinsic
    def next_lane(typing: Any, address: Any, lane: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            row = builder.inttoptr(args[0], double.as_pointer())
            within = integer(width - 1)
            before, body, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
            aligned = builder.and_(args[1], builder.not_(within))
            wanted = builder.shl(bits_of(-1), builder.trunc(builder.and_(args[1], within), bits_of))
            builder.cbranch(builder.icmp_signed("<", args[1], integer(lanes)), body, after)
            builder.position_at_end(body)
            first, mask = builder.phi(integer), builder.phi(bits_of)
            x = builder.load(builder.bitcast(builder.gep(row, [first]), vector.as_pointer()), align=8)
            apart = builder.fcmp_unordered("!=", x, ir.Constant(vector, [0.0] * width))
            found = builder.and_(builder.bitcast(apart, bits_of), mask)
            following = builder.add(first, integer(width))
            place = builder.add(first, builder.zext(builder.cttz(found, ir.IntType(1)(0)), integer))
            ends = builder.or_(
                builder.icmp_unsigned("!=", found, bits_of(0)), builder.icmp_signed(">=", following, integer(lanes))
            )
            for phi, start, then in ((first, aligned, following), (mask, wanted, bits_of(-1))):
                phi.add_incoming(start, before)
                phi.add_incoming(then, body)
            builder.cbranch(ends, after, body)
            builder.position_at_end(after)
            result = builder.phi(integer)  # of an empty mask the count of noughts is `width`: the lane after the last
            result.add_incoming(integer(lanes), before)
            result.add_incoming(place, body)
            return result

        return t.int64(t.int64, t.int64), generate

    return next_lane


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
def row_moments(lanes: int) -> Any:
    """`moments(address, centre)`: the sums of x - centre and of its square over a row of so many lanes.

    In sixteen sums side by side, added pairwise at the end: a fixed order, which a loop over one sum would have to give up
    to be vectorised. The squares are added by fused multiplication, rounded once.
    """
    from llvmlite import ir
    from numba import types as t
    from numba.core.cgutils import get_or_insert_function
    from numba.extending import intrinsic

    width = 16  # enough sums to hide how long an addition takes
    double, integer, index = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
    vector = ir.VectorType(double, width)

    def shuffled(builder: Any, x: Any, places: list[int]) -> Any:
        mask = ir.Constant(ir.VectorType(index, len(places)), places)
        return builder.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), mask)

    def total(builder: Any, x: Any) -> Any:
        for half in (8, 4, 2, 1):
            x = builder.fadd(shuffled(builder, x, list(range(half))), shuffled(builder, x, list(range(half, 2 * half))))
        return builder.extract_element(x, index(0))

    @intrinsic
    def moments(typing: Any, address: Any, centre: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            fused = get_or_insert_function(  # type: ignore[no-untyped-call]  # numba has no types
                builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{width}f64"
            )
            row = builder.inttoptr(args[0], double.as_pointer())
            one = builder.insert_element(ir.Constant(vector, ir.Undefined), args[1], index(0))
            about = shuffled(builder, one, [0] * width)
            before, body, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
            builder.branch(body)
            builder.position_at_end(body)
            i, sums, squares = builder.phi(integer), builder.phi(vector), builder.phi(vector)
            x = builder.load(builder.bitcast(builder.gep(row, [i]), vector.as_pointer()), align=8)
            apart = builder.fsub(x, about)
            following = (
                builder.add(i, integer(width)),
                builder.fadd(sums, apart),
                builder.call(fused, [apart, apart, squares]),
            )
            nought = ir.Constant(vector, [0.0] * width)
            for now, first, then in zip((i, sums, squares), (integer(0), nought, nought), following, strict=True):
                now.add_incoming(first, before)
                now.add_incoming(then, body)
            builder.cbranch(builder.icmp_signed("<", following[0], integer(lanes)), body, after)
            builder.position_at_end(after)
            found = (total(builder, following[1]), total(builder, following[2]))
            return context.make_tuple(builder, signature.return_type, found)

        return t.UniTuple(t.float64, 2)(t.int64, t.float64), generate  # type: ignore[no-untyped-call]  # numba has no types

    return moments


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
