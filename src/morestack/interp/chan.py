"""Channels, select and new goroutines for the interpreter. Goroutines wake in the order of our scheduler on one thread.

If several cases are ready, select takes the first, which is one of the choices Go allows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from morestack.interp.ops import signed
from morestack.interp.state import Exit, Park, RuntimeFailure
from morestack.ir.types import I64
from morestack.types.core import types as go
from morestack.types.core.sizes import sizeof
from morestack.types.core.under import under

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter
    from morestack.interp.state import Goroutine

MAX_ALLOC = 1 << 47
NO_CASE = (1 << 64) - 2  # index -1 << 1
SEND_CLOSED = "send on closed channel"


@dataclass(slots=True, eq=False)
class Waiter:
    """A goroutine waiting on a channel; `elem` is the address to send its value from or receive it to.

    In a select it waits on several channels: `case` is the number of this case, and `queues` are all the queues it is
    in.
    """

    goroutine: Goroutine
    elem: int
    case: int = -1
    queues: list[tuple[deque[Waiter], Waiter]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Channel:
    elem_size: int
    capacity: int
    buffer: deque[bytes] = field(default_factory=deque)
    receivers: deque[Waiter] = field(default_factory=deque)
    senders: deque[Waiter] = field(default_factory=deque)
    closed: bool = False


class Channels:
    """Runtime calls on channels."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.channels: dict[int, Channel] = {}

    def makechan(self, typ: int, size: int) -> int:
        chan = under(self.m.runtime.types.types[typ])
        assert isinstance(chan, go.Chan)
        if signed(size, I64) < 0 or size * sizeof(chan.elem) > MAX_ALLOC:
            raise RuntimeFailure("makechan: size out of range", "plainError")
        address = self.m.memory.allocate(96)
        self.channels[address] = Channel(sizeof(chan.elem), size)
        return address

    def ready(self, waiter: Waiter, received: int) -> None:
        """Wake a goroutine with the result of its receive; in a select, the case is part of the result."""
        waiter.goroutine.result = received if waiter.case < 0 else waiter.case << 1 | received
        for queue, other in waiter.queues:
            if other in queue:
                queue.remove(other)
        self.m.ready.append(waiter.goroutine)

    def park(self, why: str) -> None:
        self.m.current.waiting = why
        raise Park

    def try_send(self, c: Channel, elem: int) -> bool:
        if c.closed:
            raise RuntimeFailure(SEND_CLOSED, "plainError")
        if c.receivers:
            waiter = c.receivers.popleft()
            if waiter.elem:
                self.m.memory.write(waiter.elem, self.m.memory.read(elem, c.elem_size))
            self.ready(waiter, 1)
            return True
        if len(c.buffer) < c.capacity:
            c.buffer.append(self.m.memory.read(elem, c.elem_size))
            return True
        return False

    def chansend(self, chan: int, elem: int) -> None:
        if not chan:
            self.park("chan send (nil chan)")
        c = self.channels[chan]
        if not self.try_send(c, elem):
            c.senders.append(Waiter(self.m.current, elem))
            self.park("chan send")

    def try_receive(self, c: Channel, elem: int) -> int | None:
        memory = self.m.memory
        if c.buffer or c.senders:
            if c.buffer:
                value = c.buffer.popleft()
                if c.senders:
                    sender = c.senders.popleft()
                    c.buffer.append(memory.read(sender.elem, c.elem_size))
                    self.ready(sender, 0)
            else:
                sender = c.senders.popleft()
                value = memory.read(sender.elem, c.elem_size)
                self.ready(sender, 0)
            if elem:
                memory.write(elem, value)
            return 1
        if c.closed:
            if elem:
                memory.write(elem, bytes(c.elem_size))
            return 0
        return None

    def chanrecv(self, chan: int, elem: int) -> int:
        if not chan:
            self.park("chan receive (nil chan)")
        c = self.channels[chan]
        got = self.try_receive(c, elem)
        if got is None:
            c.receivers.append(Waiter(self.m.current, elem))
            self.park("chan receive")
        return got or 0

    def closechan(self, chan: int) -> None:
        if not chan:
            raise RuntimeFailure("close of nil channel", "plainError")
        c = self.channels[chan]
        if c.closed:
            raise RuntimeFailure("close of closed channel", "plainError")
        c.closed = True
        while c.receivers:
            waiter = c.receivers.popleft()
            if waiter.elem:
                self.m.memory.write(waiter.elem, bytes(c.elem_size))
            self.ready(waiter, 0)
        while c.senders:
            waiter = c.senders.popleft()
            waiter.goroutine.failure = SEND_CLOSED
            self.ready(waiter, 0)

    def chanlen(self, chan: int) -> int:
        return len(self.channels[chan].buffer) if chan else 0

    def chancap(self, chan: int) -> int:
        return self.channels[chan].capacity if chan else 0

    # -- select ------------------------------------------------------------------------------------

    def selectnbsend(self, chan: int, elem: int) -> int:
        return int(bool(chan) and self.try_send(self.channels[chan], elem))

    def selectnbrecv(self, elem: int, chan: int) -> int:
        got = self.try_receive(self.channels[chan], elem) if chan else None
        return 0 if got is None else 1 | got << 1

    def selectgo(self, cases: int, sends: int, receives: int, block: int) -> int:
        memory = self.m.memory
        queues: list[tuple[deque[Waiter], Waiter]] = []
        listed = [(memory.word(cases + 16 * n), memory.word(cases + 16 * n + 8)) for n in range(sends + receives)]
        for n, (chan, elem) in enumerate(listed):
            if not chan:
                continue
            c = self.channels[chan]
            if n < sends:
                if self.try_send(c, elem):
                    return n << 1
            elif (got := self.try_receive(c, elem)) is not None:
                return n << 1 | got
        if not block:
            return NO_CASE
        for n, (chan, elem) in enumerate(listed):
            if chan:
                c = self.channels[chan]
                waiter = Waiter(self.m.current, elem, n, queues)
                queues.append((c.senders if n < sends else c.receivers, waiter))
        for queue, waiter in queues:
            queue.append(waiter)
        self.park("select" if queues else "select (no cases)")
        return 0

    def block(self) -> None:
        self.park("select (no cases)")

    def newproc(self, closure: int) -> None:
        if not closure:
            self.m.runtime.printing.output += b"fatal error: go of nil func value\n"
            raise Exit(2)
        self.m.start(closure)
