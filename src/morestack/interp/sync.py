"""Atomic operations and semaphores for the interpreter. Only one goroutine runs at a time, so plain accesses
suffice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from morestack.interp.memory import Value
from morestack.interp.state import Exit, Park
from morestack.ir.runtime_calls import RUNTIME_CALLS, AtomicOp

if TYPE_CHECKING:
    from morestack.interp.interpreter import Interpreter
    from morestack.interp.state import Goroutine


class Sync:
    """Runtime calls of packages sync and sync/atomic."""

    def __init__(self, machine: Interpreter) -> None:
        self.m = machine
        self.waiters: dict[int, deque[Goroutine]] = {}
        self.lists: dict[int, deque[tuple[int, Goroutine]]] = {}
        for name, call in RUNTIME_CALLS.items():
            if call.atomic is not None:
                setattr(self, name, self._atomics(call.width.size)[call.atomic])

    def _atomics(self, size: int) -> dict[AtomicOp, Callable[..., Value | None]]:
        memory = self.m.memory

        def load(p: int) -> int:
            return int.from_bytes(memory.read(p, size), "little")

        def store(p: int, v: int) -> None:
            memory.write(p, v.to_bytes(size, "little"))

        def change(p: int, new: int) -> int:
            old = load(p)
            store(p, new)
            return old

        def add(p: int, delta: int) -> int:
            store(p, (load(p) + delta) % (1 << 8 * size))
            return load(p)

        def cas(p: int, old: int, new: int) -> int:
            if load(p) != old:
                return 0
            store(p, new)
            return 1

        return {
            AtomicOp.LOAD: load,
            AtomicOp.STORE: store,
            AtomicOp.SWAP: change,
            AtomicOp.ADD: add,
            AtomicOp.CAS: cas,
            AtomicOp.AND: lambda p, mask: change(p, load(p) & mask),
            AtomicOp.OR: lambda p, mask: change(p, load(p) | mask),
        }

    # -- giving way --------------------------------------------------------------------------------

    def gosched(self) -> None:
        self.m.current.waiting = "runnable"
        self.m.ready.append(self.m.current)
        raise Park

    def preempt(self) -> None:
        self.gosched()

    # -- semaphores --------------------------------------------------------------------------------

    def _word(self, p: int) -> int:
        return int.from_bytes(self.m.memory.read(p, 4), "little")

    def _set(self, p: int, v: int) -> None:
        self.m.memory.write(p, (v % (1 << 32)).to_bytes(4, "little"))

    def _acquire(self, p: int, lifo: int, why: str) -> None:
        count = self._word(p)
        if count:
            self._set(p, count - 1)
            return
        queue = self.waiters.setdefault(p, deque())
        if lifo:
            queue.appendleft(self.m.current)
        else:
            queue.append(self.m.current)
        self.m.current.waiting = why
        raise Park

    def semacquire(self, p: int) -> None:
        self._acquire(p, 0, "semacquire")

    def semacquirewaitgroup(self, p: int, durable: int) -> None:
        self._acquire(p, 0, "sync.WaitGroup.Wait")

    def semacquiremutex(self, p: int, lifo: int, skip: int) -> None:
        self._acquire(p, lifo, "sync.Mutex.Lock")

    def semacquirerwmutex(self, p: int, lifo: int, skip: int) -> None:
        self._acquire(p, lifo, "sync.RWMutex.Lock")

    def semacquirerwmutexr(self, p: int, lifo: int, skip: int) -> None:
        self._acquire(p, lifo, "sync.RWMutex.RLock")

    def semrelease(self, p: int, handoff: int, skip: int) -> None:
        queue = self.waiters.get(p)
        if queue:
            self.m.ready.append(queue.popleft())
        else:
            self._set(p, self._word(p) + 1)

    # -- Cond --------------------------------------------------------------------------------------

    def notifylistadd(self, l: int) -> int:
        ticket = self._word(l)
        self._set(l, ticket + 1)
        return ticket

    def notifylistwait(self, l: int, ticket: int) -> None:
        if (ticket - self._word(l + 4)) % (1 << 32) >= 1 << 31:
            return
        self.lists.setdefault(l, deque()).append((ticket, self.m.current))
        self.m.current.waiting = "sync.Cond.Wait"
        raise Park

    def notifylistnotifyall(self, l: int) -> None:
        self._set(l + 4, self._word(l))
        self.m.ready.extend(g for _, g in self.lists.pop(l, ()))

    def notifylistnotifyone(self, l: int) -> None:
        ticket = self._word(l + 4)
        if ticket == self._word(l):
            return
        self._set(l + 4, ticket + 1)
        waiting = self.lists.get(l, deque())
        for pair in [pair for pair in waiting if pair[0] == ticket]:
            waiting.remove(pair)
            self.m.ready.append(pair[1])

    def notifylistcheck(self, size: int) -> None:
        assert size == 40

    # -- the rest ----------------------------------------------------------------------------------

    def canspin(self, rounds: int) -> int:
        return 0

    def dospin(self) -> None:
        pass

    def procid(self) -> int:
        return 0

    def poolregister(self, lists: int) -> None:
        pass

    def hashof(self, typ: int, p: int, seed: int) -> int:
        return hash((self.m.runtime.types.key(self.m.runtime.types.types[typ], p), seed)) % (1 << 64)

    def random(self) -> int:
        return 0x9E3779B97F4A7C15

    def gofatal(self, text: tuple[int, int]) -> None:
        self.m.runtime.printing.output += b"fatal error: " + self.m.memory.text(text) + b"\n"
        raise Exit(2)
