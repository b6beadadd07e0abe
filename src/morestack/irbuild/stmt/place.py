"""Left sides: the variable, field, element or map entry that is assigned to."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir.module import Operand, Reg
from morestack.ir.representation import ir_type, under
from morestack.irbuild.emit.emitter import Loc, Mem
from morestack.irbuild.emit.map import assign_slot
from morestack.irbuild.emit.memory import insert
from morestack.irbuild.expr.map import key_place
from morestack.irbuild.expr.order import hoist, save
from morestack.irbuild.func import FuncBuilder
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import SelectionKind
from morestack.types.core.objects import Var
from morestack.types.core.types import Array, Map, Pointer, Slice, Struct, Type


def variable_of(fb: FuncBuilder, e: ast.Expr) -> Var | None:
    """Return the variable that a plain name on the left denotes; None for `_` and any other expression."""
    if isinstance(e, ast.Name):
        obj = fb.info.defs.get(e) or fb.info.uses.get(e)
        if type(obj) is Var:
            return obj
    return None


def is_blank(e: ast.Expr) -> bool:
    """Whether e is `_`."""
    return isinstance(e, ast.Name) and e.text == "_"


def register_path(fb: FuncBuilder, e: ast.Expr) -> tuple[Reg, list[int]] | None:
    """Return the register and field numbers of a left side that is part of a variable in a register, else None."""
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
    """Whether the path stays within the value, without following a pointer."""
    for n in path:
        u = under(t)
        if not isinstance(u, Struct):
            return False
        t = bt.var_type(u.fields[n])
    return True


def assign_value(fb: FuncBuilder, lhs: ast.Expr, value: Operand) -> None:
    """Store a value of the type of lhs, with the checks the left side needs."""
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
    """Return the place of a map entry, which is created if absent."""
    map_type = fb.type_of(e.x)
    u = under(map_type)
    assert isinstance(u, Map)
    m = fb.copy(fb.expr(e.x))
    key = key_place(fb, e.indices[0], u.key)
    return assign_slot(fb, map_type, m, key, fb.pos(e, e.lbrack))


def place_of(fb: FuncBuilder, lhs: ast.Expr) -> Mem:
    """Return the place of a left side in memory, after its checks."""
    if isinstance(lhs, ast.Index) and isinstance(under(fb.type_of(lhs.x)), Map):
        return map_slot(fb, lhs)
    loc = fb.loc(lhs)
    assert isinstance(loc, Mem), "an assignment needs a place"
    return loc


def left_type(fb: FuncBuilder, lhs: ast.Expr) -> Type | None:
    """Return the type of a left side, or None for `_`."""
    if is_blank(lhs):
        return None
    v = variable_of(fb, lhs)
    return bt.var_type(v) if v is not None else fb.type_of(lhs)


def hoist_left(fb: FuncBuilder, lhs: ast.Expr) -> None:
    """Hoist the calls in a left side; the map entry of an index expression is not read here."""
    lhs = unparen(lhs)
    if isinstance(lhs, ast.Index):
        hoist(fb, lhs.x)
        hoist(fb, lhs.indices[0])
    elif isinstance(lhs, ast.Selector | ast.Star):
        hoist(fb, lhs.x)


def save_operands(fb: FuncBuilder, lhs: ast.Expr) -> None:
    """Evaluate the operands of index expressions and indirections on the left, but not their checks."""
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


def assign_loc(fb: FuncBuilder, lhs: ast.Expr, loc: Loc) -> None:
    """Store a value that has been evaluated; `_` accepts any value."""
    if is_blank(lhs):
        return
    if isinstance(loc, Mem):
        t = left_type(fb, lhs)
        fb.move(place_of(fb, unparen(lhs)), loc, ir_type(t))
    else:
        assign_value(fb, lhs, loc)
