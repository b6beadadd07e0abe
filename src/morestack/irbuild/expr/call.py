"""Calls of functions, methods and closures; arguments, variadic parameters, several results."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Instr, Operand, Pos, Reg
from morestack.ir.module import Signature as IRSignature
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.emitter import Mem, int64
from morestack.irbuild.emit.iface import box_into
from morestack.irbuild.emit.method import embedded, interface_code, receiver
from morestack.irbuild.emit.runtime import call_runtime
from morestack.irbuild.expr.closure import closure
from morestack.irbuild.expr.order import ordered
from morestack.irbuild.expr.selector import static_callee
from morestack.irbuild.expr.value import into_as, value_as
from morestack.irbuild.extern import called_runtime
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.instance import instance_of, instantiated_name
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Mode, SelectionKind
from morestack.types.core.kinds import is_unsafe_pointer
from morestack.types.core.objects import Func
from morestack.types.core.types import Array, Signature, Slice, Tuple, Type


def mode_of(fb: FuncBuilder, e: ast.Call) -> Mode:
    """Return the mode of the callee: a function (VALUE), a builtin, or a type."""
    tv = fb.types.get(e.fun)
    return tv.mode if tv is not None else Mode.VALUE


def call(fb: FuncBuilder, e: ast.Call) -> tuple[Reg, ...]:
    """Build a call of a function, method or closure; return its results."""
    fun = instantiated_name(unparen(e.fun), fb.mod)
    pos = fb.pos(e, e.lparen)
    signature = bt.signature(fb.type_of(e.fun))
    if isinstance(fun, ast.Selector):
        selection = fb.info.selections.get(fun)
        if selection is not None and selection.kind is SelectionKind.METHOD:
            return _method_call(fb, e, fun, signature)
    known = called_runtime(fb, fun)
    if known is not None:
        return call_runtime(fb, known, arguments(fb, e, signature), bt.results_of(signature), pos)
    direct = static_callee(fb, fun)
    if direct is not None:
        args = arguments(fb, e, signature)
        kept = kept_alive(fb, e, fun, signature, args)
        results = tuple([fb.f.reg(t) for t in bt.results_of(signature)])
        fb.block.instrs.append(Instr(Op.CALL, results, tuple(args), direct, (), pos))
        keep_alive(fb, kept, pos)
        return results
    ordered(fb, (e.fun, *e.args))
    if isinstance(fun, ast.FuncLit):
        callee = closure(fb, fun, False)  # called at once, so it cannot outlive the frame
    else:
        callee = fb.copy(fb.expr(e.fun))
    args = arguments(fb, e, signature)
    fb.nil_check(callee, pos)
    results = tuple([fb.f.reg(t) for t in bt.results_of(signature)])
    shape = IRSignature(bt.params_of(signature), bt.results_of(signature))
    fb.block.instrs.append(Instr(Op.CALL_CLOSURE, results, (callee, *args), shape, (), pos))
    return results


def kept_alive(fb: FuncBuilder, e: ast.Call, fun: ast.Expr, signature: Signature, args: list[Operand]) -> list[Operand]:
    """For a function marked `//go:uintptrescapes`, return the arguments of the form `uintptr(p)` as pointers. The
    objects they point to must live until the call returns; escape analysis has moved them to the heap."""
    name = fun.sel if isinstance(fun, ast.Selector) else fun
    f = fb.info.uses.get(name) if isinstance(name, ast.Name) else None
    if type(f) is not Func or f.decl is None or "go:uintptrescapes" not in f.decl.pragmas:
        return []
    fixed = len(args) - 1 if signature.variadic and not e.has_dots else len(args)
    kept: list[Operand] = []
    for n, arg in enumerate(e.args):
        a = unparen(arg)
        if (
            not isinstance(a, ast.Call)
            or mode_of(fb, a) is not Mode.TYPE
            or not is_unsafe_pointer(fb.type_of(a.args[0]))
        ):
            continue
        if n < fixed:
            kept.append(fb.op(Op.INTTOPTR, ir.PTR, args[n]))
        else:
            kept.append(fb.load(Mem(fb.extract(args[fixed], 0), (n - fixed) * ir.I64.size), ir.PTR))
    return kept


def keep_alive(fb: FuncBuilder, kept: list[Operand], pos: Pos) -> None:
    """Keep the objects these pointers refer to alive up to this point."""
    for pointer in kept:
        fb.rt_do("keepalive", pointer, pos=pos)


def _method_call(fb: FuncBuilder, e: ast.Call, fun: ast.Selector, signature: Signature) -> tuple[Reg, ...]:
    selection = fb.info.selections[fun]
    assert isinstance(selection.obj, Func)
    f = instance_of(fb.mod, fun.sel, selection.obj)
    pos = fb.pos(e, e.lparen)
    ordered(fb, (fun.x, *e.args))
    loc, t = embedded(fb, fb.loc(fun.x), fb.type_of(fun.x), selection.index, pos)
    results = tuple([fb.f.reg(r) for r in bt.results_of(signature)])
    if bt.is_interface(t):
        value = fb.copy(fb.load(loc, ir.IFACE) if isinstance(loc, Mem) else loc)
        tab, data = fb.extract(value, 0), fb.extract(value, 1)
        args = arguments(fb, e, signature)
        code = interface_code(fb, fb.make(ir.IFACE, tab, data) if args else value, t, f, pos)
        shape = IRSignature((ir.PTR, *bt.params_of(signature)), bt.results_of(signature))
        fb.block.instrs.append(Instr(Op.CALL_CODE, results, (code, data, *args), shape, (), pos))
        return results
    recv = fb.copy(receiver(fb, loc, t, f, pos))
    args = arguments(fb, e, signature)
    kept = kept_alive(fb, e, fun, signature, args)
    fb.block.instrs.append(Instr(Op.CALL, results, (recv, *args), fb.mod.func_symbol(f), (), pos))
    keep_alive(fb, kept, pos)
    return results


def arguments(fb: FuncBuilder, e: ast.Call, signature: Signature) -> list[Operand]:
    """Build the arguments with the types of the parameters."""
    params = signature.params.vars
    args = e.args
    if len(args) == 1 and isinstance(fb.type_of_or_none(args[0]), Tuple):
        return _forwarded(fb, e, signature)
    ordered(fb, args)
    if not signature.variadic or e.has_dots:
        return [fb.copy(value_as(fb, a, p.type)) for a, p in zip(args, params, strict=True)]
    fixed = len(params) - 1
    values = [fb.copy(value_as(fb, a, p.type)) for a, p in zip(args[:fixed], params[:fixed], strict=True)]
    extra = args[fixed:]
    if not extra:
        values.append(fb.zero(ir.SLICE))
        return values
    slice_type = under(params[-1].type)
    assert isinstance(slice_type, Slice)
    room = _variadic_room(fb, e, slice_type.elem, len(extra))
    size = ir_type(slice_type.elem).size
    for n, a in enumerate(extra):
        into_as(fb, a, slice_type.elem, Mem(room, n * size))
    values.append(fb.make(ir.SLICE, room, int64(len(extra)), int64(len(extra))))
    return values


def _variadic_room(fb: FuncBuilder, e: ast.Call, elem: Type, n: int) -> Operand:
    array = Array(elem, n)
    return fb.allocate(array, fb.mod.escapes.variadic_escapes(e), fb.pos(e, e.lparen), clear=False).addr


def _forwarded(fb: FuncBuilder, e: ast.Call, signature: Signature) -> list[Operand]:
    """Build the arguments of `f(g())`, which are the results of g."""
    inner = unparen(e.args[0])
    assert isinstance(inner, ast.Call)
    pos = fb.pos(e, e.lparen)
    results = call(fb, inner)
    sources = [bt.var_type(v) for v in bt.signature(fb.type_of(inner.fun)).results.vars]
    params = signature.params.vars
    fixed = len(params) - 1 if signature.variadic else len(params)
    values = [
        box_into(fb, r, s, bt.var_type(p), pos)
        for r, s, p in zip(results[:fixed], sources[:fixed], params[:fixed], strict=True)
    ]
    if not signature.variadic:
        return values
    slice_type = under(params[-1].type)
    assert isinstance(slice_type, Slice)
    n = len(results) - fixed
    if not n:
        values.append(fb.zero(ir.SLICE))
        return values
    room = _variadic_room(fb, e, slice_type.elem, n)
    size = ir_type(slice_type.elem).size
    for i, (r, s) in enumerate(zip(results[fixed:], sources[fixed:], strict=True)):
        fb.store(Mem(room, i * size), box_into(fb, r, s, slice_type.elem, pos))
    values.append(fb.make(ir.SLICE, room, int64(n), int64(n)))
    return values
