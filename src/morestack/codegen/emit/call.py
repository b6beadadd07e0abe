"""Checks, calls of leaves, and calls of runtime functions: what both kinds of bodies emit alike."""

from __future__ import annotations

from collections.abc import Callable

from morestack.abi.pending import PENDING_BOUNDS, PENDING_DIVIDE, PENDING_NIL
from morestack.abi.structures import M_SITE
from morestack.codegen.context import flags_of
from morestack.codegen.emit.atomic import atomic
from morestack.codegen.emit.body import Body
from morestack.ir.flat import flat, flat_scalars
from morestack.ir.module import Function, Instr, Leaf, Operand
from morestack.ir.ops import BOUNDS_CODE, Bounds, BoundsKind, Effect, Op
from morestack.ir.runtime_calls import Lowering
from morestack.ir.types import BOOL, IRType, Scalar, scalars
from morestack.llvm.text import LLVM_TYPE, is_symbol, quote


def _nilcheck(body: Body, i: Instr) -> None:
    p = body.one(i.args[0])
    if is_symbol(p):
        return
    ok = body.let(f"icmp ne ptr {p}, null")
    body.panic_unless(ok, PENDING_NIL, "0", "0", i)


def _bounds(body: Body, i: Instr) -> None:
    check = i.aux
    assert isinstance(check, Bounds)
    x, limit = body.one(i.args[0]), body.one(i.args[1])
    test = "ult" if check.kind is BoundsKind.INDEX else "ule"
    ok = body.let(f"icmp {test} i64 {x}, {limit}")
    body.panic_unless(ok, PENDING_BOUNDS + BOUNDS_CODE[check.kind] * 2 + check.signed, x, limit, i)


def _divcheck(body: Body, i: Instr) -> None:
    a = i.args[0]
    ok = body.let(f"icmp ne {body.typed(a)}, 0")
    body.panic_unless(ok, PENDING_DIVIDE, "0", "0", i)


def c_type(s: Scalar) -> str:
    """How a scalar is passed to C: bool as an i8 of 0 or 1."""
    return "i8" if s is BOOL else LLVM_TYPE[s.name]


def _extension(s: Scalar) -> str:
    return " zeroext" if s is BOOL or s.name in ("i8", "i16") else ""


def c_arguments(body: Body, args: tuple[Operand, ...]) -> list[str]:
    """The operands flattened to C arguments."""
    out: list[str] = []
    for a in args:
        parts = flat(a.type)
        if parts is None:  # flattened too, from memory
            base = body.address(a)
            values: tuple[str, ...] = tuple(body.load_scalar(base, o, s) for o, s in scalars(a.type))
            parts = tuple(scalars(a.type))
        else:
            values = body.value(a)
        for (_, s), v in zip(parts, values, strict=True):
            if s is BOOL and v not in ("true", "false"):
                v = body.let(f"zext i1 {v} to i8")
            elif s is BOOL:
                v = "1" if v == "true" else "0"
            out.append(f"{c_type(s)}{_extension(s)} {v}")
    return out


def runtime_call(body: Body, name: str, args: tuple[Operand, ...], result: IRType | None) -> tuple[str, ...]:
    """Call `runtime.<name>` through its cell; returns the scalars of the result."""
    words = c_arguments(body, args)
    target = body.let(f"load ptr, ptr {body.ctx.cell(name)}")
    if result is None:
        body.emit(f"call void {target}({', '.join(('ptr %g', *words))})")
        return ()
    if isinstance(result, Scalar):
        got = body.let(f"call {c_type(result)} {target}({', '.join(('ptr %g', *words))})")
        return (body.let(f"trunc i8 {got} to i1"),) if result is BOOL else (got,)
    out = body.scratch(result)
    body.emit(f"call void {target}({', '.join(('ptr %g', f'ptr {out}', *words))})")
    return body.load_flat(out, result)


def _memory_intrinsic(body: Body, i: Instr) -> None:
    words = [body.typed(a) for a in i.args]
    if len(words) == 3:
        body.ctx.use_intrinsic("memmove")
        body.emit(f"call void @llvm.memmove.p0.p0.i64({', '.join(words)}, i1 false)")
    else:
        body.ctx.use_intrinsic("memset")
        body.emit(f"call void @llvm.memset.p0.i64({words[0]}, i8 0, {words[1]}, i1 false)")


def _rt(body: Body, i: Instr) -> None:
    """A runtime call that neither parks nor is NORETURN."""
    call = i.runtime_call
    match call.lowering:
        case Lowering.CALL:
            pass
        case Lowering.MEMORY:
            _memory_intrinsic(body, i)
            return
        case Lowering.ATOMIC:
            atomic(body, call, i)
            return
        case Lowering.NOTHING:
            return
    if call.effect & Effect.NORETURN:
        body.no_return(i)
        return
    if call.wants_site:  # where the goroutine was created, for tracebacks
        site = body.ctx.site(body.f, i.pos, flags_of(body.f))
        body.emit(f"store ptr {body.ctx.blob(0, 0, site)}, ptr {body.gep(body.m(), M_SITE)}")
    if call.wants_frame:
        body.save_place(i)
    got = runtime_call(body, call.name, i.args, call.result)
    if i.dst:
        body.set(i.dst[0], got)
    if call.effect & Effect.PANIC:
        body.panic_pending(i)


def leaf_type(f: Function, leaf: Leaf) -> str:
    """What a leaf returns: {i1 panicked, results...}, without the i1 when it cannot panic."""
    parts = ["i1"] if leaf.can_panic else []
    parts += [LLVM_TYPE[s.name] for t in f.results for _, s in flat_scalars(t)]
    return "void" if not parts else "{" + ", ".join(parts) + "}"


def leaf_name(name: str) -> str:
    return quote(name + "$leaf")


def call_leaf(body: Body, f: Function, leaf: Leaf, values: list[str]) -> tuple[str, tuple[str, ...]]:
    """Call a leaf with typed argument texts; returns (panicked or "", scalars of the results)."""
    rtype = leaf_type(f, leaf)
    text = f"call fastcc {rtype} {leaf_name(f.name)}({', '.join(('ptr %g', *values))})"
    if rtype == "void":
        body.emit(text)
        return "", ()
    r = body.let(text)
    panicked = body.let(f"extractvalue {rtype} {r}, 0") if leaf.can_panic else ""
    first = 1 if leaf.can_panic else 0
    count = sum(len(flat_scalars(t)) for t in f.results)
    return panicked, tuple(body.let(f"extractvalue {rtype} {r}, {first + k}") for k in range(count))


def _call(body: Body, i: Instr) -> None:
    """A direct call of a leaf; calls of goroutine functions end a segment and do not come here."""
    callee = body.ctx.module.functions[i.callee]
    assert callee.leaf is not None
    values: list[str] = []
    for a in i.args:
        parts = flat(a.type)
        if parts is None:
            values.append(f"ptr {body.address(a)}")
        else:
            values += [f"{LLVM_TYPE[s.name]} {v}" for (_, s), v in zip(parts, body.value(a), strict=True)]
    panicked, got = call_leaf(body, callee, callee.leaf, values)
    if panicked:
        body.leaf_panicked(panicked, i)
    at = 0
    for r in i.dst:
        n = len(flat_scalars(r.type))
        body.set(r, got[at : at + n])
        at += n


def _defer(body: Body, i: Instr) -> None:
    body.defer(i)


CALL_OPS: dict[Op, Callable[[Body, Instr], None]] = {
    Op.NILCHECK: _nilcheck,
    Op.BOUNDS: _bounds,
    Op.DIVCHECK: _divcheck,
    Op.RT: _rt,
    Op.CALL: _call,
    Op.DEFER: _defer,
}
