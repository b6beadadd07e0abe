"""The heap against a model: what roots reach keeps its contents, all else may be handed out again.

Both sides of the runtime take the same steps; the native one takes many.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morestack.runtime.gc import mgcsweep
from morestack.runtime.mem import mcache
from tests.unit.runtime.conftest import Runtime
from tests.unit.runtime.fake_stack import load, store
from tests.unit.runtime.heap_model import ROOTS, Heap, make_type

SHAPES: list[tuple[int, tuple[int, ...]]] = [
    (8, ()), (16, (0,)), (16, (0, 1)), (24, (1,)), (4, ()), (32, (3,)), (72, (0, 8)), (520, (64,)), (40000, (1, 4999)),
]  # fmt: skip
TYPES = [(make_type(size, pointers), size, pointers) for size, pointers in SHAPES]
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.integers(0, len(TYPES) - 1), st.integers(0, ROOTS - 1), st.integers(1, 40)),
        st.tuples(st.just("array"), st.integers(1, 7), st.integers(0, ROOTS - 1), st.integers(1, 300)),
        st.tuples(st.just("link"), st.integers(0, 1 << 30), st.integers(0, 1 << 30), st.integers(0, 1 << 30)),
        st.tuples(st.just("drop"), st.integers(0, ROOTS - 1), st.just(0), st.just(0)),
        st.tuples(st.just("collect"), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=50,
)


class Model:
    """Every object that was allocated: its type, length, and what its pointer words hold."""

    def __init__(self, heap: Heap) -> None:
        self.heap = heap
        self.objects: dict[int, tuple[int, int, dict[int, int]]] = {}
        self.roots: dict[int, int] = {}
        self.stamp = 0

    def add(self, p: int, kind: int, n: int) -> None:
        _, size, _ = TYPES[kind]
        reached = self.reachable()
        for q in [q for q in self.objects if q < p + n * size and p < q + self.size(q)]:
            assert q not in reached, "an object that is in use was handed out"
            del self.objects[q]
        for at in range(p // 8 * 8 if size >= 8 else (p + 7) // 8 * 8, p + n * size - 7, 8):
            assert load(at) == 0, "fresh memory is not zero"
        self.objects[p] = (kind, n, {})
        for w in self.plain(p):
            self.stamp += 1
            store(w, self.stamp | 1 << 63)
            self.objects[p][2][w] = self.stamp | 1 << 63

    def size(self, p: int) -> int:
        """Bytes of an object."""
        kind, n, _ = self.objects[p]
        return TYPES[kind][1] * n

    def plain(self, p: int) -> list[int]:
        """Addresses of the first and last word without a pointer."""
        kind, n, _ = self.objects[p]
        _, size, pointers = TYPES[kind]
        free = [i for i in range(size // 8) if i not in pointers]
        return [p + 8 * free[0], p + (n - 1) * size + 8 * free[-1]] if free else []

    def slots(self, p: int) -> list[int]:
        """Addresses of the pointers of the first and last element."""
        kind, n, _ = self.objects[p]
        _, size, pointers = TYPES[kind]
        return [p + e * size + 8 * i for e in {0, n - 1} for i in pointers]

    def reachable(self) -> set[int]:
        seen: set[int] = set()
        work = list(self.roots.values())
        while work:
            p = work.pop()
            if p not in seen:
                seen.add(p)
                work += [q for w, q in self.objects[p][2].items() if w in self.slots(p) and q]
        return seen

    def step(self, action: tuple[str, int, int, int]) -> None:
        what, a, b, c = action
        if what in ("new", "array"):
            p = 0
            for _ in range(c if what == "new" else 1):
                typ = TYPES[a][0]
                p = self.heap.new_of(typ) if what == "new" else self.heap.array(typ, c)
                self.add(p, a, c if what == "array" else 1)
            self.heap.root(b, p)
            self.roots[b] = p
        elif what == "link":
            reached = sorted(self.reachable())
            slots = [(p, w) for p in reached for w in self.slots(p)]
            if slots:
                p, w = slots[a % len(slots)]
                q = reached[b % len(reached)]
                store(w, q + c % self.size(q))
                self.objects[p][2][w] = q
        elif what == "drop":
            self.roots.pop(a, None)
            self.heap.root(a, 0)
        else:
            self.heap.collect()
            self.check()

    def check(self) -> None:
        reached = self.reachable()
        least = sum(self.size(p) for p in reached)
        assert mcache.heap_live.value >= least
        for p in reached:
            for w, v in self.objects[p][2].items():
                assert load(w) - v in range(1 << 20) if w in self.slots(p) else load(w) == v, "contents changed"
        self.objects = {p: o for p, o in self.objects.items() if p in reached}


@pytest.mark.slow
@pytest.mark.parametrize("side", ["native", "python"])
def test_heap_against_a_model(side: str) -> None:
    rt: Any = Runtime(side)

    @settings(max_examples=40 if side == "native" else 6, deadline=None, database=None)
    @given(ACTIONS)
    def run(actions: list[tuple[str, int, int, int]]) -> None:
        rt.g0 = rt.schedinit(rt.goexit, 1)
        model = Model(Heap(rt))
        for action in actions:
            model.step(action)
        for i in range(ROOTS):
            model.heap.root(i, 0)
        model.heap.collect()
        assert mcache.heap_live.value == 0 and mgcsweep.live_objects.value == 0

    run()
    rt.setdebug(0)
