"""Goroutines start, take turns, end and are reused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from morestack.abi import convention
from morestack.dialect.machine import nil, u32
from morestack.runtime.sys import event, layout
from morestack.runtime.sys.layout import G
from tests.unit.runtime.fake_stack import Site, closure, code, load, store


def start(rt: Any, by: Any, name: str = "main.f") -> None:
    rt.newproc(by, closure(code(Site(name, 5, entry=True, flags=8))))


def test_a_new_goroutine_enters_its_function_and_returns_to_goexit(rt: Any) -> None:
    start(rt, rt.g0)
    g = rt.schedule(rt.g0)
    assert g.at.goid == 1 and g.at.stack_hi - g.at.stack_lo == convention.STACK_MIN
    assert g.at.sched.pc == load(g.at.sched.ctxt) and g.at.sched.sp == g.at.stack_hi
    assert load(g.at.sched.sp - 8) == rt.goexit and load(g.at.sched.sp - 16) == 0
    assert g.at.m.at.curg == g and g.at.status == layout.G_RUNNING


def test_the_last_started_runs_first_then_in_order(rt: Any) -> None:
    for _ in range(5):
        start(rt, rt.g0)
    order = []
    g = rt.g0
    for _ in range(5):
        g = rt.schedule(g)
        order.append(int(g.at.goid))
        rt.goexit0(g)
    assert order == [5, 1, 2, 3, 4]


def test_more_than_the_ring_holds_all_run_once(rt: Any) -> None:
    n = 600
    for _ in range(n):
        start(rt, rt.g0)
    seen = set()
    g = rt.g0
    for _ in range(n):
        g = rt.schedule(g)
        seen.add(int(g.at.goid))
        rt.goexit0(g)
    assert seen == set(range(1, n + 1))


def test_dead_goroutines_are_reused_with_their_stack(rt: Any) -> None:
    start(rt, rt.g0)
    g = rt.schedule(rt.g0)
    lo = int(g.at.stack_lo)
    start(rt, rt.g0)
    rt.goexit0(g)
    other = rt.schedule(g)
    start(rt, rt.g0)
    rt.gosched(other)
    again = rt.schedule(other)
    assert again == g and again.at.goid == 3 and again.at.stack_lo == lo
    rt.copystack(g.at.m.at.p, g, 4096, False)
    rt.goexit0(g)
    assert rt.schedule(g) == other and g.at.stack_lo == 0
    start(rt, rt.g0)
    rt.gosched(other)
    assert rt.schedule(other) == g and g.at.stack_hi - g.at.stack_lo == convention.STACK_MIN


@pytest.mark.parametrize("preempted", [False, True])
def test_two_that_wake_each_other_do_not_starve_a_third(rt: Any, preempted: bool) -> None:
    for _ in range(3):
        start(rt, rt.g0)
    third = rt.schedule(rt.g0)
    rt.gosched(third)
    g, turns = rt.schedule(third), 0
    waits = None
    while g != third:
        if waits is not None:
            rt.goready(g.at.m.at.p, waits)  # it runs next
        rt.gopark(g, layout.WAIT_RECEIVE, nil(u32))
        if preempted and turns == 5:
            third.at.m.at.p.at.preempt = 1  # as the monitor does when the time slice is over
        waits, g = g, rt.schedule(g)
        turns += 1
        assert turns < 1000
    assert turns < 12 if preempted else 16 <= turns < 40


def test_who_fills_the_ring_gives_way(rt: Any) -> None:
    start(rt, rt.g0)
    g = rt.schedule(rt.g0)
    for _ in range(layout.RUNQ_SIZE):  # one is in runnext
        start(rt, g)
    assert g.at.stackguard0 != convention.STACK_PREEMPT
    start(rt, g)
    assert g.at.stackguard0 == convention.STACK_PREEMPT
    assert rt.schedule(g) != g and g.at.status == layout.G_RUNNABLE


def test_minutes_of_waiting_are_counted_from_a_collection_on(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    start(rt, rt.g0)
    g = rt.schedule(rt.g0)
    assert rt.chanrecv(g, nil(type_of_chan()), 0) == layout.PARKED
    assert g.at.waitsince == 0
    rt.collect(g.at.m.at.p)
    seen = int(g.at.waitsince)
    assert 0 <= time.monotonic() - seen < 60
    rt.collect(g.at.m.at.p)
    assert g.at.waitsince == seen
    g.at.waitsince = seen - 125
    assert rt.schedule(g) == nil(G)
    assert "goroutine 1 [chan receive (nil chan), 2 minutes]:\n" in capfd.readouterr().err


def test_nothing_to_run_is_a_deadlock(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    rt.g0.at.m.at.site = 0
    start(rt, rt.g0)
    main = rt.schedule(rt.g0)
    main.at.m.at.site = code(Site("main.main", 12, words=2, flags=8))
    start(rt, main, "main.main.func1")
    main.at.status = layout.G_WAITING
    main.at.waitreason = layout.WAIT_SELECT_NONE
    child = rt.schedule(main)
    place = Site("main.main.func1", 9, words=1)
    sp = child.at.stack_hi - 16 - 8
    store(sp + 8, 0)
    store(sp + 16, rt.goexit)
    child.at.sched.pc, child.at.sched.sp, child.at.sched.bp = code(place), sp, sp + 8
    assert rt.chanrecv(child, nil(type_of_chan()), 0) == layout.PARKED
    assert rt.schedule(child) == nil(G)
    assert rt.exitcode(rt.g0) == 2
    assert capfd.readouterr().err == (
        "fatal error: all goroutines are asleep - deadlock!\n\n"
        "goroutine 1 [select (no cases)]:\nmain.f()\n\t/x/prog.go:5\n\n"
        "goroutine 2 [chan receive (nil chan)]:\nmain.main.func1(...)\n\t/x/prog.go:9\n"
        "created by main.main in goroutine 1\n\t/x/prog.go:12\n"
    )


def type_of_chan() -> Any:
    from morestack.runtime.sched.hchan import Hchan

    return Hchan


def test_exit_gives_control_back(rt: Any) -> None:
    start(rt, rt.g0)
    g = rt.schedule(rt.g0)
    rt.exit(g, 7)
    assert rt.schedule(g) == nil(G) and rt.exitcode(g) == 7


def test_starting_is_only_counted(rt: Any) -> None:
    before = int(event.event_next.value)
    count = rt.goroutines_alive()
    start(rt, rt.g0)
    assert event.event_next.value == before and rt.goroutines_alive() == count + 1
