"""The state of an interpreter run: goroutines, their frames and panics, and the ways in which a step may end.

Frames are kept outermost first. A panic identifies frames by their index in that list; Go's runtime uses the SP.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.interp.memory import Value
from morestack.ir.module import Block, Function, Object


@dataclass(slots=True, eq=False)
class Frame:
    """One active call: its current instruction, its registers and objects, and its deferred closures."""

    function: Function
    registers: list[Value]
    objects: dict[Object, int]
    block: Block
    at: int = 0
    defers: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Panic:
    """A panic in progress: its value, and the indices of its current deferred call and of the frame that deferred
    it."""

    value: tuple[int, int]
    depth: int = -1
    frame: int = -1
    recovered: bool = False
    repanicked: bool = False


@dataclass(slots=True, eq=False)
class Goroutine:
    """Frames, outermost first, and the panics in progress, newest last."""

    id: int
    frames: list[Frame] = field(default_factory=list)
    panics: list[Panic] = field(default_factory=list)
    waiting: str = ""
    result: Value = 0  # the result of the parked runtime call
    failure: str = ""  # the panic that it raises instead
    returned: tuple[Value, ...] = ()  # the results of the outermost frame
    prints_panic: bool = False  # running the Error or String method of a panic's value


class GoPanic(Exception):
    """Raised by a runtime call: a panic with this value starts at the current instruction."""

    def __init__(self, value: tuple[int, int]) -> None:
        super().__init__(value)
        self.value = value


class RuntimeFailure(Exception):
    """Raised by a check or a runtime call: a panic with a run-time error, whose type in package runtime is named."""

    def __init__(self, text: str, type_name: str = "errorString") -> None:
        super().__init__(text)
        self.text = text
        self.type_name = type_name


NIL_DEREFERENCE = "runtime error: invalid memory address or nil pointer dereference"


class Park(Exception):
    """The current goroutine waits; when it continues, the instruction's result is `Goroutine.result`."""


class Exit(Exception):
    """The program ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
