"""Scalar instructions: arithmetic, comparisons, conversions.

LLVM's poison and undefined behaviour never reach Go's semantics: shifts by the width or more, MIN / -1 and
float conversions out of range are made explicit. Conversions use the machine's own instruction, as gc does
on amd64: to 32 bits and narrower signed (and to 8 and 16 bits unsigned) the 32-bit one, else the 64-bit one.
"""

from __future__ import annotations

from collections.abc import Callable

from morestack.codegen.emit.body import Body
from morestack.ir.module import Const, Instr
from morestack.ir.ops import Op
from morestack.ir.types import F32, IRType, Scalar
from morestack.llvm.target import FLOAT_TO_INT, SIMD_BYTES
from morestack.llvm.text import LLVM_TYPE

BINARY = {
    Op.ADD: "add", Op.SUB: "sub", Op.MUL: "mul", Op.UDIV: "udiv", Op.UREM: "urem", Op.AND: "and", Op.OR: "or",
    Op.XOR: "xor", Op.FADD: "fadd", Op.FSUB: "fsub", Op.FMUL: "fmul", Op.FDIV: "fdiv",
    Op.EQ: "icmp eq", Op.NE: "icmp ne", Op.SLT: "icmp slt", Op.SLE: "icmp sle", Op.ULT: "icmp ult",
    Op.ULE: "icmp ule", Op.FEQ: "fcmp oeq", Op.FNE: "fcmp une", Op.FLT: "fcmp olt", Op.FLE: "fcmp ole",
}  # fmt: skip
CONVERT = {
    Op.TRUNC: "trunc", Op.SEXT: "sext", Op.ZEXT: "zext", Op.SITOFP: "sitofp", Op.UITOFP: "uitofp",
    Op.FPEXT: "fpext", Op.FPTRUNC: "fptrunc", Op.BITCAST: "bitcast", Op.PTRTOINT: "ptrtoint",
    Op.INTTOPTR: "inttoptr",
}  # fmt: skip


def llvm_type(t: IRType) -> str:
    assert isinstance(t, Scalar), t
    return LLVM_TYPE[t.name]


def _binary(name: str) -> Callable[[Body, Instr], None]:
    def emit(body: Body, i: Instr) -> None:
        x, y = i.args
        body.set_one(i, f"{name} {body.typed(x)}, {body.one(y)}")

    return emit


def _convert(name: str) -> Callable[[Body, Instr], None]:
    def emit(body: Body, i: Instr) -> None:
        x = i.args[0]
        if x.type is i.dst[0].type:
            body.set(i.dst[0], body.value(x))
            return
        body.set_one(i, f"{name} {body.typed(x)} to {llvm_type(i.dst[0].type)}")

    return emit


def _division(name: str, when_minus_one: str) -> Callable[[Body, Instr], None]:
    """sdiv and srem: MIN / -1 is MIN, MIN % -1 is 0, which the hardware traps on."""

    def emit(body: Body, i: Instr) -> None:
        x, y = i.args
        t = llvm_type(x.type)
        if isinstance(y, Const):
            minus_one = (1 << (8 * y.type.size)) - 1
            if y.value not in (0, minus_one):
                body.set_one(i, f"{name} {body.typed(x)}, {body.one(y)}")
                return
        a, b = body.one(x), body.one(y)
        special = body.let(f"icmp eq {t} {b}, -1")
        safe = body.let(f"select i1 {special}, {t} 1, {t} {b}")
        quotient = body.let(f"{name} {t} {a}, {safe}")
        if when_minus_one == "zero":  # x % 1 is 0 too
            body.set(i.dst[0], (quotient,))
            return
        negated = body.let(f"sub {t} 0, {a}")
        body.set_one(i, f"select i1 {special}, {t} {negated}, {t} {quotient}")

    return emit


def _shift(name: str) -> Callable[[Body, Instr], None]:
    """Counts are unsigned i64 of any value: the width or more shifts everything out."""

    def emit(body: Body, i: Instr) -> None:
        x, n = i.args
        t = llvm_type(x.type)
        width = 8 * x.type.size
        a = body.one(x)
        if isinstance(n, Const):
            count = int(n.value)
            if count >= width and name != "ashr":
                body.set(i.dst[0], ("0",))
            else:
                body.set_one(i, f"{name} {t} {a}, {min(count, width - 1)}")
            return
        c = body.one(n)
        nt = llvm_type(n.type)
        fits = body.let(f"icmp ult {nt} {c}, {width}")
        if name == "ashr":
            c = body.let(f"select i1 {fits}, {nt} {c}, {nt} {width - 1}")
        if t != nt:
            smaller = x.type.size < n.type.size
            c = body.let(f"{'trunc' if smaller else 'zext'} {nt} {c} to {t}")
        if name == "ashr":
            body.set_one(i, f"ashr {t} {a}, {c}")
            return
        shifted = body.let(f"{name} {t} {a}, {c}")
        body.set_one(i, f"select i1 {fits}, {t} {shifted}, {t} 0")

    return emit


def _float_to_machine(body: Body, source: IRType, v: str, bits: int) -> str:
    """cvttsd2si and its like: 0x80... when out of range or NaN."""
    scalar = "float" if source is F32 else "double"
    name = FLOAT_TO_INT[scalar, bits]
    vector = f"<{SIMD_BYTES // source.size} x {scalar}>"
    body.ctx.declare(f"declare i{bits} @{name}({vector})")
    packed = body.let(f"insertelement {vector} poison, {scalar} {v}, i32 0")
    return body.let(f"call i{bits} @{name}({vector} {packed})")


def _fp_to_si(body: Body, i: Instr) -> None:
    to = i.dst[0].type
    bits = 64 if to.size == 8 else 32
    r = _float_to_machine(body, i.args[0].type, body.one(i.args[0]), bits)
    if to.size < 4:
        r = body.let(f"trunc i32 {r} to {llvm_type(to)}")
    body.set(i.dst[0], (r,))


def _fp_to_ui(body: Body, i: Instr) -> None:
    to, source = i.dst[0].type, i.args[0].type
    v = body.one(i.args[0])
    if to.size < 4:
        r = body.let(f"trunc i32 {_float_to_machine(body, source, v, 32)} to {llvm_type(to)}")
    elif to.size == 4:
        r = body.let(f"trunc i64 {_float_to_machine(body, source, v, 64)} to i32")
    else:  # low | (high & low >> 63), where high is the conversion of v - 2^63
        low = _float_to_machine(body, source, v, 64)
        less = body.let(f"fsub {llvm_type(source)} {v}, 0x43E0000000000000")
        high = _float_to_machine(body, source, less, 64)
        sign = body.let(f"ashr i64 {low}, 63")
        r = body.let(f"or i64 {low}, {body.let(f'and i64 {high}, {sign}')}")
    body.set(i.dst[0], (r,))


def _not(body: Body, i: Instr) -> None:
    body.set_one(i, f"xor i1 {body.one(i.args[0])}, true")


def _fneg(body: Body, i: Instr) -> None:
    body.set_one(i, f"fneg {body.typed(i.args[0])}")


SCALAR_OPS: dict[Op, Callable[[Body, Instr], None]] = {
    **{op: _binary(name) for op, name in BINARY.items()},
    **{op: _convert(name) for op, name in CONVERT.items()},
    Op.SDIV: _division("sdiv", "negated"),
    Op.SREM: _division("srem", "zero"),
    Op.SHL: _shift("shl"),
    Op.LSHR: _shift("lshr"),
    Op.ASHR: _shift("ashr"),
    Op.FPTOSI: _fp_to_si,
    Op.FPTOUI: _fp_to_ui,
    Op.NOT: _not,
    Op.FNEG: _fneg,
}
