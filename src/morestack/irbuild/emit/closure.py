"""Closure objects {code, captures...}, and the Go types that describe them to the allocator."""

from __future__ import annotations

from morestack.ir import types as ir
from morestack.ir.module import Operand, Pos, Reg, Sym
from morestack.irbuild.emit.emitter import Emitter, Mem
from morestack.irbuild.emit.module import ModuleEmitter
from morestack.types.core.objects import Var
from morestack.types.core.types import INT8, INT16, INT32, INT64, UINT8, UNSAFE_POINTER, Array, Struct, Type

_FILL = {8: INT64, 4: INT32, 2: INT16, 1: INT8}


_closure_types: dict[ir.Struct, Struct] = {}


def closure_type(mod: ModuleEmitter, layout: ir.Struct) -> Struct:
    """Return a Go type with the size and pointers of a closure object, for the allocator."""
    known = _closure_types.get(layout)
    if known is None:
        fields: list[Var] = []
        end = 0
        for at, scalar in (*ir.scalars(layout), (layout.size, None)):
            if at > end:  # padding inside a captured struct: without it the fields that follow would move
                fields.append(Var(f"pad{end}", Array(UINT8, at - end), is_field=True, pkg=mod.pkg))
            if scalar is not None:
                t: Type = UNSAFE_POINTER if scalar is ir.PTR else _FILL[scalar.size]
                fields.append(Var(f"f{at}", t, is_field=True, pkg=mod.pkg))
                end = at + scalar.size
        known = _closure_types[layout] = Struct(tuple(fields), ("",) * len(fields))
    return known


def closure_object(
    fb: Emitter, code: Sym, layout: ir.Struct, captures: list[Operand], escapes: bool, pos: Pos
) -> Operand:
    """Emit a closure {code, captures...} on the heap or in the frame."""
    if escapes:
        cell: Operand = fb.rt("newobject", fb.mod.type_symbol(closure_type(fb.mod, layout)), pos=pos)
    else:
        cell = fb.temp(layout).addr
    assert isinstance(cell, Reg)
    fb.nonnil.add(cell.id)
    fb.store(Mem(cell), code)
    for value, offset in zip(captures, layout.offsets[1:], strict=True):
        fb.store(Mem(cell, offset), value)
    return cell
