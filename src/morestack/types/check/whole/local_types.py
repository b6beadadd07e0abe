"""Types declared inside functions: their numbers, and the type parameters they may refer to.

gc numbers a package's local types in source order, so that types with the same name differ in symbols and in
reflect's names of instances. A type declared in a generic function is a different type in every instance of the
function; `subst` uses `Named.outer_params` to create it.
"""

from __future__ import annotations

from morestack.syntax import nodes as ast
from morestack.types.core.info import Info
from morestack.types.core.objects import Package, TypeName
from morestack.types.core.types import Named, TypeParam


def number_local_types(pkg: Package, files: tuple[ast.File, ...], info: Info) -> None:
    """Fill in `TypeName.local_number` and `Named.outer_params` once a package has been checked."""
    order = {f.source: i for i, f in enumerate(files)}
    found: list[tuple[int, int, TypeName, Named]] = []
    for obj in info.defs.values():
        if not isinstance(obj, TypeName) or obj.is_alias or obj.parent is pkg.scope or obj.span is None:
            continue
        if isinstance(obj.type, Named) and obj.type.obj is obj:
            found.append((order.get(obj.span.file, 0), obj.span.start, obj, obj.type))
    if not found:
        return
    found.sort(key=lambda entry: entry[:2])
    for number, (file, start, obj, named) in enumerate(found, 1):
        obj.local_number = number
        named.outer_params = _enclosing_params(files[file], start, info)


def _enclosing_params(file: ast.File, offset: int, info: Info) -> tuple[TypeParam, ...]:
    """Return the type parameters of the function declaration around an offset, including those of a receiver."""
    for decl in file.decls:
        if isinstance(decl, ast.FuncDecl) and decl.span.start <= offset < decl.span.end:
            sig = info.signatures.get(decl)
            return () if sig is None else (*sig.recv_type_params, *sig.type_params)
    return ()
