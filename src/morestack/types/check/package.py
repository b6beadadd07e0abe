"""Checking a package: the stages, in order.

First the declarations are collected, and each is checked on demand (`decl.object_decl`). Function bodies are
*delayed* until the declarations around them are complete. Then the initializers of the package variables are ordered.
The algorithm is that of types2.
"""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.diagnostics import Diagnostics
from morestack.syntax import nodes as ast
from morestack.syntax.convert import deep_recursion
from morestack.types.check import dispatch
from morestack.types.check.checker import Checker, Walk
from morestack.types.check.decl import decl, init_order, resolve
from morestack.types.check.expr import captures, expr
from morestack.types.check.importer import Importer
from morestack.types.check.stmt import labels, unused
from morestack.types.check.whole import limits, local_types, mono
from morestack.types.core.info import CheckedPackage

ALONE = Importer()
"""The importer of a package that imports nothing."""

WALK = Walk(
    dispatch.check_expr,
    dispatch.check_type,
    dispatch.check_stmt,
    decl.object_decl,
    decl.func_body,
    expr.expr,
)


def check_package(
    path: str, files: Sequence[ast.File], diagnostics: Diagnostics, importer: Importer = ALONE
) -> CheckedPackage:
    """Check the files of one package; errors go to diagnostics, facts to the side tables of the result."""
    check = Checker(path, files, diagnostics, importer, WALK)
    with deep_recursion():
        labels.check_labels(check)
        resolve.collect_objects(check)
        decl.package_objects(check)
        check.process_delayed(0)
        init_order.order_initializers(check)
        unused.check_imports(check)
        if not diagnostics:
            resolve.check_bodies(check)
            limits.check_limits(check)
        check.record_untyped()
        captures.finish_captures(check)
        local_types.number_local_types(check.pkg, check.files, check.info)
        mono.check_instantiations(check)
    return CheckedPackage(check.pkg, check.files, check.info, check.funcs)
