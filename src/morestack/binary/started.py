"""What each `go` statement starts: the function that a call of `runtime.newproc` is given.

The compiler passes a func value: a constant one by its address, or one made on the spot, whose first word is the
address of the code. A small forward flow over the function that has the statement follows both: which constant
address, or which new object, each register and stack slot holds, and which code address was stored at an object's
start. Where paths meet, only what they agree on is kept; so a start is what it says, or unknown (a func value from
elsewhere), never a guess.

`trace_amd64` (iced-x86) and `trace_arm64` (capstone) put instructions into the few shapes that matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from morestack.binary.errors import BinaryError
from morestack.binary.file import Binary
from morestack.binary.pclntab import Func, Pclntab
from morestack.binary.steps import Place, Step, Value


@dataclass(slots=True)
class _State:
    held: dict[Place, Value] = field(default_factory=dict)
    code: dict[int, Value] = field(default_factory=dict)  # new object -> what its first word holds

    def copy(self) -> _State:
        return _State(dict(self.held), dict(self.code))

    def meet(self, other: _State) -> _State:
        """What both agree on."""
        return _State(
            {place: value for place, value in self.held.items() if other.held.get(place) == value},
            {key: value for key, value in self.code.items() if other.code.get(key) == value},
        )


def started(binary: Binary, function: Func, places: set[int]) -> dict[int, Func | None]:
    """For each of these calls of `runtime.newproc` in a function, what it starts; None when that is not to be seen."""
    steps = list(_tracer(binary)(binary, function))
    first = "RAX" if binary.goarch == "amd64" else "x0"
    keeping = _keeping(binary.pclntab)
    found: dict[int, Func | None] = dict.fromkeys(places)
    at_entry: dict[int, _State] = {}
    # Two rounds: states that come by a jump backwards are known in the second.
    for _ in range(2):
        state: _State | None = _State()
        for step in steps:
            joining = at_entry.get(step.place)
            if joining is not None:
                state = joining.copy() if state is None else state.meet(joining)
            if state is None:
                continue
            if step.kind == "call":
                if step.place in places:
                    found[step.place] = _start(binary, state, state.held.get(first))
                if step.target not in keeping:
                    state.held = {place: value for place, value in state.held.items() if not isinstance(place, str)}
                    # What a call returns may be a new object; a code address stored at its start makes it a func value.
                    state.held[first] = ("new", step.place)
                    state.code.pop(step.place, None)
            else:
                _apply(state, step)
            if step.jumps:
                before = at_entry.get(step.target)
                at_entry[step.target] = state.copy() if before is None else before.meet(state)
            if not step.falls:
                state = None
    return found


@lru_cache(maxsize=4)
def _keeping(tab: Pclntab) -> frozenset[int]:
    """The functions that change no register: write barriers."""
    return frozenset(function.entry for function in tab.functions_named("runtime.gcWriteBarrier"))


def _apply(state: _State, step: Step) -> None:
    held = state.held
    if step.kind == "store":
        owner = held.get(step.base)
        if owner is not None and owner[0] == "new":
            value = held.get(step.source) if step.source is not None else None
            if value is None:
                state.code.pop(owner[1], None)
            else:
                state.code[owner[1]] = value
    value = step.value if step.kind == "set" else None
    if step.kind == "copy" and step.source is not None:
        value = held.get(step.source)
    for place in step.clobbers:
        held.pop(place, None)
    if step.into is not None:
        held.pop(step.into, None)
        if value is not None:
            held[step.into] = value


def _start(binary: Binary, state: _State, value: Value | None) -> Func | None:
    """The function behind a func value."""
    if value is None:
        return None
    if value[0] == "new":
        code = state.code.get(value[1])
        address = code[1] if code is not None and code[0] == "at" else None
    else:
        try:
            address = binary.pointer(value[1])
        except BinaryError:
            return None
    found = binary.pclntab.find(address) if address is not None else None
    return found if found is not None and found.entry == address else None


def _tracer(binary: Binary) -> Callable[[Binary, Func], Iterator[Step]]:
    if binary.goarch == "amd64":
        from morestack.binary.trace_amd64 import trace
    else:
        from morestack.binary.trace_arm64 import trace
    return trace
