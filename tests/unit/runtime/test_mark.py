"""Marking by several threads marks exactly what one thread marks. Helpers are native threads: only that side runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from morestack.dialect import memory
from morestack.dialect.machine import bind_statics
from morestack.runtime import modules
from morestack.runtime.gc import mgcsweep, mgcworker
from morestack.runtime.mem import mcache, mheap, mspan
from tests.unit.runtime.conftest import Runtime
from tests.unit.runtime.fake_stack import store
from tests.unit.runtime.heap_model import ROOTS, Heap, make_type

WIDE = 4000
"""More objects than a chunk of grey ones holds, so that helpers are asked for."""


@pytest.fixture
def rt() -> Iterator[Any]:
    side = Runtime("native")
    yield side
    side.stop_helpers()
    for module in modules():
        bind_statics(module, None)


def object_spans() -> Iterator[Any]:
    at = mgcsweep.arena_start()
    while at < mheap.mheap.at.arena_used:
        s = mheap.span_of(at)
        if s.at.state == mheap.SPAN_HEAP:
            yield s
        at = s.at.base + s.at.npages * 8192


def take_marks() -> dict[int, list[int]]:
    """The mark bits of every span; they are cleared."""
    marks = {}
    for s in object_spans():
        bits = mspan.mark_bits(s).addr >> 3
        words = range(bits, bits + mspan.bit_words(s))
        marks[s.at.base] = [memory.u64_view[i] for i in words]
        for i in words:
            memory.u64_view[i] = 0
    return marks


def grow(heap: Heap, seed: int, objects: int) -> None:
    """A random graph: nodes of several layouts, wide arrays, long lists, with garbage between."""
    random_ = random.Random(seed)
    shapes = [(16, (0, 1)), (24, (1,)), (64, (0, 7)), (600, (0, 70)), (8, (0,))]
    types = [make_type(size, pointers) for size, pointers in shapes]
    slots: list[int] = []
    wide = heap.array(types[4], 40000)  # of several pieces
    slots += [wide + 8 * i for i in random_.sample(range(40000), WIDE)]
    heap.root(0, wide)
    for n in range(objects):
        kind = random_.randrange(len(shapes))
        p = heap.new_of(types[kind])
        if n < WIDE or random_.random() < 0.7:
            near = slots[random_.randrange(max(0, len(slots) - 50), len(slots))]
            place = slots[n] if n < WIDE else near if n % 3 else random_.choice(slots)
            store(place, p + random_.randrange(shapes[kind][0]))
            slots += [p + 8 * i for i in shapes[kind][1]]
    for i in range(1, ROOTS):
        heap.root(i, random_.choice(slots))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_helpers_mark_what_one_thread_marks(rt: Any, seed: int) -> None:
    heap = Heap(rt)
    grow(heap, seed, 8000)
    rt.mark()
    alone = take_marks()
    assert sum(w.bit_count() for words in alone.values() for w in words) > 1000
    for helpers in (1, 3):
        mgcworker.max_helpers.value = helpers
        for _ in range(5):
            rt.mark()
            assert take_marks() == alone
        assert mgcworker.helpers_made.value == helpers
    heap.collect()
    assert mcache.heap_live.value > 0


@pytest.mark.slow
def test_a_long_list_is_marked_by_one_of_many(rt: Any) -> None:
    heap = Heap(rt)
    node = make_type(16, (0,))
    below = 0
    for _ in range(5000):
        p = heap.new_of(node)
        store(p, below)
        below = p
    heap.root(3, below)
    mgcworker.max_helpers.value = 2
    heap.collect()
    assert mgcsweep.live_objects.value == 5000
    heap.root(3, 0)
    heap.collect()
    assert mgcsweep.live_objects.value == 0
