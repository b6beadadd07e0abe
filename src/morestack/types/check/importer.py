"""What the checker knows of other packages. Where packages come from is the business of `build`."""

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
    """Answers about packages by import path; without arguments, for a package that stands alone."""

    package: Callable[[str], Package | None] = _no_package
    """Gives the checked package, or None if it does not exist; never called for `unsafe`."""
    why_missing: Callable[[str], str] = _unsupported
    """The message for an import of a package that does not exist."""
    is_absent: Callable[[str, str], bool] = _is_absent
    """Whether Go's package has a name, or type.method, that ours does not have yet."""
    is_standard: Callable[[str], bool] = _is_standard
    """Whether a package is Go's own, whose functions without a body are bound elsewhere."""
