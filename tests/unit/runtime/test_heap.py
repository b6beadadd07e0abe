"""The heap and the collector: where objects lie, what is zeroed, what stays and what is free after a collection."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from morestack.runtime.gc import mgc, mgcsweep
from morestack.runtime.gc.mgcpace import NO_LIMIT
from morestack.runtime.mem import mcache, mheap, mkind, mspan
from morestack.runtime.sys import fatal
from morestack.runtime.sys.layout import G_WAITING
from tests.unit.runtime import fake_types
from tests.unit.runtime.fake_stack import Site, closure, code, load, push_frames, sp_of, store
from tests.unit.runtime.heap_model import Heap, make_type


@pytest.fixture
def heap(rt: Any) -> Heap:
    return Heap(rt)


def words(p: int, n: int) -> list[int]:
    return [load(p + 8 * i) for i in range(n)]


def test_objects_are_zero_and_do_not_overlap(heap: Heap) -> None:
    got = []
    for size, word in [(16, 0), (24, 1), (8, -1), (40, -1), (600, 3), (600, -1), (40000, 0), (512, 63)]:
        typ = make_type(size, () if word < 0 else (word,))
        for _ in range(5):
            p = heap.new_of(typ)
            assert words(p, size // 8) == [0] * (size // 8)
            for i in range(size // 8):
                store(p + 8 * i, 1)
            got.append((p, p + size))
    got.sort()
    assert all(a[1] <= b[0] for a, b in pairwise(got))


def test_tiny_objects_share_a_block(heap: Heap) -> None:
    typ = make_type(4, ())
    a, b = heap.new_of(typ), heap.new_of(typ)
    assert a // 16 == b // 16 and b == a + 4
    heap.root(0, b)
    heap.collect()
    assert heap.live() == 16
    assert heap.new_of(typ) // 16 != a // 16


def test_a_layout_gets_spans_of_its_own_when_it_is_used_often(heap: Heap) -> None:
    typ = make_type(32, (0, 3))
    first = heap.new_of(typ)
    assert mheap.span_of(first).at.form == mspan.FORM_HEADER
    last = first
    for _ in range(mkind.FEW // 32):
        last = heap.new_of(typ)
    assert mheap.span_of(last).at.form == mspan.FORM_MASK
    assert mheap.span_of(last).at.mask == 0b1001


def test_layouts_repeat_to_the_end_of_the_slot(heap: Heap) -> None:
    pointer = make_type(8, (0,))
    pair = make_type(16, (0, 1))
    a = b = 0
    for _ in range(200):
        a, b = heap.array(pointer, 4), heap.array(pair, 2)
    assert mheap.span_of(a).at.run == mheap.span_of(b).at.run


def test_what_roots_reach_stays_and_the_rest_is_used_again(heap: Heap) -> None:
    node = make_type(24, (1,))
    kept: list[int] = []
    for i in range(300):
        p = heap.new_of(node)
        store(p, i)
        if i % 3 == 0:
            store(p + 8, kept[-1] if kept else 0)
            kept.append(p)
    heap.root(5, kept[-1])
    heap.collect()
    spans = mheap.mheap.at.pages_inuse
    fresh = {heap.new_of(node) for _ in range(150)}
    assert fresh.isdisjoint(kept)
    assert mheap.mheap.at.pages_inuse == spans, "the free objects were not used"
    for p in fresh:
        assert words(p, 3) == [0, 0, 0]
        store(p, 99)
    p = kept[-1]
    for i in reversed(range(100)):
        assert load(p) == 3 * i
        p = load(p + 8)
    heap.root(5, 0)
    heap.collect()
    assert heap.live() == 0
    assert not spans_in_use()


def spans_in_use() -> list[int]:
    """Bytes of spans of objects."""
    found, at = [], mgcsweep.arena_start()
    while at < mheap.mheap.at.arena_used:
        s = mheap.span_of(at)
        if s.at.state == mheap.SPAN_HEAP:
            found.append(s.at.npages)
        at = s.at.base + s.at.npages * 8192
    return found


@pytest.mark.parametrize("size", [24, 520, 40000])
def test_pointers_into_an_object_keep_it_and_others_do_not(heap: Heap, size: int) -> None:
    typ = make_type(size, (2,))
    p, q, r = heap.new_of(typ), heap.new_of(typ), heap.new_of(typ)
    store(p, q)  # no pointer by the type
    store(p + 16, r + size - 1)
    heap.root(0, p + 8)
    heap.collect()
    alive = {heap.new_of(typ) for _ in range(3)}
    assert p not in alive and r not in alive
    if size < 1000:
        assert q in alive


@pytest.mark.slow
def test_arrays_are_scanned_to_their_end(heap: Heap) -> None:
    elem = make_type(24, (0,))
    leaf = make_type(48, ())
    for n in (3, 20, 100, 1400):
        a = heap.array(elem, n)
        heap.root(0, a)
        objects = [heap.new_of(leaf) for _ in range(n)]
        for i, p in enumerate(objects):
            store(a + 24 * i, p)
            store(a + 24 * i + 8, 0x123)
        before = heap.live()
        heap.collect()
        again = {heap.new_of(leaf) for _ in range(n)}
        assert again.isdisjoint(objects)
        assert before > 48 * n


@pytest.mark.slow
def test_what_a_large_array_reaches_is_marked(heap: Heap) -> None:
    node = make_type(16, (0, 1))
    pointer = make_type(8, (0,))
    wide = heap.array(pointer, 5000)
    for i in range(5000):
        p = heap.new_of(node)
        q = heap.new_of(node)
        store(p, q)
        store(wide + 8 * i, p)
    heap.root(1, wide)
    heap.collect()
    rare = mkind.FEW // 16 - 1  # these have headers
    assert heap.live() == 40960 + 10000 * 16 + rare * 8


def test_frames_keep_what_their_bitmaps_say(rt: Any, heap: Heap) -> None:
    node = make_type(64, (0,))
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    g = rt.g0.at.m.at.p.at.runnext
    live, dead, ctxt = heap.new_of(node), heap.new_of(node), heap.new_of(node)
    store(ctxt, code(Site("main.h", entry=True)))
    push_frames(g, [(Site("main.f", words=70, pointers=(69,)), [dead] + [0] * 68 + [live + 8]), (Site("main.g"), [])])
    g.at.status = G_WAITING
    rt.newproc(rt.g0, ctxt)
    heap.collect()
    again = {heap.new_of(node) for _ in range(3)}
    assert live not in again and ctxt not in again and dead in again


def test_objects_in_frames_keep_what_they_hold_only_while_they_are_of_use(rt: Any, heap: Heap) -> None:
    node = make_type(64, (0,))
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    g = rt.g0.at.m.at.p.at.runnext
    outer = Site("main.outer", words=70, pointers=(0, 2, 5, 69), objects=((2, 3), (5, 65)))
    inner = Site("main.inner", words=10, pointers=(0, 5, 6, 8), objects=((4, 2), (6, 2), (8, 2)), used=1 << 1)
    outer_sp, inner_sp = (sp_of(g, (outer, inner), k) for k in range(2))
    root, chained, pointed, unread, unreached = (heap.new_of(node) for _ in range(5))
    rows = [0] * 70, [0] * 10
    rows[0][0], rows[0][2], rows[0][69] = root, pointed, unreached
    rows[1][0] = outer_sp + 4 * 8  # into the first of outer's objects
    rows[1][5], rows[1][6], rows[1][8] = chained, inner_sp + 5 * 8, unread  # the second is read: it leads to the first
    push_frames(g, [(outer, rows[0]), (inner, rows[1])])
    g.at.status = G_WAITING
    heap.collect()
    again = {heap.new_of(node) for _ in range(2)}
    assert again == {unread, unreached}


def test_spilled_arguments_are_roots(rt: Any, heap: Heap) -> None:
    node = make_type(64, (0,))
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    g = rt.g0.at.m.at.p.at.runnext
    push_frames(g, [(Site("main.f", words=2), [0, 0])])
    p, q = heap.new_of(node), heap.new_of(node)
    g.at.m.at.regs[0], g.at.m.at.regs[3] = q, p
    g.at.m.at.more_pc = code(Site("main.callee", entry=True, pointers=(3,)))
    rt.park_prologue(heap.pp, g)
    rt.collect(heap.pp)
    again = {heap.new_of(node) for _ in range(2)}
    assert p not in again and q in again


def test_marking_ignores_words_that_are_no_pointers(rt: Any, heap: Heap) -> None:
    typ = make_type(32, (0, 1, 2, 3))
    p = heap.new_of(typ)
    for i, word in enumerate([1, (1 << 64) - 1, mheap.mheap.at.arena_used, int(rt.stackalloc(heap.pp, 2048))]):
        store(p + 8 * i, word)
    heap.root(0, p)
    heap.collect()
    assert heap.live() > 0


def test_the_goal_follows_what_is_alive(rt: Any, heap: Heap) -> None:
    rt.setgc(100, NO_LIMIT, 0, 0)
    assert mcache.next_gc.value == 4 << 20
    heap.root(0, heap.array(make_type(8, ()), 1 << 20))
    assert mcache.gc_wanted.value == 1
    heap.collect()
    assert mcache.gc_wanted.value == 0 and mcache.next_gc.value >= 16 << 20
    rt.setgc(-1, NO_LIMIT, 0, 0)
    assert mcache.next_gc.value > 1 << 60


def test_checkescape_reports_a_pointer_into_a_stack(rt: Any, heap: Heap, capfd: Any) -> None:
    rt.setdebug(16)
    p = heap.new_of(fake_types.descriptor("main.Escaping", 25, 24, ptrdata=24))
    heap.root(0, p)
    heap.collect()
    assert fatal.exit_code.value == 0
    store(p + 16, int(rt.stackalloc(heap.pp, 2048)) + 100)
    heap.collect()
    assert fatal.exit_code.value == 2
    assert "of type main.Escaping has a pointer into a stack at offset 0x10" in capfd.readouterr().err


def test_starting_stacks_follow_what_was_scanned(rt: Any, heap: Heap) -> None:
    rt.setgc(100, NO_LIMIT, 0, 1)
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    g = rt.g0.at.m.at.p.at.runnext
    rt.copystack(heap.pp, g, 16384, False)
    push_frames(g, [(Site("main.f", words=900), [])])
    heap.collect()
    assert mgc.starting_stack.value == 8192
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    fresh = rt.g0.at.m.at.p.at.runnext
    assert fresh.at.stack_hi - fresh.at.stack_lo == 8192


def test_a_collection_shrinks_stacks(rt: Any, heap: Heap) -> None:
    rt.newproc(rt.g0, closure(code(Site("main.f", entry=True))))
    g = rt.g0.at.m.at.p.at.runnext
    rt.copystack(heap.pp, g, 65536, False)
    for size in (32768, 16384, 8192, 4096, 2048, 2048):
        heap.collect()
        assert g.at.stack_hi - g.at.stack_lo == size
