"""The IR interpreter, which defines the behaviour of a module by the simplest means.

`interpret(module)` runs `runtime.main` to its end, and returns the program's output and exit code. It is codegen's
oracle: generated programs must behave the same natively. Goroutines are explicit stacks of frames. They run one at a
time, in the order in which they became ready (the order of our scheduler on one thread, including `runnext`). All
data is in the memory of one address space. Every call allocates its frame objects anew, and they are poisoned before
and after it (`memory.py`).

Runtime calls are in `runtime.py` and the modules it imports, panics in `panic.py`. Rejected: a Python generator per
goroutine, which recurses deeply.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from morestack.interp.memory import Memory, Steps, Value, zero
from morestack.interp.ops import compute, signed
from morestack.interp.runtime import Runtime
from morestack.interp.state import (
    NIL_DEREFERENCE,
    Exit,
    Frame,
    GoPanic,
    Goroutine,
    Park,
    RuntimeFailure,
)  # fmt: skip
from morestack.interp.types import error_method
from morestack.ir.module import Const, Function, Instr, Module, Object, Operand, Sym
from morestack.ir.ops import Bounds, BoundsKind, Effect, Op
from morestack.ir.types import I64, IRType
from morestack.source.diagnostics import InternalError


@dataclass(slots=True)
class Result:
    """The output (stderr) and exit code of a program."""

    output: bytes
    code: int


class Interpreter:
    """The state of a run."""

    def __init__(self, module: Module, limit: int = 50_000_000) -> None:
        self.module = module
        self.memory = Memory()
        self.limit = limit
        self.steps = 0
        self.addresses: dict[str, int] = {}
        self.code: dict[int, Function] = {}
        self._singles: dict[Function, frozenset[Object]] = {}
        self.ready: deque[Goroutine] = deque()
        self.current = Goroutine(0)
        self.goroutines = 0
        self.runtime = Runtime(self)
        for function in (*module.functions.values(), error_method()):
            self.code[self.address(function.name)] = function
        for g in module.globals.values():
            self.addresses[g.name] = self.memory.allocate(g.type.size, max(g.type.align, 8))
        for g in module.globals.values():
            base = self.addresses[g.name]
            self.memory.write(base, g.data)
            for offset, target in g.relocs:
                self.memory.write(base + offset, self.address(target.name).to_bytes(8, "little"))

    def address(self, symbol: str) -> int:
        """Return the address that represents a symbol."""
        known = self.addresses.get(symbol)
        if known is None:
            known = self.addresses[symbol] = self.memory.allocate(64)
            self.runtime.types.describe(symbol, known)
        return known

    # -- goroutines --------------------------------------------------------------------------------

    def start(self, closure: int) -> None:
        """Start `go closure()`; the newest goroutine runs next."""
        self.goroutines += 1
        g = Goroutine(self.goroutines)
        g.frames.append(self.frame(self.code[self.memory.word(closure)], (), closure))
        self.ready.appendleft(g)

    def run(self) -> Result:
        """Run until the program ends."""
        closure = self.memory.allocate(8)
        self.memory.write(closure, self.address("runtime.main").to_bytes(8, "little"))
        self.start(closure)
        try:
            while self.ready:
                self.current = self.ready.popleft()
                self.run_goroutine()
        except Exit as end:
            return Result(bytes(self.runtime.printing.output), end.code)
        self.runtime.printing.output += b"fatal error: all goroutines are asleep - deadlock!\n"
        return Result(bytes(self.runtime.printing.output), 2)

    def run_goroutine(self) -> None:
        """Run the current goroutine until it ends or waits."""
        g = self.current
        while g.frames:
            try:
                self.step(g.frames[-1])
            except Park:
                return
            except (GoPanic, RuntimeFailure) as cause:
                self.runtime.panics.start(cause)

    def call_now(self, code: str, args: tuple[Value, ...]) -> tuple[Value, ...]:
        """Run a function to its end while the value of a panic is being printed, and return its results."""
        current = self.current
        self.current = g = Goroutine(current.id, prints_panic=True)
        g.frames.append(self.frame(self.code[self.address(code)], args, 0))
        self.run_goroutine()
        if g.frames:
            raise InternalError("interp", f"{code} waits while it prints a panic")
        self.current = current
        return g.returned

    # -- instructions ------------------------------------------------------------------------------

    def frame(self, function: Function, args: tuple[Value, ...], context: int) -> Frame:
        registers: list[Value] = [zero(r.type) for r in function.regs]
        for reg, value in zip(function.params, args, strict=True):
            registers[reg.id] = value
        if function.context is not None:
            registers[function.context.id] = context
        objects = {o: self.memory.allocate_object(o.type.size) for o in function.objects}
        return Frame(function, registers, objects, function.blocks[0])

    def call_closure(self, closure: int, args: tuple[Value, ...]) -> None:
        self.current.frames.append(self.frame(self.code[self.memory.word(closure)], args, closure))

    def singles(self, function: Function) -> frozenset[Object]:
        """Return the objects of a function that are created anew by their only ADDR."""
        known = self._singles.get(function)
        if known is None:
            known = self._singles[function] = function.single_objects()
        return known

    def drop_frame(self) -> None:
        """Remove the innermost frame and its objects."""
        for o, address in self.current.frames.pop().objects.items():
            self.memory.free_object(address, o.type.size)

    def value(self, frame: Frame, operand: Operand) -> Value:
        match operand:
            case Const(value=value):
                return value
            case Sym(name=name):
                return self.address(name)
            case _:
                return frame.registers[operand.id]

    def leave(self, values: tuple[Value, ...]) -> None:
        """Return from the innermost frame: to its caller, or to the panic that made the call."""
        g = self.current
        self.drop_frame()
        if g.panics and g.panics[-1].depth == len(g.frames):
            self.runtime.panics.after_deferred()
            return
        if not g.frames:
            g.returned = values
            return
        caller = g.frames[-1]
        i = caller.block.instrs[caller.at]
        if i.op is Op.DEFER_RETURN:
            return  # the instruction runs again, for the next deferred call
        for reg, value in zip(i.dst, values, strict=True):
            caller.registers[reg.id] = value
        caller.at += 1

    def step(self, frame: Frame) -> None:
        """Run instructions of one frame until it calls, returns or ends."""
        g = self.current
        while True:
            i = frame.block.instrs[frame.at]
            self.steps += 1
            if self.steps > self.limit:
                raise Steps(f"more than {self.limit} instructions")
            if i.op is Op.RT:
                if g.waiting:  # resumed
                    g.waiting = ""
                    result: Value | None = g.result
                    if g.failure:
                        text, g.failure = g.failure, ""
                        raise RuntimeFailure(text, "plainError")
                else:
                    result = self.runtime.call(i.runtime_call.name, [self.value(frame, a) for a in i.args])
                if i.dst:
                    assert result is not None
                    frame.registers[i.dst[0].id] = result
                frame.at += 1
            elif i.op.effect & Effect.CALL:
                if self.call(frame, i):
                    return
            elif i.op.effect & Effect.TERM:
                if self.jump(frame, i):
                    return
            elif i.op.effect:
                self.access(frame, i)
                frame.at += 1
            elif i.op is Op.ADDR:
                address = frame.registers[i.dst[0].id] = frame.objects[i.object]
                if i.object in self.singles(frame.function):
                    self.memory.free_object(address, i.object.type.size)
                frame.at += 1
            else:
                frame.registers[i.dst[0].id] = compute(i, [self.value(frame, a) for a in i.args])
                frame.at += 1

    def call(self, frame: Frame, i: Instr) -> bool:
        """Enter the callee; return whether a frame was entered."""
        if i.op is Op.DEFER_RETURN:
            if frame.defers:
                self.call_closure(frame.defers.pop(), ())
                return True
            frame.at += 1
            return False
        values = [self.value(frame, a) for a in i.args]
        if i.op is Op.CALL:
            callee = self.module.functions[i.callee]
            self.current.frames.append(self.frame(callee, tuple(values), 0))
            return True
        target, *rest = values
        assert isinstance(target, int)
        if i.op is Op.CALL_CLOSURE:
            self.call_closure(target, tuple(rest))
        else:
            self.current.frames.append(self.frame(self.code[target], tuple(rest), 0))
        return True

    def jump(self, frame: Frame, i: Instr) -> bool:
        """Run a terminator; return whether the frame ended."""
        match i.op:
            case Op.JUMP:
                target = i.targets[0]
            case Op.BRANCH:
                target = i.targets[0 if self.value(frame, i.args[0]) else 1]
            case Op.SWITCH:
                value = self.value(frame, i.args[0])
                target = next((t for v, t in zip(i.cases, i.targets, strict=False) if v == value), i.targets[-1])
            case Op.LOOP_CHECK:  # never requested: goroutines run until they wait
                target = i.targets[0]
            case Op.TAIL_CALL:
                values = tuple(self.value(frame, a) for a in i.args)
                self.drop_frame()
                self.current.frames.append(self.frame(self.module.functions[i.callee], values, 0))
                return True
            case Op.RETURN:
                self.leave(tuple(self.value(frame, a) for a in i.args))
                return True
            case _:
                raise InternalError("interp", f"reached {i.op.value.mnemonic} in {frame.function.name}")
        frame.block, frame.at = target, 0
        return False

    def access(self, frame: Frame, i: Instr) -> None:
        """Run an instruction that accesses memory, a check, or DEFER."""
        values = [self.value(frame, a) for a in i.args]
        first = values[0]
        match i.op:
            case Op.LOAD:
                assert isinstance(first, int)
                frame.registers[i.dst[0].id] = self.memory.load(i.dst[0].type, first)
            case Op.STORE:
                assert isinstance(first, int)
                self.memory.store(i.args[1].type, first, values[1])
            case Op.MOVE:
                assert isinstance(first, int) and isinstance(values[1], int)
                self.memory.write(first, self.memory.read(values[1], i.memory_type.size))
                self.memory.check_pointers(i.memory_type, first)
            case Op.CLEAR:
                assert isinstance(first, int)
                self.memory.write(first, bytes(i.memory_type.size))
            case Op.NILCHECK:
                if not first:
                    raise RuntimeFailure(NIL_DEREFERENCE)
            case Op.DIVCHECK:
                if not first:
                    raise RuntimeFailure("runtime error: integer divide by zero")
            case Op.BOUNDS:
                assert isinstance(first, int) and isinstance(values[1], int)
                check_bounds(i.bounds, first, values[1])
            case _:
                assert i.op is Op.DEFER and isinstance(first, int)
                frame.defers.append(first)


def check_bounds(b: Bounds, x: int, y: int) -> None:
    """Panic as Go does unless the index is in range."""
    limit = y if b.kind is BoundsKind.INDEX else y + 1
    if x < limit:
        return
    text = b.kind.value
    if b.signed and signed(x, I64) < 0:  # Go's message omits the limit
        text = text.split(" with ")[0].replace("%x:%y", "%x:")
    shown = signed(x, I64) if b.signed else x
    text = text.replace("%x", str(shown)).replace("%y", str(signed(y, I64)))
    raise RuntimeFailure("runtime error: " + text, "boundsError")


def interpret(module: Module, limit: int = 50_000_000) -> Result:
    """Run a module's `runtime.main`; raise Steps if it executes more than `limit` instructions."""
    return Interpreter(module, limit).run()


__all__ = ["IRType", "Interpreter", "Result", "Steps", "interpret"]
