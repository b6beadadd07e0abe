"""Panics in the interpreter: deferred calls, recover, and the output of a panic that is not recovered.

A panic calls the deferred closures of all frames, innermost frame first, each on top of the frame that panicked.
`recover` returns the value of the panic only if the deferred function itself calls it; compiler-made wrappers may
stand between the panic and that function. The frame whose deferred call recovered continues in its exit block
(docs/ir.md). This also ends the panics that began in frames removed by the recovery.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from morestack.interp.memory import Value
from morestack.interp.ops import signed
from morestack.interp.print import complex_text, float_text
from morestack.interp.state import NIL_DEREFERENCE, Exit, GoPanic, Goroutine, Panic, RuntimeFailure
from morestack.ir.module import Block, Function
from morestack.ir.ops import Op
from morestack.ir.types import COMPLEX64, COMPLEX128, F32, F64, I8, I16, I32, I64
from morestack.source.diagnostics import InternalError
from morestack.types.core import types as go
from morestack.types.core.sizes import sizeof
from morestack.types.core.under import under
from morestack.types.identity.typestring import link_string, runtime_string

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter


RANGE_FAILURES = {
    0: "continued iteration after function for loop body returned false",
    2: "continued iteration after loop body panic",
    3: "continued iteration after whole loop exit",
    4: "recovered a loop body panic and did not resume panicking",
}
"""The panic for each state of a range-over-func loop, numbered as in gc's internal/abi."""


class Panics:
    """Panics in progress, and the runtime calls that start and stop them."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine

    # -- how a panic goes --------------------------------------------------------------------------

    def start(self, cause: GoPanic | RuntimeFailure) -> None:
        """Start a panic of the current goroutine."""
        if isinstance(cause, GoPanic):
            value = cause.value
        else:
            value = self.m.runtime.types.error_value(cause.type_name, cause.text)
        self.m.current.panics.append(Panic(value))
        self.unwind()

    def unwind(self) -> None:
        """Call the next deferred closure of the newest panic, or end the program."""
        g = self.m.current
        for place in range(len(g.frames) - 1, -1, -1):
            if g.frames[place].defers:
                closure = g.frames[place].defers.pop()
                g.panics[-1].depth, g.panics[-1].frame = len(g.frames), place
                self.m.call_closure(closure, ())
                return
        if g.prints_panic:
            self.end("fatal error: panic while printing panic value: " + self.short_text(g.panics[-1].value))
        self.end(self.crash_text(g))

    def after_deferred(self) -> None:
        """A deferred call made by a panic has returned: continue the panic, or return from the frame that recovered."""
        g = self.m.current
        panic = g.panics[-1]
        if not panic.recovered:
            self.unwind()
            return
        place = panic.frame
        while len(g.frames) > place + 1:
            self.m.drop_frame()
        g.panics.pop()
        while g.panics and g.panics[-1].depth > place:
            g.panics.pop()  # aborted: the frame that raised it no longer exists
        frame = g.frames[place]
        frame.block, frame.at = exit_block(frame.function), 0

    def end(self, text: str) -> None:
        self.m.runtime.printing.output += text.encode(errors="surrogateescape") + b"\n"
        raise Exit(2)

    # -- runtime calls -----------------------------------------------------------------------------

    def gopanic(self, value: tuple[int, int]) -> None:
        if not value[0]:
            raise RuntimeFailure("runtime error: panic called with nil argument", "*PanicNilError")
        raise GoPanic(value)

    def gorecover(self) -> Value:
        g = self.m.current
        if not g.panics or g.panics[-1].recovered or g.panics[-1].depth < 0:
            return (0, 0)
        asks = len(g.frames) - 1
        while g.frames[asks].function.kind.is_wrapper:
            asks -= 1  # the wrapper of `defer recover()` counts as recover itself
        deferred = g.panics[-1].depth
        if asks < deferred or not all(f.function.kind.is_wrapper for f in g.frames[deferred:asks]):
            return (0, 0)
        g.panics[-1].recovered = True
        return g.panics[-1].value

    def deferprocat(self, closure: int, marker: int) -> None:
        """Defer a call for the frame that deferred marker."""
        next(f for f in reversed(self.m.current.frames) if marker in f.defers).defers.append(closure)

    def panicrangestate(self, state: int) -> None:
        raise RuntimeFailure("runtime error: range function " + RANGE_FAILURES[state])

    def panicnil(self) -> None:
        raise RuntimeFailure(NIL_DEREFERENCE)

    def panicwrap(self, text: tuple[int, int]) -> None:
        raise RuntimeFailure(self.m.memory.read(*text).decode(), "plainError")

    def panicshift(self) -> None:
        raise RuntimeFailure("runtime error: negative shift amount")

    def panicdottype(self, have: int, want: int, inter: int) -> None:
        types = self.m.runtime.types.types
        what = runtime_string(types[have]) if have else "nil"
        text = f"{runtime_string(types[inter]) if inter else 'interface'} is {what}, not {runtime_string(types[want])}"
        if have and have != want and runtime_string(types[have]) == runtime_string(types[want]):
            text += " (types from different scopes)"
        raise RuntimeFailure("interface conversion: " + text, "*TypeAssertionError")

    def panicassert(self, have: int, want: int) -> None:
        types = self.m.runtime.types.types
        name = runtime_string(types[want])
        text = f"interface is nil, not {name}"
        if have:
            missing = self.m.runtime.types.missing_method(types[have], types[want])
            text = f"{runtime_string(types[have])} is not {name}: missing method {missing}"
        raise RuntimeFailure("interface conversion: " + text, "*TypeAssertionError")

    # -- what a panic prints -----------------------------------------------------------------------

    def crash_text(self, g: Goroutine) -> str:
        """Return the first lines of a crash, up to the goroutine's traceback, which has no counterpart here."""
        panics = g.panics
        for older, newer in pairwise(panics):
            older.repanicked = older.value == newer.value
        texts = []
        for number in range(len(panics) - 1, -1, -1):  # the methods of the newest value are called first
            panic = panics[number]
            if number and panics[number - 1].repanicked:
                continue
            note = " [recovered, repanicked]" if panic.repanicked else " [recovered]"
            texts.append(f"panic: {self.value_text(panic.value)}" + (note if panic.recovered else ""))
        return "\n\t".join(reversed(texts)) + "\n"

    def value_text(self, value: tuple[int, int]) -> str:
        """Return the text of a panic's value: from its Error or String method, or in the form of printpanicval."""
        typ, data = value
        types = self.m.runtime.types
        t = types.types[typ]
        for name in ("Error", "String"):
            code = types.method_code(t, name)
            if code is not None and self.is_text_method(t, name):
                (text,) = self.m.call_now(code, (data,))
                assert isinstance(text, tuple)
                return indented(self.m.memory.text(text))  # type: ignore[arg-type]
        shown = self.basic_text(t, data)
        if shown is None:
            return f"({runtime_string(t)}) {data:#x}"
        if isinstance(t, go.Basic):
            return shown
        if shown.startswith("("):
            return runtime_string(t) + shown
        basic = under(t)
        quoted = f'"{shown}"' if isinstance(basic, go.Basic) and basic.kind is go.Kind.STRING else shown
        return f"{runtime_string(t)}({quoted})"

    def is_text_method(self, t: go.Type, name: str) -> bool:
        """Whether a method is `func() string`."""
        for e in self.m.runtime.types.methods_of(t):
            if e.name == name:
                return link_string(e.type) == "func() string"
        return False

    def basic_text(self, t: go.Type, data: int) -> str | None:
        """Return the text of a boolean, number or string in memory, or None for other values."""
        basic, memory = under(t), self.m.memory
        if not isinstance(basic, go.Basic) or basic.kind is go.Kind.UNSAFE_POINTER:
            return None
        if basic.kind is go.Kind.STRING:
            return indented(memory.text((memory.word(data), memory.word(data + 8))))
        if basic.kind is go.Kind.BOOL:
            return "true" if memory.read(data, 1) != b"\0" else "false"
        size = sizeof(t)
        if basic.traits & go.Traits.INTEGER:
            raw = int.from_bytes(memory.read(data, size), "little")
            width = {1: I8, 2: I16, 4: I32, 8: I64}[size]
            return str(raw if basic.traits & go.Traits.UNSIGNED else signed(raw, width))
        if basic.traits & go.Traits.COMPLEX:
            z = memory.load(COMPLEX64 if size == 8 else COMPLEX128, data)
            return complex_text(z, size * 4)  # type: ignore[arg-type]
        number = memory.load(F32 if size == 4 else F64, data)
        assert isinstance(number, float)
        return float_text(number, size * 8)

    def short_text(self, value: tuple[int, int]) -> str:
        """Return the short text for a panic that began while the value of another panic was being printed."""
        t = self.m.runtime.types.types[value[0]]
        basic = under(t)
        is_string = isinstance(basic, go.Basic) and basic.kind is go.Kind.STRING
        if is_string and t is basic:
            return self.basic_text(t, value[1]) or ""
        return f"type {runtime_string(t)}\n"


def exit_block(f: Function) -> Block:
    """Return the block that runs the deferred calls and returns."""
    for b in f.blocks:
        if any(i.op is Op.DEFER_RETURN for i in b.instrs):
            return b
    raise InternalError("interp", f"{f.name} defers and has no exit block")


def indented(text: bytes) -> str:
    """Indent all lines but the first with a tab, to distinguish the text of a panic from a traceback."""
    return text.decode(errors="surrogateescape").replace("\n", "\n\t")
