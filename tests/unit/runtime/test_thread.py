"""A kernel thread for each goroutine: threads that really run, with Python functions for what goroutines do."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import pytest

from morestack.abi import settings
from morestack.dialect.machine import ptr_at
from morestack.runtime.sched import thread
from morestack.runtime.sched.globrunq import sched
from morestack.runtime.stack import reserve
from morestack.runtime.sys import event, layout
from morestack.runtime.sys.layout import G
from tests.unit.runtime.fake_stack import Site, closure, code, load, push_frames, store

ENTRY = Site("main.run", 1, entry=True)
FRAME = Site("main.f", 10, words=8)
CALLED = Site("main.g", 20, entry=True)
STACK = 256 << 10
SECOND = 1_000_000_000


class Threads:
    """A program whose goroutine number n does bodies[n-1](g) each time it runs, until that is False: then it ends."""

    def __init__(self, rt: Any) -> None:
        self.rt = rt
        self.ran: list[tuple[int, int]] = []
        self.bodies: list[Callable[[Any], bool]] = []
        self.wrong: list[BaseException] = []
        self.mstart = ctypes.CFUNCTYPE(None, ctypes.c_uint64)(self._thread)
        self.pc = ctypes.cast(self.mstart, ctypes.c_void_p).value or 0
        assert rt.setdiscipline(settings.THREAD, 0, 0) == 1
        rt.setthreads(self.pc, STACK)

    def _thread(self, g0: int) -> None:
        g = self.rt.schedule(ptr_at(G, g0))
        while g.addr:
            try:
                self.ran.append((g.at.goid, threading.get_native_id()))
                goes_on = self.bodies[g.at.goid - 1](g)
            except BaseException as error:  # told by `run`
                self.wrong.append(error)
                self.rt.exit(g, 1)
                goes_on = True
            if not goes_on:
                self.rt.goexit0(g)
            g = self.rt.schedule(g)

    def go(self, maker: Any, *bodies: Callable[[Any], bool]) -> None:
        """Start goroutines."""
        for body in bodies:
            self.bodies.append(body)
            self.rt.newproc(maker, closure(code(ENTRY)))

    def run(self) -> None:
        """Run to the end."""
        rt = self.rt
        rt.startprogram(rt.g0, self.pc)
        for _ in range(30):
            if rt.waitend(rt.g0, SECOND):
                break
        else:
            self.wrong.append(AssertionError("the program does not end"))
        rt.exit(rt.g0, 9)
        assert rt.endthreads(rt.g0) == 0
        rt.jointhreads(rt.g0)
        if self.wrong:
            raise self.wrong[0]


def turns(threads: Threads, count: int) -> Callable[[Any], bool]:
    """A body that gives way `count` times."""
    left = [count]

    def body(g: Any) -> bool:
        if left[0] == 0:
            return False
        left[0] -= 1
        threads.rt.gosched(g)
        return True

    return body


def ends(threads: Threads, others: int) -> Callable[[Any], bool]:
    """A body that ends the program once only it is left."""

    def body(g: Any) -> bool:
        if threads.rt.gcount(g) == 1:
            threads.rt.exit(g, 0)
        else:
            threads.rt.gosched(g)
        return True

    return body


def test_each_goroutine_runs_on_one_thread_of_its_own(rt: Any) -> None:
    threads = Threads(rt)
    threads.go(rt.g0, ends(threads, 4), *(turns(threads, 5) for _ in range(4)))
    threads.run()
    of = {goid: {t for g, t in threads.ran if g == goid} for goid in range(1, 6)}
    assert all(len(ids) == 1 for ids in of.values()) and len(set().union(*of.values())) == 5
    assert [sum(g == goid for g, _ in threads.ran) for goid in range(2, 6)] == [6] * 4
    assert event.stats.at.threads_max == 6, "of five goroutines, and one that looks for work"
    assert sched.at.live == 0 and rt.exitcode(rt.g0) == 0


def test_a_thread_ends_with_its_goroutine_and_leaves_no_stack(rt: Any) -> None:
    before = int(rt.stacks_inuse())
    threads = Threads(rt)
    most: list[int] = []

    def starts(g: Any) -> bool:
        most.append(int(sched.at.mnext - sched.at.nmfreed))
        if len(most) == 20:
            rt.exit(g, 0)
        elif rt.gcount(g) == 1:
            threads.go(g, turns(threads, 0))
        rt.gosched(g)
        return True

    threads.go(rt.g0, starts)
    threads.run()
    assert len(threads.bodies) > 5 and max(most) <= 4 and sched.at.nmfreed >= 5
    assert rt.stacks_inuse() == before + (reserve.START + reserve.THREAD_PAGES) * rt.gcount(rt.g0)


def test_the_stack_is_the_threads_and_ends_at_its_guard_page(rt: Any) -> None:
    threads = Threads(rt)

    def looks(g: Any) -> bool:
        lo, hi = int(g.at.extra.at.bottom), int(g.at.stack_hi)
        assert hi - lo == STACK and g.at.stack_lo == hi - reserve.START
        (below, stack) = [m for m in mappings() if m[1] == lo or m[0] == lo]
        assert below[2] == "---p" and below[1] - below[0] == 4096, "the guard page"
        assert stack[2] == "rw-p" and hi + thread.THREAD_TOP <= stack[1] < hi + thread.THREAD_TOP + 4096
        rt.exit(g, 0)
        return True

    threads.go(rt.g0, looks)
    threads.run()


def mappings() -> list[tuple[int, int, str]]:
    """The memory of this process: first and last address, and what is allowed."""
    found: list[tuple[int, int, str]] = []
    with open("/proc/self/maps") as lines:
        for line in lines:
            span, mode = line.split()[:2]
            lo, hi = (int(part, 16) for part in span.split("-"))
            found.append((lo, hi, mode))
    return found


def test_the_guard_goes_down_and_the_end_is_a_stack_overflow(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    threads = Threads(rt)

    def calls(g: Any, frame: int) -> int:
        store(g.at.sched.sp - 8, g.at.sched.pc)
        store(g.at.sched.sp - 16, g.at.sched.bp)
        g.at.m.at.more_pc, g.at.m.at.more_frame = code(CALLED), frame
        return int(rt.newstack(g))

    def grows(g: Any) -> bool:
        push_frames(g, [(FRAME, [0] * FRAME.words)])
        hi = int(g.at.stack_hi)
        assert calls(g, 10_000) == 0
        assert hi - g.at.stack_lo == 16384 and g.at.stack_hi == hi
        store(g.at.stack_lo, 7)
        assert load(g.at.stack_lo) == 7 and not rt.has_excess(g), "a thread's stack gives nothing back"
        assert calls(g, STACK - 400) == 0 and g.at.stack_lo == g.at.extra.at.bottom
        assert calls(g, STACK) == 1
        return True

    threads.go(rt.g0, grows)
    threads.run()
    said = capfd.readouterr().err
    assert f"goroutine stack exceeds {STACK}-byte limit" in said and "fatal error: stack overflow" in said
    assert rt.exitcode(rt.g0) == 2


def test_when_all_threads_sleep_it_is_a_deadlock(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    threads = Threads(rt)

    def waits(g: Any) -> bool:
        push_frames(g, [(FRAME, [0] * FRAME.words)])
        rt.gopark(g, layout.WAIT_RECEIVE, ptr_at(layout.u32, 0))
        return True

    threads.go(rt.g0, waits, turns(threads, 3), waits)
    threads.run()
    said = capfd.readouterr().err
    assert "all goroutines are asleep - deadlock!" in said and said.count("[chan receive]:") == 2
    assert rt.exitcode(rt.g0) == 2


def test_unlocking_leaves_a_goroutine_on_its_thread(rt: Any) -> None:
    threads = Threads(rt)

    def locks(g: Any) -> bool:
        mine = g.at.extra.at.lockedm
        assert mine == g.at.m and mine.at.lockedg == g
        rt.lockosthread(g)
        rt.unlockosthread(g)
        rt.unlockosthread(g)
        assert g.at.extra.at.lockedm == mine and mine.at.lockedg == g and g.at.extra.at.lockcount == 0
        rt.exit(g, 0)
        return True

    threads.go(rt.g0, locks)
    threads.run()


def test_small_stacks_are_whole_pages(rt: Any) -> None:
    rt.setthreads(0, 70_000)
    assert thread.thread_stack.value == 69_632
    rt.setthreads(0, 1)
    assert thread.thread_stack.value == 4096
