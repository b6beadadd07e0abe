"""Dialect functions on threads of which one runs at a time, switched under a seeded schedule.

    def body(number): ...              calls dialect functions as CPython runs them
    explore(lambda x: [lambda: body(0), lambda: body(1)], rounds=200, check=lambda: ...)

A thread can lose its turn before every bytecode of a module of the runtime; an operation of the machine (a load, a
store, an atomic) is one bytecode's call, and not divided. So every interleaving of sequentially consistent threads is
possible, and a seed repeats one. Memory that is weaker than that is not modelled: whether a plain store has to be a
release is for the reader.

Futexes are the explorer's: a thread that waits is not chosen until it is woken; with a time limit it may also be chosen
before, as may, now and then, any thread that waits (the kernel allows it). When no thread can run the schedule ends in
`Stuck`. Locks do not spin for long: sleeping is what has the bugs.

Rejected: switching at atomics only, which misses what a plain access that should have been atomic breaks.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from morestack import runtime
from morestack.runtime.sys import os as runtime_os

FOLDER = str(Path(runtime.__file__).parent)
SWITCHES = (0.02, 0.1, 0.3)
"""How likely a thread loses its turn at a bytecode; a seed chooses one, as bugs need few switches, or many."""
MOST_STEPS = 2_000_000


class Stuck(AssertionError):
    """No thread can go on, or they go on forever."""


class _Over(BaseException):
    """Another thread has failed."""


class Task:
    """One thread of a schedule."""

    def __init__(self, body: Callable[[], None], number: int) -> None:
        self.body, self.number = body, number
        self.turn = threading.Lock()
        self.turn.acquire()  # a baton: released by who gives the turn
        self.ready: Callable[[], bool] | None = None  # None: can run
        self.futex = 0  # the address it waits at
        self.timed = False
        self.ended = False


class Explorer:
    """One schedule."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.likely = self.random.choice(SWITCHES)
        self.tasks: list[Task] = []
        self.current: Task | None = None
        self.failure: BaseException | None = None
        self.steps = 0
        self.over = threading.Event()

    # -- the schedule ----------------------------------------------------------------------------------

    def runnable(self) -> list[Task]:
        """The threads that can go on; those that only time or chance can wake when there is no other."""
        able = [t for t in self.tasks if not t.ended and (t.ready() if t.ready else not t.futex)]
        if not able or self.random.random() < 0.02:
            able += [t for t in self.tasks if not t.ended and t.futex and (t.timed or able)]
        return able

    def step(self) -> None:
        """A place where the thread may lose its turn."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Stuck(f"still going after {MOST_STEPS} steps")
        if self.random.random() < self.likely:
            self.switch()

    def switch(self) -> None:
        """Give the turn to a thread that can run, perhaps this one again."""
        me = self.current
        assert me is not None
        able = self.runnable()
        if not able:
            self.fail(Stuck(f"threads {[t.number for t in self.tasks if not t.ended]} wait for each other"))
            raise _Over
        chosen = self.random.choice(able)
        if chosen is not me:
            self.give(chosen)
            self.await_turn(me)

    def give(self, task: Task) -> None:
        task.futex = 0
        self.current = task
        task.turn.release()

    def await_turn(self, task: Task) -> None:
        task.turn.acquire()
        if self.failure is not None:
            raise _Over

    def fail(self, why: BaseException) -> None:
        """End the schedule: the first failure counts."""
        if self.failure is None:
            self.failure = why
            for t in self.tasks:
                if t is not self.current and not t.ended:
                    t.turn.release()

    # -- what the threads call -------------------------------------------------------------------------

    def wait(self, ready: Callable[[], bool]) -> None:
        """Go on when a condition holds."""
        me = self.current
        assert me is not None
        me.ready = ready
        try:
            if not ready():
                self.switch()
        finally:
            me.ready = None

    def futex(self, word: Any, operation: int, value: int, ns: int) -> int:
        """runtime.os.futex."""
        me = self.current
        assert me is not None
        if operation == runtime_os.FUTEX_WAIT_PRIVATE:
            self.step()
            if word[0] == value:
                me.futex, me.timed = word.addr, ns >= 0
                self.switch()
                me.futex = 0
            return 0
        waiting = [t for t in self.tasks if t.futex == word.addr]
        self.random.shuffle(waiting)
        for t in waiting[:value]:
            t.futex = 0
        return len(waiting[:value])

    # -- running ---------------------------------------------------------------------------------------

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """A trace function: frames of the runtime's modules are traced by bytecode."""
        if not frame.f_code.co_filename.startswith(FOLDER):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self.trace_inside

    def trace_inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.step()
        return self.trace_inside

    def main(self, task: Task) -> None:
        """A thread's life."""
        try:
            self.await_turn(task)
            sys.settrace(self.trace)
            try:
                task.body()
            finally:
                sys.settrace(None)
            task.ended = True
            able = self.runnable()
            if able:
                self.give(self.random.choice(able))
            elif any(not t.ended for t in self.tasks):
                self.fail(Stuck(f"threads {[t.number for t in self.tasks if not t.ended]} wait for who has ended"))
        except _Over:
            pass
        except BaseException as why:
            self.fail(why)
        if self.failure is not None or all(t.ended for t in self.tasks):
            self.over.set()

    def run(self, bodies: Sequence[Callable[[], None]]) -> None:
        """Run threads to their ends; raises what the first one that fails raised."""
        self.tasks = [Task(body, number) for number, body in enumerate(bodies)]
        threads = [threading.Thread(target=self.main, args=(t,), daemon=True) for t in self.tasks]
        with self.hooks():
            for thread in threads:
                thread.start()
            self.give(self.random.choice(self.tasks))
            self.over.wait()
            for thread in threads:
                thread.join()
        if self.failure is not None:
            raise self.failure

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Let the runtime's modules use the explorer's futex, and sleep by giving up the turn."""
        pause = lambda *_: self.switch()  # noqa: E731
        mine = {"futex": self.futex, "cpu_pause": pause, "sched_yield": pause, "usleep": pause, "SPINS": 1}
        modules = [m for m in runtime.modules() if m is not runtime_os]
        saved = [(m, n, getattr(m, n)) for m in modules for n in mine if n in vars(m)]
        for module, name, _ in saved:
            setattr(module, name, mine[name])
        try:
            yield
        finally:
            for module, name, value in saved:
                setattr(module, name, value)


def explore(
    setup: Callable[[Explorer], Sequence[Callable[[], None]]],
    rounds: int,
    check: Callable[[], None] = lambda: None,
    first: int = 0,
) -> None:
    """Run the threads that `setup` gives under many schedules, and check what they leave. A failure names its seed."""
    for seed in range(first, first + rounds):
        explorer = Explorer(seed)
        try:
            explorer.run(setup(explorer))
            check()
        except BaseException as failure:
            failure.add_note(f"schedule: seed {seed} (explore(..., first={seed}, rounds=1) repeats it)")
            raise
