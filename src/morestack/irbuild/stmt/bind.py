"""The key and value variables of a range."""

from __future__ import annotations

from morestack.irbuild.emit.emitter import Loc
from morestack.irbuild.emit.iface import converted
from morestack.irbuild.func import FuncBuilder
from morestack.irbuild.stmt.declare import declare_loc
from morestack.irbuild.stmt.place import assign_loc, is_blank, left_type, save_operands
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Var
from morestack.types.core.types import Type


def bind(fb: FuncBuilder, s: ast.Range, values: list[tuple[Loc, Type]]) -> None:
    """Assign key and value to the variables of this iteration."""
    targets = [e for e in (s.key, s.value) if e is not None]
    pairs = [(e, v) for e, v in zip(targets, values, strict=False) if not is_blank(e)]
    if not s.define:
        for e, _ in pairs:
            save_operands(fb, e)
    for e, (loc, source) in pairs:
        target = left_type(fb, e)
        assert target is not None
        pos = fb.pos(e)
        value = converted(fb, loc, source, target, pos)
        v = fb.info.defs.get(e) if isinstance(e, ast.Name) else None
        if s.define and type(v) is Var:
            declare_loc(fb, v, value, pos)
        else:
            assign_loc(fb, e, value)
    fb.saved.clear()
