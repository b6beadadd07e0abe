"""Which functions a program's authors can change: those of its module and of what it depends on.

A binary lists its modules. Without one, the standard library is told by its import paths, whose first element has no
dot; a module may be named so too, and then counts as the standard library except for its package main.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from morestack.binary import Binary


def package(function: str) -> str:
    """The import path of a function's package."""
    head = function.partition("[")[0]
    folder, slash, last = head.rpartition("/")
    return folder + slash + last.partition(".")[0]


def changeable(binary: Binary | None) -> Callable[[str], bool]:
    """Whether a function is the authors' to change."""
    modules = []
    if binary is not None:
        for line in binary.build.module.splitlines():
            kind, *rest = line.split("\t")
            if kind in ("path", "mod", "dep") and rest:
                modules.append(rest[0])

    def ours(function: str) -> bool:
        name = package(function)
        if name == "main" or any(name == m or name.startswith(m + "/") for m in modules):
            return True
        return not modules and "." in name.partition("/")[0]

    return ours
