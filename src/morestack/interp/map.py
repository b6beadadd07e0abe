"""Maps for the interpreter: Python dicts keyed by canonical keys; each entry has memory for its key and value.

An iteration takes a snapshot of the entries and skips those deleted since. The order is the order of insertion, which
is one of the orders Go allows.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from morestack.interp.state import RuntimeFailure
from morestack.types.core import types as go
from morestack.types.core.sizes import sizeof
from morestack.types.core.under import under

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter


@dataclass(slots=True, eq=False)
class Entry:
    """Addresses of a key and its value."""

    key: int
    value: int


Entries = dict[Hashable, Entry]


class Maps:
    """Runtime calls on maps."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.maps: dict[int, Entries] = {}
        self.iterators: dict[int, tuple[Entries, list[tuple[Hashable, Entry]]]] = {}

    def map_type(self, typ: int) -> go.Map:
        t = under(self.m.runtime.types.types[typ])
        assert isinstance(t, go.Map)
        return t

    def key(self, typ: int, key: int) -> Hashable:
        return self.m.runtime.types.key(self.map_type(typ).key, key)

    def makemap(self, typ: int, hint: int) -> int:
        address = self.m.memory.allocate(48)
        self.maps[address] = {}
        return address

    def mapaccess(self, typ: int, m: int, key: int) -> int:
        try:
            k = self.key(typ, key)
        except RuntimeFailure as failure:
            if m and self.maps[m]:
                raise
            # A look-up in an empty map has its own message.
            text = failure.text.removeprefix("runtime error: ").replace("type ", "type: ", 1)
            raise RuntimeFailure(text, failure.type_name) from None
        found = self.maps[m].get(k) if m else None
        return found.value if found is not None else 0

    def mapassign(self, typ: int, m: int, key: int) -> int:
        if not m:
            raise RuntimeFailure("assignment to entry in nil map", "plainError")
        k, t, memory = self.key(typ, key), self.map_type(typ), self.m.memory
        entry = self.maps[m].get(k)
        if entry is None:
            entry = Entry(memory.allocate(sizeof(t.key)), memory.allocate(sizeof(t.elem)))
            self.maps[m][k] = entry
        memory.write(entry.key, memory.read(key, sizeof(t.key)))  # equal keys may differ in bytes: -0 and 0
        return entry.value

    def mapdelete(self, typ: int, m: int, key: int) -> None:
        k = self.key(typ, key)
        if m:
            self.maps[m].pop(k, None)

    def mapclear(self, typ: int, m: int) -> None:
        if m:
            self.maps[m].clear()

    def maplen(self, m: int) -> int:
        return len(self.maps[m]) if m else 0

    def mapiterinit(self, typ: int, m: int, iterator: int) -> None:
        entries = self.maps[m] if m else {}
        self.iterators[iterator] = entries, list(entries.items())[::-1]
        self.mapiternext(iterator)

    def mapiternext(self, iterator: int) -> None:
        entries, waiting = self.iterators[iterator]
        memory = self.m.memory
        while waiting:
            k, entry = waiting.pop()
            if entries.get(k) is entry:
                memory.write_word(iterator, entry.key)
                memory.write_word(iterator + 8, entry.value)
                return
        memory.write_word(iterator, 0)
