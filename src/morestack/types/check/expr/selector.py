"""Selectors: fields and methods through embedding, method expressions, and names of package unsafe."""

from __future__ import annotations

from dataclasses import replace

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.syntax.positions import pos_of
from morestack.types.check import cycles
from morestack.types.check.checker import Checker
from morestack.types.check.expr import captures, expr
from morestack.types.check.operand import Operand, invalid
from morestack.types.core.info import Mode, Selection, SelectionKind
from morestack.types.core.kinds import is_interface_pointer, is_valid
from morestack.types.core.objects import Builtin, Const, Func, PkgName, TypeName, Var, is_exported
from morestack.types.core.scope import Scope
from morestack.types.core.types import INVALID, Named, Pointer, Tuple, Type
from morestack.types.core.under import has_pointer_receiver, signature_of, under
from morestack.types.relation import implements, lookup


def check_selector(check: Checker, e: ast.Selector, want_type: bool) -> Operand:
    """Check `x.sel`; want_type tells that the caller needs a type."""
    if isinstance(e.x, ast.Name):
        obj = check.lookup(e.x.text)
        if isinstance(obj, PkgName):
            check.info.uses[e.x] = obj
            obj.used = True
            return _qualified(check, e, obj)
    x = expr.expr_or_type(check, e.x)
    if x.mode is Mode.BUILTIN:
        check.error(
            e.span.at(pos_of(e)), Code.UNCALLED_BUILTIN, f"invalid use of {check.show(x)} in selector expression"
        )
        return invalid(e)
    if not x.valid or not cycles.is_complete(check, x.type):
        return invalid(e)
    if want_type:
        check.error(e.sel, Code.NOT_A_TYPE, f"{expr_string(e)} is not a type")
        return invalid(e)
    u = under(x.type)
    if isinstance(u, Pointer) and not cycles.is_complete(check, u.elem):
        return invalid(e)
    found = lookup.lookup_field_or_method(x.type, x.mode is Mode.VARIABLE, check.pkg, e.sel.text)
    if found.obj is None:
        _report_missing(check, e, x, bool(found.index), found.indirect)
        return invalid(e)
    if isinstance(found.obj, Var):
        return _field(check, e, x, found.obj, tuple(found.index), found.indirect)
    return _method(check, e, x, found.obj, tuple(found.index), found.indirect)


def _qualified(check: Checker, e: ast.Selector, pkg_name: PkgName) -> Operand:
    pkg = pkg_name.imported
    name = e.sel.text
    obj = pkg.scope.lookup(name) if pkg.scope is not None and is_exported(name) else None
    if obj is None:
        if check.importer.is_absent(pkg.path, name):
            check.error(e.sel, Code.NOT_SUPPORTED_YET, f"{pkg.name}.{name} is not supported yet")
        elif pkg.scope is not None:
            message = f"undefined: {expr_string(e)}{_other_case(pkg.scope, name)}"
            check.error(e.sel, Code.UNDECLARED_IMPORTED_NAME, message)
        return invalid(e)
    check.info.uses[e.sel] = obj
    if isinstance(obj, Builtin):
        return Operand(Mode.BUILTIN, e, builtin=obj.id)
    if isinstance(obj, Const):
        return Operand(Mode.CONSTANT, e, obj.type or INVALID, obj.value)
    if isinstance(obj, TypeName):
        return Operand(Mode.TYPE, e, obj.type or INVALID)
    if isinstance(obj, Var):
        return Operand(Mode.VARIABLE, e, obj.type or INVALID)
    if isinstance(obj, Func):
        return Operand(Mode.VALUE, e, obj.type or INVALID)
    return invalid(e)


def _other_case(scope: Scope, name: str) -> str:
    """Return gc's hint at an exported name that differs only in case."""
    alike = sorted(n for n in scope.names if is_exported(n) and n.casefold() == name.casefold())
    return f" (but have {alike[0]})" if alike else ""


def _report_missing(check: Checker, e: ast.Selector, x: Operand, ambiguous: bool, indirect: bool) -> None:
    if not is_valid(under(x.type)):
        return
    sel, t = e.sel.text, check.type_str(x.type)
    if ambiguous:
        check.error(e.sel, Code.AMBIGUOUS_SELECTOR, f"ambiguous selector {expr_string(e)}")
    elif indirect and x.mode is Mode.TYPE:
        message = f"invalid method expression {t}.{sel} (needs pointer receiver (*{t}).{sel})"
        check.error(e.sel, Code.INVALID_METHOD_EXPR, message)
    elif indirect:
        check.error(e.sel, Code.INVALID_METHOD_EXPR, f"cannot call pointer method {sel} on {t}")
    elif _is_absent_method(check, x.type, sel):
        check.error(e.sel, Code.NOT_SUPPORTED_YET, f"method {sel} of {t} is not supported yet")
    else:
        if is_interface_pointer(x.type):
            why = implements.interface_pointer_error(x.type, check.qualifier)
        else:
            alt = lookup.lookup_field_or_method(x.type, x.mode is Mode.VARIABLE, check.pkg, sel, fold_case=True).obj
            why = lookup_error(check, x.type, sel, alt, in_literal=False)
        check.error(e.sel, Code.MISSING_FIELD_OR_METHOD, f"{expr_string(e)} undefined ({why})")


def _is_absent_method(check: Checker, t: Type, name: str) -> bool:
    """Whether Go's type has a method of this name that the type in our overlay still lacks."""
    base = t.elem if isinstance(t, Pointer) else t
    if not isinstance(base, Named) or base.obj.pkg is None:
        return False
    return check.importer.is_absent(base.obj.pkg.path, f"{base.obj.name}.{name}")


def _field(check: Checker, e: ast.Selector, x: Operand, obj: Var, path: tuple[int, ...], indirect: bool) -> Operand:
    if x.mode is Mode.TYPE:
        message = f"operand for field selector {e.sel.text} must be value of type {check.type_str(x.type)}"
        check.error(e.x, Code.MISSING_FIELD_OR_METHOD, message)
        return invalid(e)
    t = obj.type or INVALID
    check.info.uses[e.sel] = obj
    check.info.selections[e] = Selection(SelectionKind.FIELD, x.type, obj, path, indirect, t)
    mode = Mode.VARIABLE if x.mode is Mode.VARIABLE or indirect else Mode.VALUE
    return Operand(mode, e, t) if is_valid(t) else invalid(e)


def _method(check: Checker, e: ast.Selector, x: Operand, obj: Func, path: tuple[int, ...], indirect: bool) -> Operand:
    check.object_decl(obj)
    check.add_dependency(obj)
    sig = signature_of(obj)
    check.info.uses[e.sel] = obj
    if x.mode is Mode.TYPE:
        recv = sig.recv
        receiver = Var(recv.name if recv is not None else "", x.type, is_param=True)
        names = bool(sig.params.vars and sig.params.vars[0].name)
        receiver.name = (receiver.name or "_") if names else ""
        t = replace(sig, recv=None, params=Tuple((receiver, *sig.params.vars)))
        check.info.selections[e] = Selection(SelectionKind.METHOD_EXPR, x.type, obj, path, indirect, t)
        return Operand(Mode.VALUE, e, t)
    if has_pointer_receiver(obj) and x.mode is Mode.VARIABLE and not indirect:
        captures.note_address(check, e.x)
    t = replace(sig, recv=None)
    check.info.selections[e] = Selection(SelectionKind.METHOD, x.type, obj, path, indirect, t)
    return Operand(Mode.VALUE, e, t)


def lookup_error(check: Checker, t: Type, sel: str, alt: Var | Func | None, in_literal: bool) -> str:
    """Return why t has no sel, given the field or method it has under another spelling."""
    name = check.type_str(t)
    problem = "missing"
    if alt is not None:
        exported = is_exported(alt.name)
        same_tail = sel[1:] == alt.name[1:]
        if alt.pkg is check.pkg or (is_exported(sel) and exported):
            problem = "misspelled"
        elif is_exported(sel):
            problem = "unexported" if same_tail else "missing"
        elif exported:
            problem = "misspelled" if same_tail else "missing"
        elif sel == alt.name:
            problem = "inaccessible"
    other = alt.name if alt is not None else ""
    if in_literal:
        if problem == "inaccessible":
            return f"cannot refer to unexported field {other} in struct literal of type {name}"
        hints = {"misspelled": f", but does have {other}", "unexported": f", but does have unexported {other}"}
        return f"unknown field {sel} in struct literal of type {name}{hints.get(problem, '')}"
    what = "method" if isinstance(alt, Func) else "field"
    if problem == "inaccessible":
        return f"cannot refer to unexported {what} {other}"
    has = {"misspelled": "", "unexported": "unexported "}
    hint = f", but does have {has[problem]}{what} {other}" if problem in has else ""
    return f"type {name} has no field or method {sel}{hint}"
