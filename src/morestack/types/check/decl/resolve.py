"""Collects a package's declarations: every top-level name gets its object before any is checked."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.check.checker import Checker, DeclInfo, other_declaration
from morestack.types.check.decl import decl
from morestack.types.check.typexpr import signature
from morestack.types.core.objects import Const, Func, Object, Package, PkgName, TypeName, Var, is_exported
from morestack.types.core.scope import Scope
from morestack.types.core.universe import UNSAFE


def collect_objects(check: Checker) -> None:
    """Declare the top-level names of all files and the methods of their types."""
    methods: list[tuple[Func, bool, str]] = []
    file_scopes: list[Scope] = []
    for file in check.files:
        scope = Scope(check.pkg_scope)
        file_scopes.append(scope)
        check.info.defs[file.package] = None
        if file.package.text == "_":
            check.error(file.package, Code.INVALID_BLANK, "invalid package name _")
        for imp in file.imports:
            _import(check, imp, scope)
        for d in file.decls:
            match d:
                case ast.ConstDecl():
                    _constants(check, d, scope)
                case ast.VarDecl():
                    _variables(check, d, scope)
                case ast.TypeDecl():
                    obj = TypeName(d.name.text, None, d.name.span, check.pkg)
                    _declare(check, d.name, obj, DeclInfo(scope, type_decl=d))
                case ast.FuncDecl():
                    _function(check, d, scope, methods)
    for scope in file_scopes:
        _check_imported_names(check, scope)
    for method, is_pointer, name in methods:
        base = _base_type_name(check, is_pointer, name)
        if base is not None:
            check.methods.setdefault(base, []).append(method)


def _register(check: Checker, obj: Object, d: DeclInfo) -> None:
    check.decls[obj] = d
    check.order[obj] = len(check.order)


def _declare(check: Checker, name: ast.Name, obj: Object, d: DeclInfo) -> None:
    if name.text == "init":
        check.error(name, Code.INVALID_INIT_DECL, "cannot declare init - must be func")
        return
    if name.text == "main" and check.pkg.name == "main":
        check.error(name, Code.INVALID_MAIN_DECL, "cannot declare main - must be func")
        return
    check.declare(check.pkg_scope, name, obj)
    _register(check, obj, d)


def _import(check: Checker, imp: ast.ImportDecl, scope: Scope) -> None:
    """Declare an imported package under its name in this file, or its names for a dot-import."""
    problem = _path_problem(imp.path)
    if problem:
        check.error(imp.path_lit, Code.BAD_IMPORT_PATH, f"invalid import path ({problem})")
        return
    pkg = _imported(check, imp)
    name = imp.name.text if imp.name is not None else pkg.name
    if name == "init":
        message = "cannot import package as init - init must be a func"
        check.error(imp, Code.INVALID_INIT_DECL, message)
        return
    if pkg not in check.pkg.imports:
        check.pkg.imports.append(pkg)
    span = imp.name.span if imp.name is not None else imp.path_lit.span
    pkg_name = PkgName(name, pkg, span, check.pkg)
    pkg_name.used = pkg.scope is None  # a missing package causes no further errors
    if imp.name is not None:
        check.info.defs[imp.name] = pkg_name
    else:
        check.info.implicits[imp] = pkg_name
    check.imports.append(pkg_name)
    if name == "." and pkg.scope is not None:
        for exported in pkg.scope.names.values():
            if is_exported(exported.name):
                _dot_import(check, scope, exported, pkg_name)
    elif name not in (".", "_"):
        check.declare(scope, None, pkg_name)


def _imported(check: Checker, imp: ast.ImportDecl) -> Package:
    """Return the imported package; if it is missing, report that and return a package without a scope."""
    found = UNSAFE if imp.path == "unsafe" else check.importer.package(imp.path)
    internal = check.pkg.path == "main" and imp.path.startswith("internal/")
    if found is not None and not internal:
        return found
    if internal:
        message = f"use of internal package {imp.path} not allowed"
    else:
        message = check.importer.why_missing(imp.path)
    check.error(imp.path_lit, Code.UNSUPPORTED_IMPORT, message)
    return Package(imp.path, imp.path.rstrip("/").rpartition("/")[2])


def _dot_import(check: Checker, scope: Scope, exported: Object, pkg_name: PkgName) -> None:
    """Declare an exported name of another package in a file; the object keeps its own parent scope."""
    other = scope.names.setdefault(exported.name, exported)
    if other is not exported and pkg_name.span is not None:
        check.error(
            pkg_name.span, Code.DUPLICATE_DECL, f"{exported.name} redeclared in this block", *other_declaration(other)
        )
    check.dot_imports[scope, exported.name] = pkg_name


_ILLEGAL = frozenset("!\"#$%&'()*,:;<=>?[\\]^{|}`\ufffd")


def _path_problem(path: str) -> str:
    """Return why path is not a valid import path, or "" if it is valid."""
    for c in path:
        if c in _ILLEGAL or c.isspace() or not c.isprintable():
            shown = f" '{c}'" if c.isprintable() else ""
            return f"invalid character U+{ord(c):04X}{shown}"
    return "" if path else "empty string"


def _constants(check: Checker, d: ast.ConstDecl, scope: Scope) -> None:
    for number, name in enumerate(d.names):
        obj = Const(name.text, None, None, name.span, check.pkg)
        init = d.values[number] if number < len(d.values) else None
        info = DeclInfo(scope, type=d.type, init=init, iota=d.iota, inherited=d.inherited)
        _declare(check, name, obj, info)
    decl.check_arity(check, d.names, d.values, is_const=True, inherited=d.inherited)


def _variables(check: Checker, d: ast.VarDecl, scope: Scope) -> None:
    variables = tuple(Var(n.text, None, n.span, check.pkg, is_global=True) for n in d.names)
    shared: DeclInfo | None = None
    if len(d.values) == 1 and len(d.names) > 1:
        shared = DeclInfo(scope, variables, d.type, d.values[0])
    for number, (name, v) in enumerate(zip(d.names, variables, strict=True)):
        init = d.values[number] if number < len(d.values) else None
        _declare(check, name, v, shared or DeclInfo(scope, (), d.type, init))
    if d.type is None or d.values:
        decl.check_arity(check, d.names, d.values, is_const=False, inherited=False)


def _function(check: Checker, d: ast.FuncDecl, scope: Scope, methods: list[tuple[Func, bool, str]]) -> None:
    name = d.name.text
    obj = Func(name, None, d.name.span, check.pkg, decl=d)
    obj.resolve = lambda: decl.object_decl(check, obj)
    if d.recv is None:
        if name == "init" or (name == "main" and check.pkg.name == "main"):
            code = Code.INVALID_INIT_DECL if name == "init" else Code.INVALID_MAIN_DECL
            if d.type.type_params:
                check.error(d.type.type_params[0], code, f"func {name} must have no type parameters")
            if d.type.params or d.type.results:
                message = f"func {name} must have no arguments and no return values"
                check.error(d.name, code, message)
        if name == "init":
            obj.parent = check.pkg_scope
            check.info.defs[d.name] = obj
            if d.body is None:
                check.error(d.name, Code.MISSING_BODY, "func init must have a body")
        else:
            check.declare(check.pkg_scope, d.name, obj)
    else:
        is_pointer, base, _ = signature.unpack_receiver(d.recv.type)
        if isinstance(base, ast.Name) and name != "_":
            methods.append((obj, is_pointer, base.text))
        check.info.defs[d.name] = obj
    if d.body is not None:
        check.funcs.append(obj)
    _register(check, obj, DeclInfo(scope, func_decl=d))


def check_bodies(check: Checker) -> None:
    """Report functions without a body; gc reports them only in programs without other errors."""
    for file in check.files:
        for d in file.decls:
            if isinstance(d, ast.FuncDecl) and d.body is None and not _is_external(check, d):
                check.error(d.name, Code.MISSING_BODY, "missing function body")


def _is_external(check: Checker, d: ast.FuncDecl) -> bool:
    """Whether d is implemented elsewhere; Go's own packages do not always mark such functions."""
    return any(p.startswith("go:linkname") for p in d.pragmas) or check.importer.is_standard(check.pkg.path)


def _check_imported_names(check: Checker, scope: Scope) -> None:
    """Report package-level names that collide with a file's imports."""
    for name, imported in scope.names.items():
        other = check.pkg_scope.lookup(name)
        if other is None or other.span is None:
            continue
        if isinstance(imported, PkgName):
            message = f"{name} already declared through import of {_package_text(imported.imported)}"
        else:
            message = f"{name} already declared through dot-import of {_package_text(imported.pkg)}"
        check.error(other.span, Code.DUPLICATE_DECL, message, *other_declaration(imported))


def _package_text(pkg: Package | None) -> str:
    """Name a package as messages do."""
    return f'package {pkg.name} ("{pkg.path}")' if pkg is not None else ""


def _base_type_name(check: Checker, is_pointer: bool, name: str) -> TypeName | None:
    """Return the defined type that a receiver names, through aliases and at most one pointer."""
    seen: set[TypeName] = set()
    while True:
        obj = check.pkg_scope.lookup(name)
        if not isinstance(obj, TypeName) or obj in seen:
            return None
        d = check.decls[obj].type_decl
        if d is None or not d.alias:
            return obj
        if d.type_params:
            return None
        seen.add(obj)
        e = unparen(d.type)
        if isinstance(e, ast.Star):
            if is_pointer:
                return None
            is_pointer = True
            e = unparen(e.x)
        if not isinstance(e, ast.Name):
            return None
        name = e.text
