"""Facts about local variables that escape analysis and code generation need: which function literals capture a
variable, whether it is reassigned, and whether its address is taken.

The checker notes these facts as it checks expressions, so only code that is checked counts.
"""

from __future__ import annotations

from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Var
from morestack.types.core.types import Array, Pointer
from morestack.types.core.under import under


def note_use(check: Checker, v: Var) -> None:
    """Note a use of a variable: every function literal between its owner and this place captures it."""
    if v.owner is None:
        return
    func = check.env.func
    while isinstance(func, ast.FuncLit) and func is not v.owner:
        check.captured.setdefault(func, {})[v] = None
        func = check.func_parents.get(func)


def _whole_variable(check: Checker, e: ast.Expr) -> Var | None:
    """Return the local variable that e is, or is part of (a field or array element, not through a pointer)."""
    while True:
        match e:
            case ast.Paren(x=x):
                e = x
            case ast.Name():
                obj = check.info.uses.get(e)
                return obj if isinstance(obj, Var) and obj.owner is not None else None
            case ast.Selector(x=x):
                selection = check.info.selections.get(e)
                if selection is None or selection.indirect or _is_pointer(check, x):
                    return None
                e = x
            case ast.Index(x=x):
                known = check.info.types.get(x)
                if known is None:
                    return None
                if not isinstance(under(known.type), Array) and not is_type_param(known.type):
                    return None  # a type parameter may stand for an array
                e = x
            case _:  # any other expression is not part of a variable
                return None


def _is_pointer(check: Checker, e: ast.Expr) -> bool:
    known = check.info.types.get(e)
    return known is not None and isinstance(under(known.type), Pointer)


def note_address(check: Checker, e: ast.Expr) -> None:
    """Note that the address of e is taken."""
    v = _whole_variable(check, e)
    if v is not None:
        check.info.addressed.add(v)


def note_assignment(check: Checker, e: ast.Expr) -> None:
    """Note that e is assigned to after its declaration."""
    v = _whole_variable(check, e)
    if v is not None:
        check.info.reassigned.add(v)
        note_use(check, v)


def finish_captures(check: Checker) -> None:
    """Record the captured variables of every function literal."""
    for lit in check.func_parents:
        check.info.captures[lit] = tuple(check.captured.get(lit, ()))
