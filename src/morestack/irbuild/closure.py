"""Function literals, and the parameterless closures that `go` and `defer` run.

A closure is {code, captures...}: a copy of each variable captured by value, the address of the others. One
that captures nothing is read-only data. `go f(x)` and `defer f(x)` evaluate f and x now and hold them in a
closure whose code makes the call: gc's gowrap and deferwrap.
"""

from __future__ import annotations

from collections.abc import Sequence

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Function, FunctionKind, Immediate, Instr, Operand, Pos, Reg, Sym
from morestack.ir.module import Signature as IRSignature
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa
from morestack.irbuild.func import EXPR, NULL, FuncBuilder, Mem, builds, symbol_name, unparen
from morestack.irbuild.instance import instance_of, instantiated_name
from morestack.irbuild.methods import closure_object, finish, interface_code, receiver
from morestack.irbuild.module import ModuleBuilder
from morestack.irbuild.order import ordered
from morestack.syntax import nodes as ast
from morestack.types.core.info import Mode, SelectionKind, TypeAndValue
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import INT8, INT16, INT32, INT64, UINT8, UNSAFE_POINTER, Array, Struct, Type
from morestack.types.core.under import signature_of

_FILL = {8: INT64, 4: INT32, 2: INT16, 1: INT8}

_closure_types: dict[ir.Struct, Struct] = {}


def closure_type(mod: ModuleBuilder, layout: ir.Struct) -> Struct:
    """A Go type with the size and pointers of a closure object, for the allocator."""
    known = _closure_types.get(layout)
    if known is None:
        fields: list[Var] = []
        end = 0
        for at, scalar in (*ir.scalars(layout), (layout.size, None)):
            if at > end:  # padding inside a captured struct: without it what follows would move up
                fields.append(Var(f"pad{end}", Array(UINT8, at - end), is_field=True, pkg=mod.pkg))
            if scalar is not None:
                t: Type = UNSAFE_POINTER if scalar is ir.PTR else _FILL[scalar.size]
                fields.append(Var(f"f{at}", t, is_field=True, pkg=mod.pkg))
                end = at + scalar.size
        known = _closure_types[layout] = Struct(tuple(fields), ("",) * len(fields))
    return known


def capture_layout(mod: ModuleBuilder, captures: Sequence[Var], *more: ir.IRType) -> ir.Struct:
    """The closure object of a literal with these captures; `more` comes before them."""
    return ir.struct(ir.PTR, *more, *[ir.PTR if v in mod.by_ref else ir_type(v.type) for v in captures])


@builds(EXPR, ast.FuncLit)
def func_lit(fb: FuncBuilder, e: ast.FuncLit) -> Operand:
    return closure(fb, e, fb.mod.escapes.node_escapes(e))


def closure(fb: FuncBuilder, e: ast.FuncLit, escapes: bool) -> Operand:
    """The closure object of a literal."""
    from morestack.irbuild.body import build_literal_body

    mod = fb.mod
    name = mod.literal_name(e, fb.symbol_base, fb.nested)
    mod.request(name, lambda: build_literal_body(mod, e, name))
    captures = [v for v in mod.info.captures.get(e, ()) if not v.is_global]
    if not captures:
        return mod.function_value(name)
    layout = capture_layout(mod, captures)
    pos = fb.pos(e)
    if escapes:
        cell: Operand = fb.rt("newobject", mod.type_symbol(closure_type(mod, layout)), pos=pos)
    else:
        cell = fb.temp(layout).addr
    assert isinstance(cell, Reg)
    fb.nonnil.add(cell.id)
    fb.store(Mem(cell), Sym(name))
    store_captures(fb, cell, layout, captures, 1)
    return cell


def store_captures(fb: FuncBuilder, cell: Operand, layout: ir.Struct, captures: Sequence[Var], first: int) -> None:
    """Put variables, or their addresses, into a closure object from its field number `first` on."""
    by_ref = fb.mod.by_ref
    for v, offset in zip(captures, layout.offsets[first:], strict=True):
        to = Mem(cell, offset)
        loc = fb.var_loc(v)
        if v in by_ref:
            assert isinstance(loc, Mem)
            fb.store(to, fb.address(loc))
        elif isinstance(loc, Mem):
            fb.move(to, loc, ir_type(v.type))
        else:
            fb.store(to, loc)


def bind_captures(fb: FuncBuilder, lit: ast.FuncLit) -> None:
    """In the literal's own function: where the captured variables are."""
    mod = fb.mod
    captures = [v for v in mod.info.captures.get(lit, ()) if not v.is_global]
    if not captures:
        return
    context = fb.f.context = fb.f.reg(ir.PTR, "context")
    bind_variables(fb, context, capture_layout(mod, captures), captures, 1)


def bind_variables(fb: FuncBuilder, context: Reg, layout: ir.Struct, captures: Sequence[Var], first: int) -> None:
    """Captured variables are in the closure object, from its field number `first` on."""
    by_ref = fb.mod.by_ref
    for v, offset in zip(captures, layout.offsets[first:], strict=True):
        place = Mem(context, offset)
        name = symbol_name(v.name)
        if v in by_ref:
            r = fb.f.reg(ir.PTR, name)
            fb.set(r, fb.load(place, ir.PTR))
            fb.storage[v] = Mem(r)
        elif is_ssa(ir_type(v.type)):
            r = fb.f.reg(ir_type(v.type), name)
            fb.set(r, fb.load(place, r.type))
            fb.storage[v] = r
        else:
            fb.storage[v] = place


# -- go and defer ----------------------------------------------------------------------------------


def thunk_closure(fb: FuncBuilder, call: ast.Call, kind: str, escapes: bool, pos: Pos) -> Operand:
    """The closure without parameters that makes the call when it runs. `kind`: gowrap or deferwrap."""
    fun = unparen(call.fun)
    tv = fb.types.get(fun)
    if isinstance(fun, ast.FuncLit) and not call.args:
        signature = fb.info.signatures[fun]
        if not signature.results.vars and not signature.params.vars:
            return closure(fb, fun, kind == "gowrap" or fb.mod.escapes.node_escapes(fun))
    if kind == "deferwrap" and _is_bare(fb, fun, tv):
        return _deferred_value(fb, fun, pos)
    ordered(fb, [call.fun, *call.args] if tv is None or tv.mode is not Mode.BUILTIN else list(call.args))
    name = fb.mod.fresh_name(fb.symbol_base, "." + kind)
    if tv is not None and tv.mode in (Mode.BUILTIN, Mode.TYPE):
        return _builtin_thunk(fb, call, name, escapes, pos)
    return _call_thunk(fb, call, name, escapes, pos)


def _is_bare(fb: FuncBuilder, fun: ast.Node, tv: TypeAndValue | None) -> bool:
    """Whether fun is a function value without parameters and results: gc makes no closure to defer one."""
    if tv is not None and tv.mode in (Mode.BUILTIN, Mode.TYPE):
        return False
    selection = fb.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    if selection is not None and selection.kind is SelectionKind.METHOD:
        return False
    signature = bt.signature(fb.type_of(fun))
    return not signature.params.vars and not signature.results.vars


def _deferred_value(fb: FuncBuilder, fun: ast.Node, pos: Pos) -> Operand:
    """The closure that a function value is. A nil one panics when it is called, not here."""
    direct = static_callee(fb, fun)
    if direct is not None:
        return fb.mod.function_value(direct)
    value = fb.copy(fb.expr(fun))
    if isinstance(value, Sym) or (isinstance(value, Reg) and value.id in fb.nonnil):
        return value
    name = f"{bt.path_prefix(fb.mod.pkg)}.nildefer"
    fb.mod.request(name, lambda: _build_nildefer(fb.mod, name))
    if isinstance(value, Const):
        return fb.mod.function_value(name)
    is_set = fb.op(Op.NE, ir.BOOL, value, NULL)
    return fb.op(Op.SELECT, ir.PTR, is_set, value, fb.mod.function_value(name))


def _build_nildefer(mod: ModuleBuilder, name: str) -> None:
    """What a deferred nil function does."""
    pos = Pos("<autogenerated>", 1, 1)
    fb = FuncBuilder(mod, Function(name, kind=FunctionKind.THUNK, pos=pos))
    fb.nil_check(NULL, pos)
    finish(fb, ())


def _new_thunk(mod: ModuleBuilder, name: str, layout: ir.Struct, pos: Pos) -> tuple[FuncBuilder, list[Operand]]:
    """The wrapper function, and what it holds."""
    f = Function(name, kind=FunctionKind.THUNK, pos=pos)
    fb = FuncBuilder(mod, f)
    if len(layout.fields) == 1:
        return fb, []
    context = f.context = f.reg(ir.PTR, "context")
    held: list[Operand] = [
        fb.load(Mem(context, o), t) for t, o in zip(layout.fields[1:], layout.offsets[1:], strict=True)
    ]
    return fb, held


def _make(fb: FuncBuilder, name: str, layout: ir.Struct, held: list[Operand], escapes: bool, pos: Pos) -> Operand:
    if not held:
        return fb.mod.function_value(name)
    return closure_object(fb, Sym(name), layout, held, escapes, pos)


def _call_thunk(fb: FuncBuilder, call: ast.Call, name: str, escapes: bool, pos: Pos) -> Operand:
    from morestack.irbuild.call import arguments, keep_alive, kept_alive

    mod = fb.mod
    fun = instantiated_name(unparen(call.fun), mod)
    signature = bt.signature(fb.type_of(call.fun))
    results = bt.results_of(signature)
    params = bt.params_of(signature)
    selection = mod.info.selections.get(fun) if isinstance(fun, ast.Selector) else None
    direct: str | None = None
    head: list[Operand] = []
    op = Op.CALL
    if selection is not None and selection.kind is SelectionKind.METHOD:
        from morestack.irbuild.methods import embedded

        assert isinstance(fun, ast.Selector) and isinstance(selection.obj, Func)
        f = instance_of(mod, fun.sel, selection.obj)
        loc, t = embedded(fb, fb.loc(fun.x), fb.type_of(fun.x), selection.index, pos)
        if bt.is_interface(t):
            value = fb.load(loc, ir.IFACE) if isinstance(loc, Mem) else loc
            op = Op.CALL_CODE
            head = [interface_code(fb, value, t, f, pos), fb.extract(value, 1)]
        else:
            direct = mod.func_symbol(f)
            head = [receiver(fb, loc, t, f, pos)]
    else:
        direct = static_callee(fb, fun)
        if direct is None:
            op = Op.CALL_CLOSURE
            head = [fb.copy(fb.expr(call.fun))]
            if name.rpartition(".")[2].startswith("gowrap") and not params and not results:
                return head[0]  # newproc says when it is nil
    args = arguments(fb, call, signature)
    kept = kept_alive(fb, call, fun, signature, args)
    held = [fb.copy(h) for h in (*head, *args, *kept)]
    fixed = [h if isinstance(h, Const | Sym) else None for h in held]
    dynamic: list[Operand] = [h for h in held if not isinstance(h, Const | Sym)]
    layout = ir.struct(ir.PTR, *[h.type for h in dynamic])
    wrapper, values = _new_thunk(mod, name, layout, pos)
    waiting = iter(values)
    operands = [next(waiting) if c is None else c for c in fixed]
    end = len(operands) - len(kept)
    if op is Op.CALL_CLOSURE:
        wrapper.nil_check(operands[0], pos)
    aux: Immediate = direct
    if op is Op.CALL_CLOSURE:
        aux = IRSignature(params, results)
    elif op is Op.CALL_CODE:
        aux = IRSignature((ir.PTR, *params), results)
    dst = tuple([wrapper.f.reg(r) for r in results])
    wrapper.block.instrs.append(Instr(op, dst, tuple(operands[:end]), aux, (), pos))
    keep_alive(wrapper, operands[end:], pos)
    finish(wrapper, ())
    return _make(fb, name, layout, dynamic, escapes, pos)


def static_callee(fb: FuncBuilder, fun: ast.Node) -> str | None:
    """The symbol of a declared function or a method expression, when fun names one."""
    fun = instantiated_name(fun, fb.mod)
    if isinstance(fun, ast.Selector):
        selection = fb.info.selections.get(fun)
        if selection is not None:
            if selection.kind is SelectionKind.METHOD_EXPR and isinstance(selection.obj, Func):
                from morestack.irbuild.methods import method_function

                f = instance_of(fb.mod, fun.sel, selection.obj)
                return method_function(fb.mod, selection.recv, f, selection.index)
            return None
        fun = fun.sel
    if isinstance(fun, ast.Name):
        obj = fb.info.uses.get(fun)
        if type(obj) is Func and signature_of(obj).recv is None:
            return fb.mod.func_symbol(instance_of(fb.mod, fun, obj))
    return None


def _builtin_thunk(fb: FuncBuilder, call: ast.Call, name: str, escapes: bool, pos: Pos) -> Operand:
    """`defer` or `go` of a builtin: the wrapper evaluates the call with its operands already saved."""
    mod = fb.mod
    saved: list[tuple[ast.Node, Operand]] = []
    for a in call.args:
        tv = fb.types.get(a)
        if tv is None or tv.value is not None or tv.mode in (Mode.TYPE, Mode.NIL):
            continue
        saved.append((a, fb.copy(fb.expr(a))))
    layout = ir.struct(ir.PTR, *[v.type for _, v in saved])
    wrapper, values = _new_thunk(mod, name, layout, pos)
    for (node, _), value in zip(saved, values, strict=True):
        wrapper.saved[node] = value
    from morestack.irbuild.call import call_statement

    call_statement(wrapper, call)
    finish(wrapper, ())
    return _make(fb, name, layout, [v for _, v in saved], escapes, pos)
