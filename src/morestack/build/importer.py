"""What the type checker is told of packages: which there are, and what to say of the others."""

from __future__ import annotations

from collections.abc import Callable

from morestack.build.finder import is_absent, why_missing
from morestack.build.goroot import STANDARD
from morestack.types.check.importer import Importer
from morestack.types.core.objects import Package


def importer(package: Callable[[str], Package | None]) -> Importer:
    """The importer of a program; `package` gives the packages that have been checked."""
    return Importer(package, why_missing, is_absent, STANDARD.__contains__)
