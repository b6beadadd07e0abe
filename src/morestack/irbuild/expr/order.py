"""Evaluation order: where the specification leaves it open, gc's order.

gc first evaluates all calls, receives and map reads of a statement, left to right, and keeps their results. Then it
evaluates the other operations: loads of variables, indexing, arithmetic. In `x + f()` the load of x therefore sees
changes made by f. `ordered` does the same for a list of operands that are evaluated together: if a later operand
contains a call, the calls of all operands are hoisted. Their results are kept in `FuncBuilder.saved`.
"""

from __future__ import annotations

from collections.abc import Sequence

from morestack.ir.module import Reg
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode
from morestack.types.core.types import Map, Tuple

_LEAVES = (ast.Name, ast.BasicLit, ast.FuncLit)


_PURE = frozenset({"len", "cap", "real", "imag", "complex", "min", "max", "make", "new"})


_UNITS = (ast.BinaryOp.LAND, ast.BinaryOp.LOR)


def children(e: ast.Expr) -> tuple[ast.Expr, ...]:
    """Return the operands of e in evaluation order, without types and without the parts of function literals."""
    match e:
        case ast.Binary(x=x, y=y):
            return (x, y)
        case ast.Selector(x=x) | ast.Paren(x=x) | ast.Star(x=x) | ast.Unary(x=x) | ast.Receive(x=x):
            return (x,)
        case ast.TypeAssert(x=x):
            return (x,)
        case ast.Index(x=x, indices=indices):
            return (x, *indices)
        case ast.Call(fun=fun, args=args):
            return (fun, *args)
        case ast.Slice(x=x, lo=lo, hi=hi, max=cap):
            return tuple([part for part in (x, lo, hi, cap) if part is not None])
        case ast.CompositeLit(elements=elements):
            return elements
        case ast.KeyValue(key=key, value=value):
            return (key, value)
        case _:
            return ()


def has_call(fb: FuncBuilder, e: ast.Expr) -> bool:
    """Whether the evaluation of e includes a call, a receive or a map access."""
    if isinstance(e, _LEAVES):
        return False
    known = fb.calls.get(e)
    if known is None:
        tv = fb.types.get(e)
        if tv is not None and (tv.value is not None or tv.mode is Mode.TYPE):
            known = False
        else:
            known = (is_unit(fb, e) and not _is_pure(fb, e)) or any([has_call(fb, c) for c in children(e)])
        fb.calls[e] = known
    return known


def is_unit(fb: FuncBuilder, e: ast.Expr) -> bool:
    """Whether e itself is evaluated in its turn, and not with the other operations of the statement."""
    if isinstance(e, ast.Receive):
        return True
    if isinstance(e, ast.Call):
        fun = fb.types.get(e.fun)
        return fun is None or fun.mode is not Mode.TYPE
    if isinstance(e, ast.Index):
        return type(under(fb.type_of(e.x))) is Map
    return False


def _is_pure(fb: FuncBuilder, e: ast.Expr) -> bool:
    """Whether e is a builtin without visible effects. It is evaluated in its turn, but other operands need not wait
    for it."""
    if not isinstance(e, ast.Call):
        return False
    fun = fb.types.get(e.fun)
    return fun is not None and fun.mode is Mode.BUILTIN and _builtin_name(e.fun) in _PURE


def _builtin_name(e: ast.Expr) -> str:
    while isinstance(e, ast.Paren):
        e = e.x
    if isinstance(e, ast.Selector):
        return e.sel.text
    return e.text if isinstance(e, ast.Name) else ""


def hoist(fb: FuncBuilder, e: ast.Expr) -> None:
    """Evaluate the calls in e now, and save their results."""
    if isinstance(e, _LEAVES) or e in fb.hoisted or e in fb.saved:
        return
    fb.hoisted.add(e)
    tv = fb.types.get(e)
    if tv is not None and (tv.value is not None or tv.mode is Mode.TYPE):
        return
    if is_unit(fb, e) or (isinstance(e, ast.Binary) and e.op in _UNITS):
        save(fb, e)
        return
    for c in children(e):
        hoist(fb, c)


def save(fb: FuncBuilder, e: ast.Expr) -> None:
    """Evaluate e now; later uses of it get this value."""
    if e in fb.saved:
        return
    tv = fb.types.get(e)
    if tv is not None:
        if tv.value is not None or tv.mode in (Mode.NO_VALUE, Mode.TYPE, Mode.BUILTIN) or isinstance(tv.type, Tuple):
            return
        t = ir_type(tv.type)
        if not is_ssa(t):
            m = fb.temp(t)
            fb.into(e, m)
            fb.saved[e] = m
            return
    value = fb.expr(e)
    fb.saved[e] = fb.copy(value) if isinstance(value, Reg) else value


def ordered(fb: FuncBuilder, operands: Sequence[ast.Expr]) -> None:
    """Before operands are evaluated left to right, hoist their calls if a call could change what an earlier operand
    reads."""
    for i in range(len(operands) - 1, 0, -1):
        if has_call(fb, operands[i]) and operands[i] not in fb.hoisted:
            for e in operands:
                hoist(fb, e)
            return
