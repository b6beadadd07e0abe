"""The IR interpreter: what a module does, defined by the simplest means.

`interpret(module)` runs `runtime.main` to its end and returns what the program printed and its exit code. It is
codegen's oracle: generated programs must do the same natively. Goroutines are explicit stacks of frames,
run one after the other in the order they became ready (the order of our scheduler on one thread, `runnext`
included). Everything is memory of one flat address space; frame objects are allocated anew for every
call, so a pointer that outlives its frame stays readable here and is caught by comparing results.

Runtime calls are in `interp_runtime`. Rejected: Python generators per goroutine (deep recursion).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from morestack.ir.interp_memory import Memory, Value, zero
from morestack.ir.interp_ops import compute, signed
from morestack.ir.module import Block, Const, Function, Instr, Module, Object, Operand, Sym
from morestack.ir.ops import Bounds, BoundsKind, Effect, Op
from morestack.ir.types import I64, IRType
from morestack.source.diagnostics import InternalError


@dataclass(slots=True, eq=False)
class Frame:
    """One call under way: where it is, its registers and objects, and its deferred closures."""

    function: Function
    registers: list[Value]
    objects: dict[Object, int]
    block: Block
    at: int = 0
    defers: list[int] = field(default_factory=list)
    runs_defers: bool = False  # a DEFER_RETURN is under way


@dataclass(slots=True, eq=False)
class Panic:
    """A panic under way: value, the depth of the frame of the deferred call that may recover it."""

    value: tuple[int, int]
    text: str
    depth: int = -1
    recovered: bool = False


@dataclass(slots=True, eq=False)
class Goroutine:
    """Frames, outermost first, and the panics under way, newest last."""

    id: int
    frames: list[Frame] = field(default_factory=list)
    panics: list[Panic] = field(default_factory=list)
    waiting: str = ""
    result: Value = 0  # what the parked runtime call will answer


class GoPanic(Exception):
    """Raised by a check or runtime call: a panic starts at the current instruction."""

    def __init__(self, text: str, value: tuple[int, int] = (0, 0)) -> None:
        super().__init__(text)
        self.text = text
        self.value = value


class Park(Exception):
    """The current goroutine waits; the instruction's result is `Goroutine.result` when it goes on."""


class Exit(Exception):
    """The program ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Steps(Exception):
    """The limit of instructions was reached."""


@dataclass(slots=True)
class Result:
    """What a program printed (stderr) and its exit code."""

    output: bytes
    code: int


class Interpreter:
    """The state of a run."""

    def __init__(self, module: Module, limit: int = 50_000_000) -> None:
        from morestack.ir.interp_runtime import Runtime

        self.module = module
        self.memory = Memory()
        self.limit = limit
        self.steps = 0
        self.addresses: dict[str, int] = {}
        self.code: dict[int, Function] = {}
        self.ready: deque[Goroutine] = deque()
        self.current = Goroutine(0)
        self.goroutines = 0
        self.runtime = Runtime(self)
        for function in module.functions.values():
            self.code[self.address(function.name)] = function
        for g in module.globals.values():
            self.addresses[g.name] = self.memory.allocate(g.type.size, max(g.type.align, 8))
        for g in module.globals.values():
            base = self.addresses[g.name]
            self.memory.write(base, g.data)
            for offset, target in g.relocs:
                self.memory.write(base + offset, self.address(target.name).to_bytes(8, "little"))

    def address(self, symbol: str) -> int:
        """The address that stands for a symbol."""
        known = self.addresses.get(symbol)
        if known is None:
            known = self.addresses[symbol] = self.memory.allocate(64)
            self.runtime.describe(symbol, known)
        return known

    # -- goroutines --------------------------------------------------------------------------------

    def start(self, closure: int) -> None:
        """`go closure()`: the newest one runs next."""
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
            return Result(bytes(self.runtime.output), end.code)
        self.runtime.output += b"fatal error: all goroutines are asleep - deadlock!\n"
        return Result(bytes(self.runtime.output), 2)

    def run_goroutine(self) -> None:
        """Run the current goroutine until it ends or waits."""
        g = self.current
        while g.frames:
            try:
                self.step(g.frames[-1])
            except Park:
                return
            except GoPanic as panic:
                g.panics.append(Panic(panic.value, panic.text))
                self.unwind()

    # -- panics ------------------------------------------------------------------------------------

    def unwind(self) -> None:
        """Call the next deferred closure of the newest panic, or end the program."""
        g = self.current
        panic = g.panics[-1]
        for depth in range(len(g.frames) - 1, -1, -1):
            frame = g.frames[depth]
            if frame.defers:
                closure = frame.defers.pop()
                panic.depth = len(g.frames)
                self.call_closure(closure, ())
                return
        self.runtime.output += self.runtime.panic_text(g.panics)
        raise Exit(2)

    def after_deferred(self) -> None:
        """A deferred call that a panic made has returned: go on panicking, or return from its frame."""
        g = self.current
        panic = g.panics[-1]
        if not panic.recovered:
            self.unwind()
            return
        g.panics.pop()
        depth = next(d for d in range(len(g.frames) - 1, -1, -1) if g.frames[d].function.has_defer)
        del g.frames[depth + 1 :]
        while g.panics and g.panics[-1].depth > depth:
            g.panics.pop()  # aborted: the frame that raised it is gone
        self.finish(g.frames[depth])

    def finish(self, frame: Frame) -> None:
        """Run what is left of a frame's deferred calls, then return its results."""
        if frame.defers:
            frame.runs_defers = True
            self.call_closure(frame.defers.pop(), ())
            return
        values = tuple(
            zero(t) if o is None else self.memory.load(t, frame.objects[o])
            for t, o in zip(frame.function.results, frame.function.result_objects, strict=True)
        )
        self.leave(values)

    # -- instructions ------------------------------------------------------------------------------

    def frame(self, function: Function, args: tuple[Value, ...], context: int) -> Frame:
        registers: list[Value] = [zero(r.type) for r in function.regs]
        for reg, value in zip(function.params, args, strict=True):
            registers[reg.id] = value
        if function.context is not None:
            registers[function.context.id] = context
        objects = {o: self.memory.allocate(o.type.size, max(o.type.align, 8)) for o in function.objects}
        return Frame(function, registers, objects, function.blocks[0])

    def call_closure(self, closure: int, args: tuple[Value, ...]) -> None:
        self.current.frames.append(self.frame(self.code[self.memory.word(closure)], args, closure))

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
        g.frames.pop()
        if g.panics and g.panics[-1].depth == len(g.frames):
            self.after_deferred()
            return
        if not g.frames:
            return
        caller = g.frames[-1]
        i = caller.block.instrs[caller.at]
        if i.op is Op.DEFER_RETURN or caller.runs_defers:
            if caller.runs_defers:  # returning after a recovered panic
                caller.runs_defers = False
                self.finish(caller)
            elif caller.defers:
                self.call_closure(caller.defers.pop(), ())
            else:
                caller.at += 1
            return
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
                else:
                    result = self.runtime.call(str(i.aux), [self.value(frame, a) for a in i.args])
                if i.dst:
                    assert result is not None
                    frame.registers[i.dst[0].id] = result
                frame.at += 1
            elif Effect.CALL in i.op.effect:
                if self.call(frame, i):
                    return
            elif Effect.TERM in i.op.effect:
                if self.jump(frame, i):
                    return
            elif i.op.effect:
                self.access(frame, i)
                frame.at += 1
            elif i.op is Op.ADDR:
                assert isinstance(i.aux, Object)
                frame.registers[i.dst[0].id] = frame.objects[i.aux]
                frame.at += 1
            else:
                frame.registers[i.dst[0].id] = compute(i, [self.value(frame, a) for a in i.args])
                frame.at += 1

    def call(self, frame: Frame, i: Instr) -> bool:
        """Enter the callee; tell whether one was entered."""
        if i.op is Op.DEFER_RETURN:
            if frame.defers:
                self.call_closure(frame.defers.pop(), ())
                return True
            frame.at += 1
            return False
        values = [self.value(frame, a) for a in i.args]
        if i.op is Op.CALL:
            callee = self.module.functions[str(i.aux)]
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
        """Run a terminator; tell whether the frame ended."""
        match i.op:
            case Op.JUMP:
                target = i.targets[0]
            case Op.BRANCH:
                target = i.targets[0 if self.value(frame, i.args[0]) else 1]
            case Op.SWITCH:
                assert isinstance(i.aux, tuple)
                value = self.value(frame, i.args[0])
                target = next((t for v, t in zip(i.aux, i.targets, strict=False) if v == value), i.targets[-1])
            case Op.RETURN:
                self.leave(tuple(self.value(frame, a) for a in i.args))
                return True
            case _:
                raise InternalError("interp", f"reached {i.op.value.mnemonic} in {frame.function.name}")
        frame.block, frame.at = target, 0
        return False

    def access(self, frame: Frame, i: Instr) -> None:
        """Memory, checks and DEFER."""
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
                self.memory.write(first, self.memory.read(values[1], type_size(i.aux)))
            case Op.CLEAR:
                assert isinstance(first, int)
                self.memory.write(first, bytes(type_size(i.aux)))
            case Op.NILCHECK:
                if not first:
                    raise GoPanic("runtime error: invalid memory address or nil pointer dereference")
            case Op.DIVCHECK:
                if not first:
                    raise GoPanic("runtime error: integer divide by zero")
            case Op.BOUNDS:
                assert isinstance(first, int) and isinstance(values[1], int) and isinstance(i.aux, Bounds)
                check_bounds(i.aux, first, values[1])
            case _:
                assert i.op is Op.DEFER and isinstance(first, int)
                frame.defers.append(first)


def type_size(t: object) -> int:
    """The size of the IR type in an `aux`."""
    size = getattr(t, "size", None)
    assert isinstance(size, int)
    return size


def check_bounds(b: Bounds, x: int, y: int) -> None:
    """Panic as Go does unless the index is in range."""
    limit = y if b.kind is BoundsKind.INDEX else y + 1
    if x < limit:
        return
    text = b.kind.value
    if b.signed and signed(x, I64) < 0:  # Go leaves the limit out
        text = text.split(" with ")[0].replace("%x:%y", "%x:")
    shown = signed(x, I64) if b.signed else x
    raise GoPanic("runtime error: " + text.replace("%x", str(shown)).replace("%y", str(y)))


def interpret(module: Module, limit: int = 50_000_000) -> Result:
    """Run a module's `runtime.main`; raise Steps when it takes more instructions than `limit`."""
    return Interpreter(module, limit).run()


__all__ = ["IRType", "Interpreter", "Result", "Steps", "interpret"]
