"""Deferred calls and panics, step by step: what compiled code would do in between is done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from morestack.abi.pending import PENDING_USER
from morestack.dialect.machine import nil, ptr_at
from morestack.runtime.fail.defer import GoInterface
from morestack.runtime.sys import layout
from morestack.runtime.sys.layout import Defer, Panic
from tests.unit.runtime.fake_stack import PANICRETURN as BACK
from tests.unit.runtime.fake_stack import Site, blob, closure, code, load, push_frames, sp_of, store

OUTER = Site("main.outer", 10, words=10)
INNER = Site("main.inner", 20, words=2)
EXIT = Site("main.outer", 19, words=10)
EXIT_INNER = Site("main.inner", 29, words=2)
DEFERRED = Site("main.outer.func1", 12, entry=True)
CALLED = Site("main.outer.func1", 13, words=1)
WRAPPER = Site("main.outer.deferwrap1", 14, words=3, flags=1)
NESTED = Site("main.helper", 15, words=2)
SITES = [OUTER, INNER]


@pytest.fixture
def g(rt: Any) -> Any:
    """A running goroutine, stopped in main.inner, called by main.outer."""
    rt.newproc(rt.g0, closure(code(Site("main.run", 1, entry=True))))
    g = rt.schedule(rt.g0)
    push_frames(g, [(s, [0] * s.words) for s in SITES])
    return g


def fn(site: Site = DEFERRED) -> int:
    return closure(code(site))


def in_frame(g: Any, at: int, closure_address: int, sp: int) -> None:
    """Link a record that lies in a frame, as compiled code does."""
    for k, word in enumerate((g.at.defers.addr, closure_address, sp, code(EXIT))):
        store(at + 8 * k, word)
    store(g.field(layout.G.defers).addr, at)


def panic(rt: Any, g: Any, data: int) -> None:
    g.at.pending = PENDING_USER
    g.at.m.at.pending_type = blob(bytes(48))
    g.at.m.at.pending_data = data
    rt.panicking(g)


def enter(g: Any, *sites: Site) -> None:
    """The function g goes on in makes its frame, and calls others."""
    assert g.at.sched.pc == code(DEFERRED)
    sp, ret = g.at.sched.sp, load(g.at.sched.sp - 8)
    assert ret == code(BACK) and load(g.at.sched.sp - 16) == g.at.sched.bp
    for site in sites:
        store(sp - 8, ret)
        bp = sp - 16
        if site is not sites[0]:
            store(bp, g.at.sched.bp)
        sp, ret = bp - 8 * site.words, code(site)
        g.at.sched.pc, g.at.sched.sp, g.at.sched.bp = ret, sp, bp


def leave(rt: Any, g: Any, sp: int) -> None:
    """The deferred call has returned to rt.panicreturn, called below the frame at sp."""
    rt.panicreturn(g, sp - 16)


def recover(rt: Any, g: Any) -> int:
    at = blob(bytes(16))
    rt.gorecover(g, ptr_at(GoInterface, at))
    return load(at + 8)


def test_records_of_the_heap_are_newest_first_and_of_one_frame(rt: Any, g: Any) -> None:
    outer, inner = sp_of(g, SITES, 0), sp_of(g, SITES, 1)
    a, b, c = fn(), fn(), fn()
    rt.deferproc(g, a, outer, code(EXIT))
    rt.deferproc(g, b, outer, code(EXIT))
    rt.deferproc(g, c, inner, code(EXIT))
    assert rt.deferreturn(g, outer) == 0
    assert rt.deferreturn(g, inner) == c
    assert rt.deferreturn(g, inner) == 0
    assert [rt.deferreturn(g, outer) for _ in range(3)] == [b, a, 0]
    free = g.at.m.at.p.at.deferpool.list
    rt.deferproc(g, a, outer, code(EXIT))
    assert g.at.defers.addr == free


def test_a_call_deferred_for_another_frame_comes_before_what_that_frame_has(rt: Any, g: Any) -> None:
    outer, inner = sp_of(g, SITES, 0), sp_of(g, SITES, 1)
    marker, a, b, c = fn(), fn(), fn(), fn()
    rt.deferproc(g, marker, outer, code(EXIT))
    rt.deferprocat(g, a, marker)
    rt.deferproc(g, c, inner, code(EXIT))
    rt.deferprocat(g, b, marker)
    assert rt.deferreturn(g, inner) == c
    assert [rt.deferreturn(g, outer) for _ in range(4)] == [b, a, marker, 0]


def test_records_and_panics_move_with_the_stack(rt: Any, g: Any) -> None:
    outer = sp_of(g, SITES, 0)
    rt.deferproc(g, fn(), outer, code(EXIT))
    heap = g.at.defers.addr
    store(outer + 64, code(DEFERRED))  # a closure in the frame
    in_frame(g, outer, outer + 64, outer)
    in_frame(g, outer + 32, outer + 64, outer)
    panic(rt, g, 5)
    hi, start = g.at.stack_hi, g.at.extra.at.panics.at.sp
    assert g.at.extra.at.panics.at.frame == outer and g.at.sched.ctxt == outer + 64
    rt.copystack(g.at.m.at.p, g, 8192, False)
    delta = g.at.stack_hi - hi
    d = g.at.defers
    assert g.at.sched.ctxt == outer + 64 + delta
    assert (d.addr, d.at.fn, d.at.sp) == (outer + delta, outer + 64 + delta, outer + delta)
    assert d.at.link.addr == heap and d.at.link.at.sp == outer + delta
    assert d.at.link.at.link == nil(Defer)
    assert (g.at.extra.at.panics.at.sp, g.at.extra.at.panics.at.frame) == (start + delta, outer + delta)


def test_a_panic_calls_what_is_deferred_and_the_callee_recovers_it(rt: Any, g: Any) -> None:
    outer, inner = sp_of(g, SITES, 0), g.at.sched.sp
    a, b = fn(), fn()
    rt.deferproc(g, a, outer, code(EXIT))
    rt.deferproc(g, b, outer, code(EXIT))
    panic(rt, g, 77)
    assert rt.schedule(g) == g and g.at.sched.ctxt == b
    enter(g, CALLED)
    assert recover(rt, g) == 77
    assert recover(rt, g) == 0
    leave(rt, g, inner)
    assert (g.at.sched.pc, g.at.sched.sp, g.at.sched.bp) == (code(EXIT), outer, outer + 8 * EXIT.words)
    assert g.at.extra.at.panics == nil(Panic) and rt.deferreturn(g, outer) == a


def test_a_function_that_the_callee_calls_recovers_nothing(rt: Any, g: Any) -> None:
    rt.deferproc(g, fn(), sp_of(g, SITES, 0), code(EXIT))
    panic(rt, g, 77)
    enter(g, CALLED, NESTED)
    assert recover(rt, g) == 0


@pytest.mark.parametrize("sites", [[WRAPPER, CALLED], [WRAPPER, WRAPPER, CALLED], [CALLED, WRAPPER]], ids=len)
def test_wrappers_do_not_count(rt: Any, g: Any, sites: list[Site]) -> None:
    rt.deferproc(g, fn(), sp_of(g, SITES, 0), code(EXIT))
    panic(rt, g, 77)
    enter(g, *sites)
    assert recover(rt, g) == 77


def test_recover_deferred_itself_recovers_nothing(rt: Any, g: Any) -> None:
    rt.deferproc(g, fn(), sp_of(g, SITES, 0), code(EXIT))
    panic(rt, g, 77)
    enter(g, WRAPPER)
    assert recover(rt, g) == 0


def test_a_panic_in_a_deferred_call_goes_on_with_the_rest_and_ends_both(rt: Any, g: Any) -> None:
    outer, inner = sp_of(g, SITES, 0), g.at.sched.sp
    rt.deferproc(g, fn(), outer, code(EXIT))
    rt.deferproc(g, fn(), inner, code(EXIT_INNER))
    panic(rt, g, 1)
    enter(g, CALLED)
    place = g.at.sched.sp
    panic(rt, g, 2)
    assert g.at.extra.at.panics.at.data == 2 and g.at.extra.at.panics.at.link.at.data == 1
    enter(g, CALLED)
    assert recover(rt, g) == 2
    leave(rt, g, place)
    assert g.at.sched.pc == code(EXIT) and g.at.extra.at.panics == nil(Panic)


def test_a_panic_recovered_inside_a_deferred_call_leaves_the_first(rt: Any, g: Any) -> None:
    inner = g.at.sched.sp
    rt.deferproc(g, fn(), inner, code(EXIT_INNER))
    panic(rt, g, 1)
    enter(g, CALLED)
    place = g.at.sched.sp
    rt.deferproc(g, fn(), place, code(CALLED))
    panic(rt, g, 2)
    enter(g, CALLED)
    assert recover(rt, g) == 2
    leave(rt, g, place)
    assert g.at.sched.pc == code(CALLED) and g.at.sched.sp == place
    assert g.at.extra.at.panics.at.data == 1 and recover(rt, g) == 1


def test_goexit_runs_what_is_deferred_past_a_recovered_panic_and_ends_the_goroutine(rt: Any, g: Any) -> None:
    outer, inner = sp_of(g, SITES, 0), g.at.sched.sp
    a, b = fn(), fn()
    rt.deferproc(g, a, outer, code(EXIT))
    rt.deferproc(g, b, inner, code(EXIT_INNER))
    rt.__getattr__("goexit")(g)  # rt.goexit is the stub
    assert g.at.sched.ctxt == b
    enter(g, CALLED)
    assert recover(rt, g) == 0
    place = g.at.sched.sp
    panic(rt, g, 3)
    assert g.at.sched.ctxt == a
    enter(g, CALLED)
    assert recover(rt, g) == 3
    leave(rt, g, place)
    assert g.at.status == layout.G_DEAD and g.at.extra.at.panics == nil(Panic)


def test_there_is_room_below_a_frame_at_the_end_of_the_stack(rt: Any, g: Any) -> None:
    outer = sp_of(g, SITES, 0)
    rt.deferproc(g, fn(), outer, code(EXIT))
    low = g.at.stack_lo + 16
    words = (g.at.sched.sp - 16 - low) // 8
    store(g.at.sched.sp - 8, code(INNER))
    store(g.at.sched.sp - 16, g.at.sched.bp)
    deep = Site("main.deep", 5, words=words)
    g.at.sched.pc, g.at.sched.sp, g.at.sched.bp = code(deep), low, low + 8 * words
    size = g.at.stack_hi - g.at.stack_lo
    panic(rt, g, 4)
    assert g.at.stack_hi - g.at.stack_lo == 2 * size
    assert rt.count_frames(g) == 5
