"""Lexical scopes: names to objects, nested. The universe scope is `universe.UNIVERSE`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from morestack.types.core.objects import Object


@dataclass(eq=False, slots=True)
class Scope:
    """One block's declarations."""

    parent: Scope | None
    names: dict[str, Object] = field(default_factory=dict)

    def insert(self, obj: Object) -> Object | None:
        """Declare obj; return the object already declared under that name here, else None."""
        if obj.name == "_":
            return None
        other = self.names.get(obj.name)
        if other is not None:
            return other
        self.names[obj.name] = obj
        obj.parent = self
        return None

    def lookup(self, name: str) -> Object | None:
        """The object declared in this scope itself."""
        return self.names.get(name)

    def lookup_parent(self, name: str) -> Object | None:
        """The innermost object of that name, seen from here outwards."""
        scope: Scope | None = self
        while scope is not None:
            obj = scope.names.get(name)
            if obj is not None:
                return obj
            scope = scope.parent
        return None
