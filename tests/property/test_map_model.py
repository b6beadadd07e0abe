"""Maps against a model: random operations, also between the steps of several iterations at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from morestack import runtime
from morestack.dialect.machine import bind_statics, ptr_at, u8
from morestack.runtime import init
from morestack.runtime.value import map, mapiter
from morestack.runtime.value.maptable import capacity_of
from tests.fake_map import FakeMap

FUNCTIONS = SimpleNamespace(**vars(map), mapiterinit=mapiter.mapiterinit, mapiternext=mapiter.mapiternext)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.integers(0, 40)),
        st.tuples(st.just("many"), st.integers(0, 400)),
        st.tuples(st.just("delete"), st.integers(0, 40)),
        st.tuples(st.just("few"), st.integers(0, 400)),
        st.tuples(st.just("range"), st.just(0)),
        st.tuples(st.just("next"), st.integers(0, 3)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=50,
)


class Range:
    """An iteration under way: entries are numbered when they are made, so that one made anew is another."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.steps = model.map.walk()
        self.seen: set[int] = set()
        self.owed = set(model.entries)
        self.done = False

    def next(self) -> None:
        """One step; checks what it gives, and at the end that nothing was left out."""
        entry = None if self.done else next(self.steps, None)
        if entry is None:
            assert not self.owed & set(self.model.entries), "an entry was left out"
            self.done = True
            return
        key, value = entry
        assert self.model.values.get(key) == value, "a deleted entry or an old value"
        number = self.model.numbers[key]
        assert number not in self.seen, "an entry came twice"
        self.seen.add(number)
        self.owed.discard(number)


class Model:
    """A map and what it should hold."""

    def __init__(self, key: str) -> None:
        for module in runtime.modules():
            bind_statics(module, None)
        self.map = FakeMap(FUNCTIONS, init.schedinit(0x10000, 1), key)
        self.key_of: Any = (lambda n: f"key{n}") if key == "string" else int
        self.values: dict[Any, int] = {}
        self.numbers: dict[Any, int] = {}
        self.made = 0
        self.ranges: list[Range] = []

    @property
    def entries(self) -> list[int]:
        return list(self.numbers.values())

    def assign(self, n: int) -> None:
        key = self.key_of(n)
        if key not in self.numbers:
            self.numbers[key] = self.made
        self.made += 1
        self.map[key] = self.values[key] = self.made

    def delete(self, n: int) -> None:
        key = self.key_of(n)
        del self.map[key]
        self.values.pop(key, None)
        self.numbers.pop(key, None)

    def clear(self) -> None:
        self.map.clear()
        self.values.clear()
        self.numbers.clear()

    def check(self) -> None:
        """The table's invariants."""
        m, t = self.map.map.at, self.map.type
        assert len(self.map) == len(self.values) == m.used
        if m.groups:
            groups = [m.groups + i * t.at.group_size for i in range(m.mask + 1)]
            ctrl = [ptr_at(u8, at)[i] for at in groups for i in range(8)]
            assert sum(c >= 128 for c in ctrl) == m.used
            assert m.growth_left == capacity_of(m.mask + 1) - m.used - ctrl.count(1)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(["int", "int32", "string"]), ACTIONS)
def test_a_map_is_what_its_model_is(key: str, actions: list[tuple[str, int]]) -> None:
    model = Model(key)
    for what, n in actions:
        match what:
            case "assign":
                model.assign(n)
            case "many":
                for i in range(n, n + 20):
                    model.assign(i)
            case "delete":
                model.delete(n)
            case "few":
                for i in range(n, n + 15):
                    model.delete(i)
            case "range":
                model.ranges = [*model.ranges[-3:], Range(model)]
            case "next":
                for it in model.ranges[n:]:
                    it.next()
            case _:
                model.clear()
        model.check()
    for k, v in model.values.items():
        assert model.map.get(k) == v
    for it in model.ranges:
        while not it.done:
            it.next()
    assert dict(model.map.walk()) == model.values
