"""Assignments, definitions and variable declarations.

One value: calls on the left, then the right side, then the left side's address with its checks, then the
store, as gc does. Several: the operands on the left (not yet their checks) and all values first, then the
stores from left to right. A variable in a register is read before any of them is written.
"""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand, Pos, Reg
from morestack.ir.ops import Op
from morestack.ir.representation import ir_type, is_ssa, under
from morestack.irbuild.arith import COMPARISONS, arithmetic, concat_values, shift
from morestack.irbuild.func import STMT, FuncBuilder, Loc, Mem, builds, unparen
from morestack.irbuild.iface import box_into, comma_ok, value_as
from morestack.irbuild.literal import reads_nothing
from morestack.irbuild.map import assign_slot, key_place, lookup
from morestack.irbuild.order import has_call, hoist, save
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp
from morestack.types.core.info import SelectionKind
from morestack.types.core.objects import Var
from morestack.types.core.types import BOOL, Array, Map, Pointer, Slice, Struct, Traits, Type

MAY_PANIC = frozenset({BinaryOp.QUO, BinaryOp.REM})
"""Operators whose panics leave no new entry in a map, as gc has it; a negative shift count does leave one."""

# -- one place -------------------------------------------------------------------------------------


def variable_of(fb: FuncBuilder, e: ast.Node) -> Var | None:
    """The variable a plain name on the left means; None for `_` and everything else."""
    if isinstance(e, ast.Name):
        obj = fb.info.defs.get(e) or fb.info.uses.get(e)
        if type(obj) is Var:
            return obj
    return None


def is_blank(e: ast.Node) -> bool:
    return isinstance(e, ast.Name) and e.text == "_"


def register_path(fb: FuncBuilder, e: ast.Node) -> tuple[Reg, list[int]] | None:
    """The register and field numbers of a left side that lives in a register variable."""
    e = unparen(e)
    if isinstance(e, ast.Name):
        v = variable_of(fb, e)
        s = fb.storage.get(v) if v is not None else None
        return (s, []) if type(s) is Reg else None
    if isinstance(e, ast.Selector):
        selection = fb.info.selections.get(e)
        if selection is None or selection.kind is not SelectionKind.FIELD:
            return None
        if not _is_value_path(fb.type_of(e.x), selection.index):
            return None
        inner = register_path(fb, e.x)
        return None if inner is None else (inner[0], [*inner[1], *selection.index])
    if isinstance(e, ast.Index) and isinstance(under(fb.type_of(e.x)), Array):
        inner = register_path(fb, e.x)
        if inner is None:
            return None
        fb.loc(e)  # the bounds check
        return inner[0], [*inner[1], 0]
    return None


def _is_value_path(t: Type, path: tuple[int, ...]) -> bool:
    """Does the path stay inside the value, without following a pointer?"""
    for n in path:
        u = under(t)
        if not isinstance(u, Struct):
            return False
        t = bt.var_type(u.fields[n])
    return True


def insert(fb: FuncBuilder, whole: Operand, path: list[int], value: Operand) -> Operand:
    """whole with the field at path replaced."""
    if not path:
        return value
    n = path[0]
    t = whole.type
    if isinstance(t, ir.Array) and not t.len:
        return whole  # the index check has failed
    part = value if len(path) == 1 else insert(fb, fb.extract(whole, n), path[1:], value)
    return fb.op(Op.INSERT, t, whole, part, aux=n)


def assign_value(fb: FuncBuilder, lhs: ast.Node, value: Operand) -> None:
    """Store a value (of lhs's type) with the checks the left side needs."""
    if is_blank(lhs):
        return
    lhs = unparen(lhs)
    target = register_path(fb, lhs)
    if target is not None:
        reg, path = target
        fb.assign(reg, insert(fb, reg, path, value))
        return
    if isinstance(lhs, ast.Index) and isinstance(under(fb.type_of(lhs.x)), Map):
        fb.store(map_slot(fb, lhs), value)
        return
    fb.store(place_of(fb, lhs), value)


def map_slot(fb: FuncBuilder, e: ast.Index) -> Mem:
    map_type = fb.type_of(e.x)
    u = under(map_type)
    assert isinstance(u, Map)
    m = fb.copy(fb.expr(e.x))
    key = key_place(fb, e.indices[0], u.key)
    return assign_slot(fb, map_type, m, key, fb.pos(e, e.lbrack))


def place_of(fb: FuncBuilder, lhs: ast.Node) -> Mem:
    if isinstance(lhs, ast.Index) and isinstance(under(fb.type_of(lhs.x)), Map):
        return map_slot(fb, lhs)
    loc = fb.loc(lhs)
    assert isinstance(loc, Mem), "an assignment needs a place"
    return loc


def left_type(fb: FuncBuilder, lhs: ast.Node) -> Type | None:
    """The type of a left side; None for `_`."""
    if is_blank(lhs):
        return None
    v = variable_of(fb, lhs)
    return bt.var_type(v) if v is not None else fb.type_of(lhs)


def assign_one(fb: FuncBuilder, lhs: ast.Node, rhs: ast.Node) -> None:
    """`lhs = rhs`."""
    t = left_type(fb, lhs)
    if t is None:
        fb.loc(rhs)
        return
    if not isinstance(lhs, ast.Name) and (has_call(fb, rhs) or has_call(fb, lhs)):
        _hoist_left(fb, lhs)
        hoist(fb, rhs)
    it = ir_type(t)
    if is_ssa(it):
        inner = unparen(lhs)
        if isinstance(inner, ast.Index) and isinstance(under(fb.type_of(inner.x)), Map):
            save_operands(fb, lhs)
        assign_value(fb, lhs, value_as(fb, rhs, t))
        return
    if reads_nothing(fb, rhs):
        fb.into(rhs, place_of(fb, unparen(lhs)))
        return
    loc = fb.loc(rhs)
    source = loc if isinstance(loc, Mem) else fb.spill(loc)
    fb.move(place_of(fb, unparen(lhs)), source, it)


def _hoist_left(fb: FuncBuilder, lhs: ast.Node) -> None:
    """Calls inside the left side; an index of a map is no read here."""
    lhs = unparen(lhs)
    if isinstance(lhs, ast.Index):
        hoist(fb, lhs.x)
        hoist(fb, lhs.indices[0])
    elif isinstance(lhs, ast.Selector | ast.Star):
        hoist(fb, lhs.x)


# -- several places --------------------------------------------------------------------------------


def save_operands(fb: FuncBuilder, lhs: ast.Node) -> None:
    """Evaluate the operands of index expressions and indirections on the left, without their checks."""
    lhs = unparen(lhs)
    if isinstance(lhs, ast.Index):
        t = under(fb.type_of(lhs.x))
        if isinstance(t, Slice | Map | Pointer):
            save(fb, lhs.x)
        else:
            save_operands(fb, lhs.x)
        save(fb, lhs.indices[0])
    elif isinstance(lhs, ast.Star):
        save(fb, lhs.x)
    elif isinstance(lhs, ast.Selector):
        selection = fb.info.selections.get(lhs)
        if selection is None:
            return
        if bt.pointer_base(fb.type_of(lhs.x)) is not None:
            save(fb, lhs.x)
        else:
            save_operands(fb, lhs.x)


def keep(fb: FuncBuilder, e: ast.Node, t: Type) -> Loc:
    """The value of e as type t, safe from the stores that follow."""
    if is_ssa(ir_type(t)):
        return fb.copy(value_as(fb, e, t))
    m = fb.temp(ir_type(t))
    fb.into(e, m)
    return m


def assign_loc(fb: FuncBuilder, lhs: ast.Node, loc: Loc) -> None:
    if is_blank(lhs):
        return
    if isinstance(loc, Mem):
        t = left_type(fb, lhs)
        fb.move(place_of(fb, unparen(lhs)), loc, ir_type(t))
    else:
        assign_value(fb, lhs, loc)


def assign_pairs(fb: FuncBuilder, lhs: tuple[ast.Expr, ...], rhs: tuple[ast.Expr, ...]) -> None:
    """`a, b = x, y`."""
    if any(has_call(fb, e) for e in (*lhs, *rhs)):
        for l in lhs:
            _hoist_left(fb, l)
        for r in rhs:
            hoist(fb, r)
    for l in lhs:
        save_operands(fb, l)
    values: list[Loc] = []
    for l, r in zip(lhs, rhs, strict=True):
        t = left_type(fb, l)
        values.append(keep(fb, r, t if t is not None else fb.type_of(r)))
    for l, v in zip(lhs, values, strict=True):
        assign_loc(fb, l, v)


def multi_value(fb: FuncBuilder, rhs: ast.Node) -> list[tuple[Loc, Type]]:
    """The values of a call, or of a comma-ok form, with their types."""
    inner = unparen(rhs)
    if isinstance(inner, ast.Call):
        from morestack.irbuild.call import call

        results = call(fb, inner)
        types = [bt.var_type(v) for v in bt.signature(fb.type_of(inner.fun)).results.vars]
        return list(zip(results, types, strict=True))
    if isinstance(inner, ast.TypeAssert):
        from morestack.irbuild.iface import assert_target

        value, ok = comma_ok(fb, inner)
        return [(value, assert_target(fb, inner)), (ok, BOOL)]
    if isinstance(inner, ast.Index):
        u = under(fb.type_of(inner.x))
        assert isinstance(u, Map)
        value, ok = lookup(fb, inner, u, True)
        return [(value, u.elem), (ok, BOOL)]
    assert isinstance(inner, ast.Receive)
    from morestack.irbuild.chan import receive

    value, ok, elem = receive(fb, inner)
    return [(value, elem), (ok, BOOL)]


def converted(fb: FuncBuilder, loc: Loc, source: Type, target: Type, pos: Pos) -> Loc:
    """A value of several, as the type its variable has."""
    if isinstance(loc, Mem):
        if not bt.is_interface(target):
            return loc
        cell = Mem(fb.new_object(source, pos))
        fb.move(cell, loc, ir_type(source))
        from morestack.irbuild.iface import type_word_for

        return fb.make(ir.IFACE, type_word_for(fb, source, target), cell.addr)
    return box_into(fb, loc, source, target, pos)


def assign_multi(fb: FuncBuilder, lhs: tuple[ast.Expr, ...], rhs: ast.Expr) -> None:
    """`a, b = f()` and the comma-ok forms."""
    for l in lhs:
        _hoist_left(fb, l)
    if not isinstance(unparen(rhs), ast.Call):
        for l in lhs:
            save_operands(fb, l)
        values = multi_value(fb, rhs)
    else:
        values = multi_value(fb, rhs)
        for l in lhs:
            save_operands(fb, l)
    pos = fb.pos(rhs)
    for l, (v, source) in zip(lhs, values, strict=True):
        target = left_type(fb, l)
        if target is not None:
            assign_loc(fb, l, converted(fb, v, source, target, pos))


# -- statements ------------------------------------------------------------------------------------


@builds(STMT, ast.Assign)
def assign(fb: FuncBuilder, s: ast.Assign) -> None:
    if s.op is not None:
        op_assign(fb, s.lhs[0], s.op, s.rhs[0], fb.pos(s, s.op_pos))
    elif len(s.lhs) == len(s.rhs) == 1:
        assign_one(fb, s.lhs[0], s.rhs[0])
    elif len(s.lhs) == len(s.rhs):
        assign_pairs(fb, s.lhs, s.rhs)
    else:
        assign_multi(fb, s.lhs, s.rhs[0])
    fb.saved.clear()


@builds(STMT, ast.IncDec)
def inc_dec(fb: FuncBuilder, s: ast.IncDec) -> None:
    op_assign(fb, s.x, BinaryOp.ADD if s.inc else BinaryOp.SUB, None, fb.pos(s))
    fb.saved.clear()


def op_assign(fb: FuncBuilder, lhs: ast.Expr, op: BinaryOp, rhs: ast.Expr | None, pos: Pos) -> None:
    """`lhs op= rhs`, the operands of lhs evaluated once; rhs None stands for 1."""
    t = fb.type_of(lhs)
    if rhs is not None and has_call(fb, rhs):
        _hoist_left(fb, lhs)
        hoist(fb, rhs)
    target = register_path(fb, lhs)
    if target is not None:
        reg, path = target
        part: Operand = reg
        for n in path:
            part = fb.extract(part, n)
        fb.assign(reg, insert(fb, reg, path, combined(fb, op, part, rhs, t, pos)))
        return
    save_operands(fb, lhs)
    inner = unparen(lhs)
    if isinstance(inner, ast.Index) and isinstance(under(fb.type_of(inner.x)), Map):
        if op in MAY_PANIC:  # then no entry is to be made
            value = combined(fb, op, fb.copy(fb.expr(inner)), rhs, t, pos)
            fb.store(map_slot(fb, inner), value)
            return
        y = None if rhs is None else fb.copy(fb.expr(rhs))
        slot = map_slot(fb, inner)  # of a new entry it holds zero, as `m[k]` would give
        fb.store(slot, combine(fb, op, fb.load(slot, ir_type(t)), rhs, y, t, pos))
        return
    place = place_of(fb, inner)
    old = fb.load(place, ir_type(t))
    fb.store(place, combined(fb, op, old, rhs, t, pos))


def combined(fb: FuncBuilder, op: BinaryOp, x: Operand, rhs: ast.Expr | None, t: Type, pos: Pos) -> Operand:
    """x op rhs."""
    return combine(fb, op, x, rhs, None if rhs is None else fb.expr(rhs), t, pos)


def combine(
    fb: FuncBuilder, op: BinaryOp, x: Operand, rhs: ast.Expr | None, y: Operand | None, t: Type, pos: Pos
) -> Operand:
    """x op y, the value of rhs; both None stand for 1."""
    assert op not in COMPARISONS
    if rhs is None or y is None:
        return arithmetic(fb, op, x, one(x.type, fb), t, pos)
    if op is BinaryOp.SHL or op is BinaryOp.SHR:
        return shift(fb, op, x, y, t, fb.type_of(rhs), pos)
    if bt.traits(t) & Traits.STRING:
        return concat_values(fb, [x, y], pos)
    return arithmetic(fb, op, x, y, t, pos)


def one(t: ir.IRType, fb: FuncBuilder) -> Operand:
    if isinstance(t, ir.Struct):
        return fb.make(t, Const(t.fields[0], 1.0), Const(t.fields[0], 0.0))
    return Const(t, 1.0 if t is ir.F64 or t is ir.F32 else 1)


# -- declarations ----------------------------------------------------------------------------------


def declare_from(fb: FuncBuilder, v: Var, rhs: ast.Node) -> None:
    """`var v = rhs`."""
    t = bt.var_type(v)
    pos = fb.mod.pos(v.span) if v.span is not None else fb.pos(rhs)
    if is_ssa(ir_type(t)):
        fb.declare(v, pos, value_as(fb, rhs, t))
        return
    if fb.storage.get(v) is not None or fb.on_heap(v):
        # the initializer may still read the variable of the iteration before
        loc = fb.mem(rhs)
        fb.move(fb.place(fb.declare(v, pos, clear=False)), loc, ir_type(t))
        return
    fb.into(rhs, fb.place(fb.declare(v, pos, clear=False)))


def declare_loc(fb: FuncBuilder, v: Var, loc: Loc, pos: Pos) -> None:
    """A new variable with a value that has been evaluated."""
    if isinstance(loc, Mem):
        if is_ssa(ir_type(v.type)):
            fb.declare(v, pos, fb.load(loc, ir_type(v.type)))
        else:
            fb.move(fb.place(fb.declare(v, pos, clear=False)), loc, ir_type(v.type))
    else:
        fb.declare(v, pos, loc)


@builds(STMT, ast.Define)
def define(fb: FuncBuilder, s: ast.Define) -> None:
    lhs, rhs = s.lhs, s.rhs
    defs = fb.info.defs
    if len(lhs) == len(rhs) == 1:
        v = defs.get(lhs[0]) if isinstance(lhs[0], ast.Name) else None
        if type(v) is Var and v.name != "_":
            declare_from(fb, v, rhs[0])
        else:
            assign_one(fb, lhs[0], rhs[0])
        fb.saved.clear()
        return
    if len(lhs) == len(rhs):
        if any(has_call(fb, e) for e in rhs):
            for r in rhs:
                hoist(fb, r)
        kept: list[tuple[Loc, Type]] = []
        for l, r in zip(lhs, rhs, strict=True):
            t = left_type(fb, l)
            wanted = t if t is not None else fb.type_of(r)
            kept.append((keep(fb, r, wanted), wanted))
        values = kept
    else:
        values = multi_value(fb, rhs[0])
    for l, (value, source) in zip(lhs, values, strict=True):
        if is_blank(l):
            continue
        assert isinstance(l, ast.Name)
        target = left_type(fb, l)
        assert target is not None
        loc = converted(fb, value, source, target, fb.pos(l))
        v = defs.get(l)
        if type(v) is Var:
            declare_loc(fb, v, loc, fb.pos(l))
        else:
            assign_loc(fb, l, loc)
    fb.saved.clear()


@builds(STMT, ast.DeclStmt)
def decl_stmt(fb: FuncBuilder, s: ast.DeclStmt) -> None:
    for d in s.decls:
        if isinstance(d, ast.VarDecl):
            _var_decl(fb, d)
    fb.saved.clear()


def _var_decl(fb: FuncBuilder, d: ast.VarDecl) -> None:
    defs = fb.info.defs
    variables = [defs.get(n) for n in d.names]
    if not d.values:
        for n, v in zip(d.names, variables, strict=True):
            if type(v) is Var and n.text != "_":
                fb.declare(v, fb.pos(n))
        return
    if len(d.values) == len(d.names) == 1:
        v = variables[0]
        if type(v) is Var and d.names[0].text != "_":
            declare_from(fb, v, d.values[0])
        else:
            t = bt.var_type(v) if type(v) is Var and v.type is not None else fb.type_of(d.values[0])
            keep(fb, d.values[0], t)
        return
    values: list[tuple[Loc, Type]] = []
    if len(d.values) == len(d.names):
        if any(has_call(fb, e) for e in d.values):
            for r in d.values:
                hoist(fb, r)
        for v, r in zip(variables, d.values, strict=True):
            t = bt.var_type(v) if type(v) is Var and v.type is not None else fb.type_of(r)
            values.append((keep(fb, r, t), t))
    else:
        values = multi_value(fb, d.values[0])
    for n, v, (value, source) in zip(d.names, variables, values, strict=True):
        if type(v) is Var and n.text != "_":
            declare_loc(fb, v, converted(fb, value, source, bt.var_type(v), fb.pos(n)), fb.pos(n))
