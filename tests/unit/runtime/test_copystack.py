"""Moving a stack: every pointer into it moves along, nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest

from morestack.abi import convention
from morestack.runtime.gc import mgc
from morestack.runtime.mem import mcache
from morestack.runtime.sys import event, layout
from tests.unit.runtime.fake_stack import Site, blob, closure, code, load, push_frames, sp_of, store

MAIN = Site("main.main", 10, words=4, pointers=(0, 2))
MID = Site("main.mid", 20, words=6, pointers=(1, 5))
DEEP = Site("main.deep", 30, words=3, pointers=(0, 1, 2))
WIDE = Site("main.wide", 40, words=100, pointers=(0, 63, 64, 99))
ENTRY = Site("main.f", 50, entry=True, pointers=(0, 3, 8))


@pytest.fixture
def g(rt: Any) -> Any:
    """A goroutine that has been started and taken by the scheduler."""
    rt.newproc(rt.g0, closure(code(Site("main.run", 1, entry=True))))
    return rt.schedule(rt.g0)


def fill(g: Any, sites: list[Site]) -> dict[str, int]:
    """Frames whose pointer words point into the stack, to the heap, one past an object, or nowhere."""
    heap = blob(b"heap....")
    push_frames(g, [(s, [0xAAAA_0000 + i for i in range(s.words)]) for s in sites])
    places = {"heap": heap}
    for n, site in enumerate(sites):
        sp = sp_of(g, sites, n)
        for k, i in enumerate(site.pointers):
            target = [sp + 8, heap, 0, int(g.at.stack_hi) - 16][k % 4]
            store(sp + 8 * i, target)
    return places


def image(g: Any) -> list[int]:
    """The used words, those that point into the stack relative to its end."""
    lo, hi = int(g.at.stack_lo), int(g.at.stack_hi)
    words = [load(a) for a in range(int(g.at.sched.sp) - 16, hi, 8)]
    return [("stack", w - hi) if lo <= w < hi else ("word", w) for w in words]  # type: ignore[misc]


@pytest.mark.parametrize("sites", [[MAIN], [MAIN, MID, DEEP], [WIDE, MID, WIDE, DEEP]], ids=len)
def test_every_pointer_moves(rt: Any, g: Any, sites: list[Site]) -> None:
    fill(g, sites)
    before, old_hi = image(g), int(g.at.stack_hi)
    assert rt.count_frames(g) == len(sites)
    rt.copystack(g.at.m.at.p, g, 8192, False)
    assert g.at.stack_hi != old_hi and g.at.stack_hi - g.at.stack_lo == 8192
    assert image(g) == before
    assert rt.count_frames(g) == len(sites)
    assert g.at.sched.bp == g.at.sched.sp + sites[-1].words * 8
    assert g.at.stackguard0 == g.at.stack_lo + convention.STACK_GUARD


def test_words_that_are_not_pointers_stay(rt: Any, g: Any) -> None:
    site = Site("main.ints", 1, words=2, pointers=(1,))
    push_frames(g, [(site, [0, 0])])
    looks_like_a_pointer = int(g.at.stack_lo) + 64
    store(g.at.sched.sp, looks_like_a_pointer)
    rt.copystack(g.at.m.at.p, g, 4096, False)
    assert load(g.at.sched.sp) == looks_like_a_pointer


def test_spilled_argument_registers_move(rt: Any, g: Any) -> None:
    fill(g, [MAIN])
    inside, delta_from = int(g.at.sched.sp) + 8, int(g.at.stack_hi)
    for i in range(9):
        g.at.m.at.regs[i] = inside
    g.at.m.at.more_pc, g.at.m.at.more_frame = code(ENTRY), 64
    assert rt.newstack(g) in (0,)
    rt.copystack(g.at.m.at.p, g, 8192, True)
    moved = inside + int(g.at.stack_hi) - delta_from
    assert [int(g.at.m.at.regs[i]) for i in range(9)] == [moved if i in ENTRY.pointers else inside for i in range(9)]


def test_growth_doubles_until_the_frame_fits(rt: Any, g: Any) -> None:
    fill(g, [MAIN, MID])
    before = image(g)
    g.at.m.at.more_pc, g.at.m.at.more_frame = code(ENTRY), 5000
    assert rt.newstack(g) == 0
    assert g.at.stack_hi - g.at.stack_lo == 8192
    assert g.at.sched.sp - 16 - 5000 >= g.at.stackguard0 - convention.STACK_SMALL
    assert image(g) == before
    e = event.event_record(event.EVENT_MOVE).add(-1)
    assert (e.at.what, e.at.old_size, e.at.new_size, e.at.frames) == (event.EVENT_GROW, 2048, 8192, 2)
    assert e.at.goid == 1 and e.at.copied == 8 * len(before)


def test_a_check_that_was_poisoned_moves_the_stack_once(rt: Any, g: Any) -> None:
    rt.setdebug(1 | 2)
    fill(g, [MAIN, DEEP])
    before, old = image(g), int(g.at.stack_lo)
    g.at.m.at.more_pc, g.at.m.at.more_frame = code(ENTRY), 64
    assert rt.newstack(g) == 0
    assert g.at.stack_lo != old and g.at.stack_hi - g.at.stack_lo == 2048
    assert image(g) == before
    assert load(old + 1024) == 0xDBDB_DBDB_DBDB_DBDB
    bp = g.at.sched.sp - 16
    assert not bp < g.at.stackguard0  # the same check passes now ...
    assert bp - 16 < g.at.stackguard0  # ... and a deeper one does not


def test_shrinking_halves_when_a_quarter_is_not_used(rt: Any, g: Any) -> None:
    fill(g, [MAIN, MID])
    before = image(g)
    rt.copystack(g.at.m.at.p, g, 16384, False)
    sizes = []
    while rt.shrinkstack(g.at.m.at.p, g):
        sizes.append(int(g.at.stack_hi - g.at.stack_lo))
    assert sizes == [8192, 4096, 2048]
    assert image(g) == before


def test_a_parked_receivers_place_moves(rt: Any, g: Any) -> None:
    fill(g, [MAIN])
    place = int(g.at.sched.sp) + 8
    c = make_chan(rt, g, 0)
    assert rt.chanrecv(g, c, place) == layout.PARKED
    rt.copystack(g.at.m.at.p, g, 4096, False)  # by its own thread, before the channel's lock is released
    rt.park_commit(g.at.m)
    assert g.at.waiting.at.elem == g.at.sched.sp + 8
    assert rt.selectnbsend(g, c, blob((77).to_bytes(8, "little")))
    assert load(g.at.sched.sp + 8) == 77


def make_chan(rt: Any, g: Any, size: int) -> Any:
    from morestack.dialect.machine import ptr_at
    from morestack.runtime.mem.type import ChanType
    from morestack.runtime.sched.hchan import Hchan
    from tests.unit.runtime.fake_types import chan_type, int_type

    return ptr_at(Hchan, rt.makechan(g, ptr_at(ChanType, chan_type(int_type())), size))


def test_the_stack_limit_ends_the_program(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    rec = Site("main.rec", 7, words=14)
    rt.copystack(g.at.m.at.p, g, 65536, False)
    rt.setmaxstack(65536)
    push_frames(g, [(MAIN, [0] * 4)] + [(rec, [0] * 14)] * 400)
    g.at.m.at.more_pc, g.at.m.at.more_frame = code(ENTRY), 100000
    assert rt.newstack(g) == 1
    assert rt.schedule(g).addr == 0 and rt.exitcode(g) == 2
    err = capfd.readouterr().err
    assert err.startswith("runtime: goroutine stack exceeds 65536-byte limit\nruntime: sp=0x")
    assert (
        "]\nruntime: repeating cycle of 1 frame: main.rec:7\nfatal error: stack overflow\n\ngoroutine 1 [running]:\n"
        in err
    )
    assert "[running]:\nmain.f(...)\n\t/x/prog.go:50\nmain.rec(...)\n\t/x/prog.go:7\n" in err
    assert "...302 frames elided...\n" in err
    assert err.endswith("main.main(...)\n\t/x/prog.go:10\n")


def test_a_request_stops_a_prologue_with_its_registers(rt: Any, g: Any) -> None:
    """It goes on on any thread, moved or not, where it was."""
    fill(g, [MAIN])
    m = g.at.m
    inside = int(g.at.sched.sp) + 8
    for i in range(9):
        m.at.regs[i] = inside + i * (i not in ENTRY.pointers)
    m.at.fregs[7] = 99
    m.at.more_pc, m.at.more_frame = code(ENTRY), 64
    g.at.stackguard0 = convention.STACK_PREEMPT
    mcache.gc_wanted.value = 1
    assert rt.newstack(g) == 1 and rt.spill_of(g).addr != 0
    before = int(g.at.stack_hi)
    rt.copystack(m.at.p, g, 4096, False)
    delta = int(g.at.stack_hi) - before
    cycles = mgc.gcstats.at.cycles
    for i in range(9):
        m.at.regs[i] = 0
    m.at.fregs[7] = m.at.more_pc = m.at.more_frame = 0
    assert rt.switch(g) == g.addr | 1
    assert mgc.gcstats.at.cycles == cycles + 1 and mcache.gc_wanted.value == 0
    assert rt.spill_of(g).addr == 0 and g.at.stackguard0 == g.at.stack_lo + convention.STACK_GUARD
    want = [inside + (delta if i in ENTRY.pointers else i) for i in range(9)]
    assert [int(m.at.regs[i]) for i in range(9)] == want
    assert (m.at.fregs[7], m.at.more_pc, m.at.more_frame) == (99, code(ENTRY), 64)


def test_a_used_time_slice_lets_others_run_first(rt: Any, g: Any) -> None:
    fill(g, [MAIN])
    rt.newproc(g, closure(code(Site("main.other", 1, entry=True))))
    m = g.at.m
    m.at.more_pc, m.at.more_frame, m.at.regs[1] = code(ENTRY), 64, 5
    m.at.p.at.preempt = 1
    assert rt.newstack(g) == 1
    other = rt.schedule(g)
    assert other.at.goid == 2 and g.at.status == layout.G_RUNNABLE and m.at.p.at.preempt == 0
    m.at.regs[1] = 0
    rt.goexit0(other)
    assert rt.switch(other) == g.addr | 1 and m.at.regs[1] == 5
