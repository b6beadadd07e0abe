"""Assignments that store no pointer that was not there before, and so need no flow.

`b.buf = b.buf[n:m]` and `val.x = val.y` are recognised as gc does: the base must be the same variable, read
without effects. Invariant: slicing an array that lies in the object itself is not among them, as it makes
a new pointer to the object.
"""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Info, Mode, SelectionKind
from morestack.types.core.objects import Builtin, BuiltinId
from morestack.types.core.types import Array, Map
from morestack.types.identity.type_params import core_type


def is_self_assign(info: Info, dst: ast.Expr, src: ast.Expr) -> bool:
    """Can `dst = src` be ignored?"""
    dst, src = unparen(dst), unparen(src)
    if _is_slice_self_assign(info, dst, src):
        return True
    if isinstance(dst, ast.Selector) and isinstance(src, ast.Selector):
        if not _is_field(info, dst) or not _is_field(info, src):
            return False
        if _through_pointer(info, dst) != _through_pointer(info, src):
            return False
        return _same_safe(info, dst.x, src.x)
    if isinstance(dst, ast.Index) and isinstance(src, ast.Index):
        if _is_map(info, dst.x) or _is_map(info, src.x):
            return False
        if _may_affect_memory(info, dst.indices[0]) or _may_affect_memory(info, src.indices[0]):
            return False
        return _same_safe(info, dst.x, src.x)
    return False


def _is_field(info: Info, n: ast.Selector) -> bool:
    sel = info.selections.get(n)
    return sel is not None and sel.kind is SelectionKind.FIELD and len(sel.index) == 1


def _through_pointer(info: Info, n: ast.Selector) -> bool:
    tv = info.types.get(n.x)
    return tv is not None and ti.pointer_base(tv.type) is not None


def _is_map(info: Info, n: ast.Expr) -> bool:
    tv = info.types.get(n)
    return tv is not None and isinstance(core_type(tv.type), Map)


def _deref_base(info: Info, n: ast.Expr) -> object:
    """The variable v of `*v` or `v.f` through a pointer."""
    n = unparen(n)
    x: ast.Expr | None = None
    if isinstance(n, ast.Star) or (isinstance(n, ast.Selector) and _is_field(info, n) and _through_pointer(info, n)):
        x = unparen(n.x)
    return info.uses.get(x) if isinstance(x, ast.Name) else None


def _is_slice_self_assign(info: Info, dst: ast.Expr, src: ast.Expr) -> bool:
    if not isinstance(src, ast.Slice):
        return False
    base = _deref_base(info, dst)
    if base is None:
        return False
    tv = info.types.get(src.x)
    if tv is not None and isinstance(core_type(tv.type), Array):
        return False
    return _deref_base(info, src.x) is base


def _same_safe(info: Info, a: ast.Expr, b: ast.Expr) -> bool:
    """Do a and b read the same thing, without effects?"""
    a, b = unparen(a), unparen(b)
    match a, b:
        case ast.Name(), ast.Name():
            x = info.uses.get(a)
            return x is not None and x is info.uses.get(b)
        case ast.Selector(), ast.Selector():
            if a.sel.text != b.sel.text or not _is_field(info, a) or not _is_field(info, b):
                return False
            return _same_safe(info, a.x, b.x)
        case ast.Star(), ast.Star():
            return _same_safe(info, a.x, b.x)
        case ast.Index(), ast.Index():
            if _is_map(info, a.x):
                return False
            return _same_safe(info, a.x, b.x) and _same_safe(info, a.indices[0], b.indices[0])
        case ast.Unary(), ast.Unary():
            return a.op is b.op and _same_safe(info, a.x, b.x)
        case _:
            x_value, y_value = info.types.get(a), info.types.get(b)
            if x_value is None or y_value is None:
                return False
            constants = x_value.mode is Mode.CONSTANT and y_value.mode is Mode.CONSTANT
            return constants and x_value.value == y_value.value


def _may_affect_memory(info: Info, n: ast.Expr) -> bool:
    """Could evaluating n change anything?"""
    n = unparen(n)
    tv = info.types.get(n)
    if tv is not None and tv.mode in (Mode.CONSTANT, Mode.NIL):
        return False
    match n:
        case ast.Name():
            return False
        case ast.Binary(x=x, y=y):
            return _may_affect_memory(info, x) or _may_affect_memory(info, y)
        case ast.Index(x=x, indices=(i,)):
            return _is_map(info, x) or _may_affect_memory(info, x) or _may_affect_memory(info, i)
        case ast.Selector(x=x) if _is_field(info, n):
            return _may_affect_memory(info, x)
        case ast.Unary(x=x) | ast.Star(x=x):
            return _may_affect_memory(info, x)
        case ast.Call(fun=fun, args=(x,)):
            kind = info.types.get(fun)
            name = unparen(fun)
            obj = info.uses.get(name) if isinstance(name, ast.Name) else None
            plain = isinstance(obj, Builtin) and obj.id in (BuiltinId.LEN, BuiltinId.CAP)
            return not (plain or (kind is not None and kind.mode is Mode.TYPE)) or _may_affect_memory(info, x)
        case _:
            return True
