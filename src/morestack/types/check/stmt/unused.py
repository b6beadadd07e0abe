"""Local variables and imports that are declared and not used."""

from __future__ import annotations

from morestack.source.codes import Code
from morestack.types.check.checker import Checker, Environment


def check_variables(check: Checker, env: Environment) -> None:
    """Report the unused variables of one function."""
    for v in env.locals:
        if not v.used and not v.is_param and not v.is_result and v.span is not None:
            check.error(v.span, Code.UNUSED_VAR, f"declared and not used: {v.name}")


def check_imports(check: Checker) -> None:
    """Report unused imports."""
    for imp in check.imports:
        if imp.used or imp.name == "_" or imp.span is None:
            continue
        path = imp.imported.path
        if imp.name in (".", path.rpartition("/")[2]):
            message = f'"{path}" imported and not used'
        else:
            message = f'"{path}" imported as {imp.name} and not used'
        check.error(imp.span, Code.UNUSED_IMPORT, message)
