"""What the checker knows of other packages. Finding and loading packages is the task of `build`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from morestack.types.core.objects import Package


def _no_package(_: str) -> Package | None:
    return None


def _unsupported(path: str) -> str:
    return f"package {path} is not supported yet"


def _is_absent(_path: str, _name: str) -> bool:
    return False


def _is_standard(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Importer:
    """Looks packages up by import path; without arguments, it suits a package that imports nothing."""

    package: Callable[[str], Package | None] = _no_package
    """Returns the checked package, or None if it does not exist; never called for `unsafe`."""
    why_missing: Callable[[str], str] = _unsupported
    """Returns the message for an import of a package that does not exist."""
    is_absent: Callable[[str, str], bool] = _is_absent
    """Whether Go's package has a name, or a type.method, that ours still lacks."""
    is_standard: Callable[[str], bool] = _is_standard
    """Whether a package belongs to Go itself; its functions without a body are implemented elsewhere."""
