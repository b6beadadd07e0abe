"""Stacks that are not contiguous: segments, kept ones, moved frames, reservations."""

from __future__ import annotations

from typing import Any

import pytest

from morestack.abi import convention, settings
from morestack.dialect.machine import nil, ptr_at, size_of
from morestack.runtime.stack import crossing
from morestack.runtime.sys import event
from morestack.runtime.sys.layout import Stktop
from tests.unit.runtime.fake_stack import Site, blob, closure, code, load, push_frames, store

LESSSTACK = Site("runtime.lessstack", flags=2 | 8)
OUTER = Site("main.outer", 10, words=10, pointers=(0, 1, 9))
MID = Site("main.mid", 20, words=6, pointers=(1, 5), args=8, area=24)
INNER = Site("main.inner", 30, words=8, pointers=(0, 2, 7))
ENTRY = Site("main.f", 50, entry=True, pointers=(0, 1), args=16, area=40)
SITES = [OUTER, MID, INNER]
SEGMENT = 4096


def start(rt: Any, discipline: int) -> Any:
    """A running goroutine with frames, whose next call does not fit."""
    assert rt.setdiscipline(discipline, SEGMENT, code(LESSSTACK)) == 1
    rt.newproc(rt.g0, closure(code(Site("main.run", 1, entry=True))))
    g = rt.schedule(rt.g0)
    push_frames(g, [(s, [0] * s.words) for s in SITES])
    return g


def call(g: Any, entry: Site = ENTRY, frame: int = SEGMENT - 300) -> None:
    """What morestack leaves for newstack."""
    store(g.at.sched.sp - 8, g.at.sched.pc)
    store(g.at.sched.sp - 16, g.at.sched.bp)
    g.at.m.at.more_pc = code(entry)
    g.at.m.at.more_frame = frame


def place(g: Any) -> tuple[int, int, int]:
    return int(g.at.sched.pc), int(g.at.sched.sp), int(g.at.sched.bp)


def test_a_segment_is_entered_and_left(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED)
    before, bounds = place(g), (int(g.at.stack_lo), int(g.at.stack_hi))
    for k in range(5):
        store(g.at.sched.sp + 8 * k, 100 + k)
    call(g)
    assert rt.newstack(g) == 0
    top = g.at.extra.at.stktop.at
    at = int(g.at.stack_hi) - size_of(Stktop) - ENTRY.area
    assert g.at.stack_hi - g.at.stack_lo == SEGMENT and g.at.stack_lo != bounds[0]
    assert (top.pc, top.sp, top.bp, top.lo, top.hi) == (*before, *bounds)
    assert (g.at.sched.pc, g.at.sched.sp) == (code(LESSSTACK), at)
    assert [load(at), load(at + 8)] == [100, 101], "arguments are there"
    assert (load(at - 8), load(at - 16)) == (code(LESSSTACK), before[2])
    assert g.at.stackguard0 == g.at.stack_lo + convention.STACK_GUARD
    assert rt.count_frames(g) == len(SITES), "a walk sees no segments"
    store(at + 16, 7)
    store(at + 32, 9)
    store(at, 5)
    rt.oldstack(g)
    assert place(g) == before and (g.at.stack_lo, g.at.stack_hi) == bounds and g.at.extra.at.stktop == nil(Stktop)
    words = [load(before[1] + 8 * k) for k in range(5)]
    assert words[:3] == [100, 101, 7] and words[4] == 9, "results come back, arguments do not"


def test_crossings_are_counted_by_call(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED)
    for _ in range(3):
        call(g)
        rt.newstack(g)
        rt.oldstack(g)
    call(g, frame=3 * SEGMENT)
    rt.newstack(g)
    assert g.at.stack_hi - g.at.stack_lo == 4 * SEGMENT
    rt.sumcrossings(rt.g0)
    s = event.stats.at
    assert (s.segment_overflows, s.segment_crossings, s.segments_kept) == (4, 7, 0)
    c = ptr_at(crossing.Crossing, rt.crossing_at(code(INNER), 0).addr).at
    assert (c.made, c.left, c.extra, c.pc) == (4, 3, 3 * SEGMENT, code(INNER))


def test_a_segment_is_kept_for_the_next_call_and_freed_when_unused(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED_KEEP)
    g.at.sched.pc = code(Site("runtime.x", flags=2, words=8))  # frames of the runtime stay where they are
    call(g)
    rt.newstack(g)
    lo = int(g.at.stack_lo)
    rt.oldstack(g)
    assert g.at.extra.at.kept == lo
    call(g)
    rt.newstack(g)
    assert g.at.stack_lo == lo and g.at.extra.at.kept == 0
    rt.oldstack(g)
    pp = g.at.m.at.p
    assert rt.has_excess(g)
    rt.relieve(pp, g)
    assert g.at.extra.at.kept == lo, "used since the collection before"
    rt.relieve(pp, g)
    assert g.at.extra.at.kept == 0 and not rt.has_excess(g)


def test_frames_move_to_the_new_segment_with_every_pointer(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED_KEEP)
    heap = blob(b"heap....")
    inner = int(g.at.sched.sp)
    mid = inner + INNER.words * 8 + 16
    outer = mid + MID.words * 8 + 16
    store(inner, mid + 16)  # to a frame that moves too
    store(inner + 16, outer + 8)
    store(inner + 56, heap)
    store(mid + 8, mid)
    store(mid + 40, outer)
    store(outer, heap)  # an argument of mid, and its results
    g.at.m.at.regs[0] = inner + 24
    g.at.m.at.regs[1] = outer
    call(g)
    assert rt.newstack(g) == 0
    # All three move: the goroutine's first function returns to rt.goexit, which is the runtime's.
    top = g.at.extra.at.stktop.at
    delta = int(g.at.sched.sp) - inner
    assert top.pc == rt.goexit and g.at.sched.pc == code(INNER)
    assert load(inner + delta) == mid + 16 + delta
    assert load(inner + delta + 16) == outer + 8 + delta
    assert load(inner + delta + 56) == heap
    assert (load(mid + delta + 8), load(mid + delta + 40)) == (mid + delta, outer + delta)
    assert (g.at.m.at.regs[0], g.at.m.at.regs[1]) == (inner + 24 + delta, outer + delta)
    assert g.at.sched.bp == g.at.sched.sp + INNER.words * 8
    assert rt.count_frames(g) == len(SITES)
    assert event_counts(rt) == (3, (OUTER.words + MID.words + INNER.words) * 8 + 3 * 16)


def event_counts(rt: Any) -> tuple[int, int]:
    rt.sumcrossings(rt.g0)
    return int(event.stats.at.frames_moved), int(event.stats.at.frame_bytes_moved)


def test_frames_that_do_not_fit_a_quarter_of_a_segment_stay(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED_KEEP)
    wide = Site("main.wide", 40, words=120)
    push_frames(g, [(s, [0] * s.words) for s in (wide, MID, INNER)])
    before = place(g)
    sp_wide = before[1] + (INNER.words + MID.words) * 8 + 32
    store(sp_wide, 55)
    store(sp_wide + 8, 66)
    call(g)
    rt.newstack(g)
    top = g.at.extra.at.stktop.at
    assert (top.pc, top.sp, top.args, top.area) == (code(wide), sp_wide, MID.args, MID.area)
    at = int(g.at.stack_hi) - size_of(Stktop) - MID.area
    assert load(at) == 55 and load(at - 8) == code(LESSSTACK)
    store(at + 8, 77)
    rt.oldstack(g)
    assert place(g)[:2] == (code(wide), sp_wide) and load(sp_wide + 8) == 77


@pytest.mark.parametrize("discipline", [settings.SEGMENTED, settings.SEGMENTED_KEEP])
def test_a_goroutine_that_ends_gives_back_all_its_segments(rt: Any, discipline: int) -> None:
    g = start(rt, discipline)
    for _ in range(4):
        call(g)
        rt.newstack(g)
        g.at.sched.sp = g.at.sched.sp - 8 * INNER.words - 16
        store(g.at.sched.sp + 8 * INNER.words, 0)
        store(g.at.sched.sp + 8 * INNER.words + 8, g.at.sched.pc)
        g.at.sched.pc = code(INNER)
    used, more = int(rt.stacks_inuse()), rt.stack_bytes(g) - SEGMENT
    assert more >= 2 * SEGMENT
    rt.end_stack(g.at.m.at.p, g)
    assert rt.stacks_inuse() == used - more
    assert g.at.extra.at.stktop == nil(Stktop) and g.at.extra.at.kept == 0


def test_what_lies_deeper_is_found_across_segments(rt: Any) -> None:
    g = start(rt, settings.SEGMENTED)
    old = int(g.at.sched.sp)
    call(g)
    rt.newstack(g)
    new = int(g.at.sched.sp)
    assert rt.is_within(g, new, old) and not rt.is_within(g, old, new)
    assert rt.is_within(g, old, old) and rt.is_within(g, new, new)
    assert rt.is_within(g, new - 64, new) and not rt.is_within(g, new, new - 64)


def test_a_stack_that_is_too_large_is_reported(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    g = start(rt, settings.SEGMENTED)
    rt.setmaxstack(8192)
    call(g)
    assert rt.newstack(g) == 0
    call(g)
    assert rt.newstack(g) == 1
    assert "goroutine stack exceeds 8192-byte limit" in capfd.readouterr().err


def test_a_reservation_grows_in_place_and_is_trimmed(rt: Any) -> None:
    inuse = int(rt.stacks_inuse())
    g = start(rt, settings.RESERVE)
    hi, before = int(g.at.stack_hi), place(g)
    assert hi - g.at.stack_lo == 4096
    call(g, frame=10000)
    assert rt.newstack(g) == 0
    assert (place(g), int(g.at.stack_hi)) == (before, hi) and hi - g.at.stack_lo == 16384
    store(g.at.stack_lo, 1)
    assert rt.has_excess(g)
    lo = int(g.at.stack_lo)
    rt.relieve(g.at.m.at.p, g)
    assert hi - g.at.stack_lo == 4096 and place(g) == before
    assert load(lo) == 0, "the page was given back"
    assert rt.stacks_inuse() == inuse + 4096


def test_reservations_do_not_overlap_and_stay_with_their_goroutine(rt: Any) -> None:
    g = start(rt, settings.RESERVE)
    rt.newproc(g, closure(code(Site("main.run", 1, entry=True))))
    rt.gosched(g)
    other = rt.schedule(g)
    bottom = int(other.at.extra.at.bottom)
    assert bottom >= g.at.stack_hi and other.at.stack_hi - bottom == 1 << 28
    bottom = int(other.at.extra.at.bottom)
    rt.goexit0(other)
    again = rt.schedule(other)
    rt.newproc(again, closure(code(Site("main.run", 1, entry=True))))
    rt.gosched(again)
    reused = rt.schedule(again)
    assert reused.at.extra.at.bottom == bottom


def test_the_end_of_a_reservation_is_a_stack_overflow(rt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    g = start(rt, settings.RESERVE)
    size = int(g.at.stack_hi - g.at.extra.at.bottom)
    call(g, frame=size)
    assert rt.newstack(g) == 1
    assert "stack overflow" in capfd.readouterr().err
