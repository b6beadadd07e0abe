"""Declarations, checked on demand, and the cycles among them.

`object_decl` checks the declaration of a package-level object when the object is first used. An object that is met
again while it is on `check.path` closes a cycle. A cycle through functions or defined types is valid; any other is an
error.
"""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check import cycles
from morestack.types.check.checker import Body, Checker, DeclInfo, Environment, other_declaration
from morestack.types.check.expr import expr
from morestack.types.check.operand import target_of
from morestack.types.check.stmt import assign, returns, unused
from morestack.types.check.typexpr import generic, signature, typexpr
from morestack.types.core.info import Mode
from morestack.types.core.kinds import is_const_type, is_type_param, is_valid
from morestack.types.core.objects import Builtin, Const, Func, Nil, Object, PkgName, TypeName, Var
from morestack.types.core.types import EMPTY_TUPLE, INVALID, Alias, Named, Signature, Struct
from morestack.types.core.under import signature_of, under


def package_objects(check: Checker) -> None:
    """Check all package-level declarations: defined types, then aliases, then the others."""
    cycles.direct_cycles(check)
    objects = sorted(check.decls, key=lambda o: check.order[o])
    names = [o for o in objects if isinstance(o, TypeName)]
    for obj in (
        *(o for o in names if not _is_alias(check, o)),
        *(o for o in names if _is_alias(check, o)),
        *(o for o in objects if not isinstance(o, TypeName)),
    ):
        object_decl(check, obj)


def _is_alias(check: Checker, obj: TypeName) -> bool:
    d = check.decls[obj].type_decl
    return d is not None and d.alias


def object_decl(check: Checker, obj: Object) -> None:
    """Give obj its type, unless it has one."""
    if isinstance(obj, (PkgName, Builtin, Nil)):
        return
    if obj in check.path_index:
        if not cycles.valid_cycle(check, obj) or (isinstance(obj, (Const, Var)) and obj.type is None):
            if not isinstance(obj, Func):
                obj.type = INVALID
        return
    if obj.type is not None:
        return
    d = check.decls.get(obj)
    if d is None:
        if isinstance(obj, Func):
            signature_of(obj)
        else:
            obj.type = INVALID
        return
    with check.on_path(obj), check.environment(Environment(d.scope)):
        if isinstance(obj, Const):
            check.env.decl = d
            const_decl(check, obj, d.type, d.init, d.iota, d.inherited)
        elif isinstance(obj, Var):
            check.env.decl = d
            var_decl(check, obj, d.lhs, d.type, d.init)
        elif isinstance(obj, TypeName):
            if d.type_decl is not None:
                type_decl(check, obj, d.type_decl)
            collect_methods(check, obj)
        elif d.func_decl is not None:
            _func_decl(check, obj, d, d.func_decl)


def const_decl(
    check: Checker, obj: Const, type_: ast.Expr | None, init: ast.Expr | None, iota: int, inherited: bool
) -> None:
    """Check one constant."""
    saved = check.env.iota, check.env.errpos
    check.env.iota, check.env.errpos = iota, None
    try:
        if type_ is not None:
            t = typexpr.type_of(check, type_)
            if not is_const_type(t):
                if is_valid(under(t)):
                    check.error(type_, Code.INVALID_CONST_TYPE, f"invalid constant type {check.type_str(t)}")
                obj.type = INVALID
                return
            obj.type = t
        if init is None:
            obj.type = obj.type or INVALID
            return
        if inherited:
            check.env.errpos = obj.span
        assign.init_const(check, obj, expr.expr(check, init))
    finally:
        check.env.iota, check.env.errpos = saved


def var_decl(check: Checker, obj: Var, lhs: tuple[Var, ...], type_: ast.Expr | None, init: ast.Expr | None) -> None:
    """Check one variable, or all of `var a, b = f()`."""
    if type_ is not None:
        obj.type = typexpr.var_type(check, type_)
    if init is None:
        obj.type = obj.type or INVALID
        return
    if len(lhs) <= 1:
        x = expr.expr(check, init, target_of(obj.type, obj.name))
        assign.init_var(check, obj, x, "variable declaration")
        return
    if type_ is not None:
        for v in lhs:
            v.type = obj.type
    assign.init_vars(check, lhs, (init,))


def type_decl(check: Checker, obj: TypeName, d: ast.TypeDecl) -> None:
    """`type T U` or `type A = U`."""
    if d.alias:
        alias = Alias(obj)
        obj.type = alias
        obj.is_alias = True
        if d.type_params:
            with check.scope(d):
                generic.collect_type_params(check, d.type_params, alias)
                rhs = typexpr.type_of(check, d.type, obj)
        else:
            rhs = typexpr.type_of(check, d.type, obj)
        if rhs in alias.type_params:
            message = "cannot use type parameter declared in alias declaration as RHS"
            check.error(d.type, Code.MISPLACED_TYPE_PARAM, message)
            rhs = INVALID
        alias.actual = rhs if alias.actual is None else alias.actual
        return
    named = Named(obj)
    obj.type = named
    check.later(lambda: cycles.check_finite(check, named))
    if d.type_params:
        with check.scope(d):
            generic.collect_type_params(check, d.type_params, named)
            rhs = typexpr.type_of(check, d.type, obj)
    else:
        rhs = typexpr.type_of(check, d.type, obj)
    if is_type_param(rhs):
        message = "cannot use a type parameter as RHS in type declaration"
        check.error(d.type, Code.MISPLACED_TYPE_PARAM, message)
        rhs = INVALID
    named.underlying = rhs


def collect_methods(check: Checker, obj: TypeName) -> None:
    """Attach the methods declared for a type."""
    methods = check.methods.pop(obj, None)
    if methods is None:
        return
    named = obj.type if isinstance(obj.type, Named) else None
    seen: dict[str, Func] = {}
    for m in methods:
        other = seen.setdefault(m.name, m)
        if other is not m:
            message = f"method {obj.name}.{m.name} already declared at {other.span}"
            if m.span is not None:
                check.error(m.span, Code.DUPLICATE_METHOD, message)
        elif named is not None:
            named.methods.append(m)
    if named is not None:
        check.later(lambda: _check_fields_and_methods(check, named, seen))


def _check_fields_and_methods(check: Checker, named: Named, methods: dict[str, Func]) -> None:
    u = under(named)
    if not isinstance(u, Struct):
        return
    for field in u.fields:
        method = methods.get(field.name)
        if field.name != "_" and method is not None and method.span is not None:
            message = f"field and method with the same name {field.name}"
            check.error(method.span, Code.DUPLICATE_FIELD_AND_METHOD, message, *other_declaration(field))


def _func_decl(check: Checker, obj: Func, d: DeclInfo, f: ast.FuncDecl) -> None:
    sig = Signature(EMPTY_TUPLE, EMPTY_TUPLE)
    obj.type = sig  # guards against cycles
    signature.func_type(check, f.type, f, f.recv, sig)
    check.info.signatures[f] = sig
    check.record_type(f.type, Mode.TYPE, sig)
    if f.body is None:
        if f.type.type_params:
            check.error(f, Code.BAD_DECL, "generic function is missing function body")
        return
    body = f.body
    check.later(lambda: func_body(check, Body(f, f.type, body, sig, d)))


def func_body(check: Checker, f: Body) -> None:
    """Check the body of a function, and report a missing return and unused variables."""
    scope = check.info.scopes[f.type]
    check.info.scopes[f.block] = scope
    env = Environment(scope, f.decl, f.iota, sig=f.sig, func=f.owner)
    with check.environment(env):
        check.stmts(f.block.stmts)
        if f.sig.results.vars and not returns.is_terminating(check, f.block, ""):
            at = f.block.span.at(f.block.rbrace)
            check.error(at, Code.MISSING_RETURN, "missing return")
        unused.check_variables(check, env)


# -- declarations inside functions -----------------------------------------------------------------


def decl_stmt(check: Checker, decls: tuple[ast.Decl, ...]) -> None:
    """`const`, `var` and `type` inside a function."""
    for d in decls:
        match d:
            case ast.ConstDecl():
                _local_const(check, d)
            case ast.VarDecl():
                _local_var(check, d)
            case ast.TypeDecl():
                obj = TypeName(d.name.text, None, d.name.span, check.pkg)
                check.declare(check.env.scope, d.name, obj)
                with check.on_path(obj):
                    type_decl(check, obj, d)
            case ast.FuncDecl():
                check.error(d, Code.SYNTAX, "unexpected function declaration")


def _local_const(check: Checker, d: ast.ConstDecl) -> None:
    top = len(check.delayed)
    objects: list[Const] = []
    for number, name in enumerate(d.names):
        obj = Const(name.text, None, None, name.span, check.pkg)
        init = d.values[number] if number < len(d.values) else None
        const_decl(check, obj, d.type, init, d.iota, d.inherited)
        objects.append(obj)
    check_arity(check, d.names, d.values, is_const=True, inherited=d.inherited)
    check.process_delayed(top)
    for name, obj in zip(d.names, objects, strict=True):
        check.declare(check.env.scope, name, obj)


def _local_var(check: Checker, d: ast.VarDecl) -> None:
    top = len(check.delayed)
    variables = tuple(Var(n.text, None, n.span, check.pkg, owner=check.env.func) for n in d.names)
    single = len(d.values) == 1
    for number, v in enumerate(variables):
        if single and len(d.names) > 1:
            var_decl(check, v, variables, d.type, d.values[0])
            break
        init = d.values[number] if number < len(d.values) else None
        var_decl(check, v, (), d.type, init)
    if d.type is None or d.values:
        check_arity(check, d.names, d.values, is_const=False, inherited=False)
    check.process_delayed(top)
    for name, v in zip(d.names, variables, strict=True):
        check.declare(check.env.scope, name, v)


def check_arity(
    check: Checker, names: tuple[ast.Name, ...], values: tuple[ast.Expr, ...], is_const: bool, inherited: bool
) -> None:
    """Report a declaration with more names than values, or more values than names."""
    left, right = len(names), len(values)
    if left < right:
        extra = values[left]
        if inherited:
            check.error(names[0], Code.WRONG_ASSIGN_COUNT, f"extra init expr at {extra.span}")
        else:
            check.error(extra, Code.WRONG_ASSIGN_COUNT, f"extra init expr {expr_string(extra)}")
    elif left > right and (is_const or right != 1):
        check.error(names[right], Code.WRONG_ASSIGN_COUNT, f"missing init expr for {names[right].text}")
