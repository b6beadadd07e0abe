"""The stack allocator and the page heap against a model: live stacks never overlap, and everything comes back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from morestack import runtime
from morestack.dialect import memory
from morestack.dialect.machine import bind_statics
from morestack.runtime import init
from morestack.runtime.mem import mheap
from morestack.runtime.stack import stackalloc, stackcache, stacklarge
from morestack.runtime.sys import allp, event

SIZES = [2048 << k for k in range(10)]
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("alloc"), st.sampled_from(SIZES)),
        st.tuples(st.just("many"), st.sampled_from(SIZES[:4])),
        st.tuples(st.just("free"), st.integers(0, 1 << 30)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("heap"), st.integers(1, 300)),
    ),
    max_size=60,
)


def fresh() -> Any:
    """A processor of a fresh runtime, on the CPython side."""
    for module in runtime.modules():
        bind_statics(module, None)
    return init.schedinit(0x10000, 1).at.m.at.p


class Model:
    """Live ranges."""

    def __init__(self, pp: Any) -> None:
        self.pp = pp
        self.live: list[tuple[int, int]] = []
        self.spans: list[Any] = []

    def alloc(self, size: int) -> None:
        lo = stackalloc.stackalloc(self.pp, size)
        assert lo % 16 == 0
        assert all(lo + size <= a or b <= lo for a, b in self.live), "a stack overlaps another"
        memory.u64_view[lo >> 3] = memory.u64_view[(lo + size - 8) >> 3] = lo
        self.live.append((lo, lo + size))

    def free(self, n: int) -> None:
        if self.live:
            lo, hi = self.live.pop(n % len(self.live))
            assert memory.u64_view[lo >> 3] == memory.u64_view[(hi - 8) >> 3] == lo, "someone wrote to a live stack"
            stackalloc.stackfree(self.pp, lo, hi - lo)

    def heap(self, npages: int) -> None:
        """Page runs for objects come from the same heap."""
        s = mheap.mheap_alloc(npages, mheap.SPAN_HEAP)
        lo, hi = s.at.base, s.at.base + npages * 8192
        assert all(hi <= a or b <= lo for a, b in self.live)
        self.spans.append(s)
        if len(self.spans) > 3:
            mheap.mheap_free(self.spans.pop(0))


@settings(deadline=None, max_examples=15)
@given(ACTIONS)
def test_live_stacks_are_apart_and_all_memory_comes_back(actions: list[tuple[str, int]]) -> None:
    pp = fresh()
    before = int(allp.stacks_inuse())
    model = Model(pp)
    for what, n in actions:
        match what:
            case "alloc":
                model.alloc(n)
            case "many":
                for _ in range(20):
                    model.alloc(n)
            case "free":
                model.free(n)
            case "heap":
                model.heap(n)
            case _:
                stackcache.stackcache_clear(pp)
                stacklarge.free_stack_spans()
        assert allp.stacks_inuse() - before == sum(b - a for a, b in model.live)
        for order in range(4):
            assert pp.at.stackcache[order].size <= 32768 + (2048 << order)
    while model.live:
        model.free(0)
    stackcache.stackcache_clear(pp)
    stacklarge.free_stack_spans()
    for s in model.spans:
        mheap.mheap_free(s)
    assert mheap.mheap.at.pages_inuse == 0 and mheap.mheap.at.spans_inuse == 0
    assert free_runs() <= 1, "free neighbours were not merged"


def free_runs() -> int:
    """Free runs of the page heap; checks that their list links hold."""
    count = 0
    for b in range(160):
        s = mheap.ptr_at(mheap.MSpan, mheap.mheap.at.bins[b])
        while s.addr != 0:
            assert mheap.bin_of(s.at.npages) == b and s.at.state == mheap.SPAN_FREE
            count += 1
            s = s.at.next
    return count


def test_a_large_stack_is_kept_for_the_next() -> None:
    pp = fresh()
    lo = stackalloc.stackalloc(pp, 65536)
    stackalloc.stackfree(pp, lo, 65536)
    counts = [int(pp.at.stacks.by_source[i]) for i in range(4)]
    assert stackalloc.stackalloc(pp, 65536) == lo
    assert int(pp.at.stacks.by_source[event.SOURCE_LARGE]) == counts[event.SOURCE_LARGE] + 1


def test_the_cache_takes_half_of_itself_from_the_pool() -> None:
    pp = fresh()
    stackalloc.stackalloc(pp, 2048)
    assert pp.at.stackcache[0].size == 16384 - 2048
