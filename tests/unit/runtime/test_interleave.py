"""What threads of the runtime share, under random schedules: nothing is lost, doubled or waited for in vain.

MORESTACK_FUZZ=long tries ten times as many schedules.
"""

from __future__ import annotations

import ctypes
import os
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from morestack.dialect import machine
from morestack.dialect.machine import nil, ptr_at, ptr_to, size_of, u32, u64
from morestack.runtime.fail.defer import free_records
from morestack.runtime.mem import records
from morestack.runtime.mem.type import InterfaceType, Type
from morestack.runtime.sched import hchan
from morestack.runtime.sync import chan
from morestack.runtime.sync.select import Scase
from morestack.runtime.sys import event, layout, lock
from morestack.runtime.sys import print as printing
from morestack.runtime.sys.layout import G, M, P
from morestack.runtime.value import iface
from tests.interleave import Explorer, Stuck, explore
from tests.unit.runtime.fake_stack import blob, load
from tests.unit.runtime.test_chan import make

LONG = 10 if os.environ.get("MORESTACK_FUZZ") == "long" else 1

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("rt", ["python"], indirect=True)]


def cells(kind: Any, n: int) -> list[Any]:
    """Zeroed words that stay."""
    at = blob(bytes(8 * n))
    return [ptr_at(kind, at + 8 * i) for i in range(n)]


# -- the explorer itself -------------------------------------------------------------------------------


def code_of_the_runtime(source: str) -> types.SimpleNamespace:
    """Functions that are traced as the runtime's are."""
    names: dict[str, Any] = dict(vars(machine))
    exec(compile(source, str(lock.__file__), "exec"), names)
    return types.SimpleNamespace(**names)


def test_a_lost_update_is_found(rt: Any) -> None:
    case = code_of_the_runtime("def count(p):\n    p[0] = p[0] + 1\n")
    (cell,) = cells(u64, 1)

    def setup(x: Explorer) -> list[Callable[[], None]]:
        cell[0] = 0
        return [lambda: case.count(cell)] * 2

    def check() -> None:
        assert cell[0] == 2

    with pytest.raises(AssertionError):
        explore(setup, 200, check)


def test_locks_in_two_orders_are_found(rt: Any) -> None:
    a, b = cells(u32, 2)

    def both(first: Any, second: Any) -> None:
        rt.lock(first, 1)
        rt.lock(second, 2)
        rt.unlock(second)
        rt.unlock(first)

    def setup(x: Explorer) -> list[Callable[[], None]]:
        a[0] = b[0] = 0
        return [lambda: both(a, b), lambda: both(b, a)]

    with pytest.raises(Stuck) as failure:
        explore(setup, 5000)  # it ends at the first schedule that loses one
    assert any("seed" in note for note in failure.value.__notes__)


def test_a_lost_wakeup_is_found(rt: Any) -> None:
    case = code_of_the_runtime("def unlock(l):\n    atomic_store(l, u32(0))\n")
    (l,) = cells(u32, 1)

    def work() -> None:
        for _ in range(3):
            rt.lock(l, 1)
            case.unlock(l)

    def setup(x: Explorer) -> list[Callable[[], None]]:
        l[0] = 0
        return [work, work]

    with pytest.raises(Stuck):
        explore(setup, 5000)  # it ends at the first schedule that loses one


# -- locks and notes -----------------------------------------------------------------------------------


def test_a_lock_excludes_and_wakes(rt: Any) -> None:
    case = code_of_the_runtime("def count(p):\n    p[0] = p[0] + 1\n")
    l, (count,) = cells(u32, 1)[0], cells(u64, 1)

    def work() -> None:
        for _ in range(3):
            rt.lock(l, lock.RANK_HEAP)
            case.count(count)
            rt.unlock(l)

    def setup(x: Explorer) -> list[Callable[[], None]]:
        l[0] = count[0] = 0
        return [work] * 3

    def check() -> None:
        assert (count[0], l[0]) == (9, 0)

    explore(setup, LONG * 15, check)


def test_a_note_is_never_slept_through(rt: Any) -> None:
    (note,) = cells(u32, 1)
    seen = []

    def sleep() -> None:
        rt.notesleep(note)
        seen.append(int(note[0]))

    def setup(x: Explorer) -> list[Callable[[], None]]:
        note[0] = 0
        return [sleep, lambda: rt.notewakeup(note), lambda: rt.notewakeup(note)]

    explore(setup, LONG * 25)
    assert set(seen) == {1}


# -- tables, pools and rings ---------------------------------------------------------------------------


def test_records_are_in_one_place(rt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "POOL_FULL", 4)
    monkeypatch.setattr(records, "BATCH", 2)
    pp = rt.g0.at.m.at.p
    pools = [ptr_to(pp.at.deferpool), ptr_to(pp.at.panicpool), ptr_to(pp.at.spillpool)]
    central = ptr_to(free_records.at.defers)
    held: list[list[int]] = []

    def work(pool: Any, mine: list[int], other: list[int]) -> None:
        for _ in range(8):
            mine.append(int(rt.pool_take(pool, central, 64)))
            if len(other) > 2:
                rt.pool_give(pool, central, other.pop(0))

    def setup(x: Explorer) -> list[Callable[[], None]]:
        held[:] = [[], [], []]
        return [lambda i=i: work(pools[i], held[i], held[(i + 1) % 3]) for i in range(3)]  # type: ignore[misc]

    def check() -> None:
        everywhere = [r for mine in held for r in mine]
        for first in [p.at.list for p in pools] + [central.at.list]:
            at = int(first)
            while at:
                everywhere.append(at)
                at = load(at)
        assert len(everywhere) == len(set(everywhere))
        for i, mine in enumerate(held):
            for r in mine:
                rt.pool_give(pools[i], central, r)

    explore(setup, LONG * 12, check)


def test_a_pair_has_one_itab(rt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[tuple[int, int]] = Counter()
    answers: dict[tuple[int, int], set[int]] = {}

    def make_itab(inter: Any, typ: Any) -> int:
        made[inter.addr, typ.addr] += 1
        return 0x1000 * len(made)

    monkeypatch.setattr(iface, "ITAB_TABLE_START", 4)
    monkeypatch.setattr(iface, "missing_method", lambda inter, typ: 0)
    monkeypatch.setattr(iface, "make_itab", make_itab)

    def work(pairs: list[tuple[int, int]]) -> None:
        for inter, typ in pairs:
            tab = rt.getitab(nil(G), ptr_at(InterfaceType, inter), ptr_at(Type, typ))
            answers.setdefault((inter, typ), set()).add(int(tab))

    pairs = [(0x5000, 0x100 * (i + 1)) for i in range(9)]

    def setup(x: Explorer) -> list[Callable[[], None]]:
        made.clear()
        answers.clear()
        rt.itab_init()
        shuffled = [x.random.sample(pairs, len(pairs)) for _ in range(3)]
        return [lambda p=p: work(p) for p in shuffled]  # type: ignore[misc]

    def check() -> None:
        assert set(made) == set(pairs) and set(made.values()) == {1}
        assert all(len(tabs) == 1 for tabs in answers.values())

    explore(setup, LONG * 12, check)


def test_events_have_slots_of_their_own(rt: Any) -> None:
    numbers: list[int] = []

    def work() -> None:
        for _ in range(5):
            e = rt.event_record(event.EVENT_GROW)
            numbers.append(int(e.at.next))

    def setup(x: Explorer) -> list[Callable[[], None]]:
        numbers.clear()
        event.event_next.value = 0
        return [work] * 3

    def check() -> None:
        assert sorted(numbers) == list(range(15))

    explore(setup, LONG * 15, check)


def test_lines_do_not_mix(rt: Any) -> None:
    room = blob(bytes(4096))

    def work(number: int) -> None:
        for _ in range(3):
            rt.printlock(nil(G))
            for _ in range(4):
                rt.printint(nil(G), number)
            rt.printnl(nil(G))
            rt.printunlock(nil(G))

    def setup(x: Explorer) -> list[Callable[[], None]]:
        printing.sink.at.at, printing.sink.at.end = room, room + 4096
        return [lambda n=n: work(n) for n in (1, 2, 3)]  # type: ignore[misc]

    def check() -> None:
        text = ctypes.string_at(room, printing.sink.at.at - room).decode()
        printing.sink.at.at = 0
        assert sorted(text.split()) == ["1111"] * 3 + ["2222"] * 3 + ["3333"] * 3

    explore(setup, LONG * 12, check)


# -- channels ------------------------------------------------------------------------------------------


class Worker:
    """A goroutine on a thread and a processor of its own."""

    def __init__(self, rt: Any, explorer: Explorer) -> None:
        def new(kind: Any) -> Any:
            return ptr_at(kind, rt.persistentalloc(size_of(kind)))

        self.rt, self.explorer = rt, explorer
        self.g, self.m, p = new(G), new(M), new(P)
        self.g.at.m, self.m.at.p, self.m.at.curg, p.at.m = self.m, p, self.g, self.m
        self.g.at.status = layout.G_RUNNING

    def call(self, func: Callable[..., int], *args: Any) -> int:
        """A call that may park; its result once the goroutine runs again."""
        answer = func(self.g, *args)
        if answer != layout.PARKED:
            return answer
        self.rt.park_commit(self.m)
        self.explorer.wait(lambda: bool(self.g.at.status == layout.G_RUNNABLE))
        self.g.at.status = layout.G_RUNNING
        if self.g.at.waiting.addr:
            self.rt.select_finish(self.g, self.m.at.p)
        return int(self.g.at.sched.ret)

    def send(self, c: Any, value: int) -> None:
        assert self.call(self.rt.chansend, c, word(value)) == 0 or self.g.at.pending

    def receive(self, c: Any) -> int | None:
        room = word(0)
        return load(room) if self.call(self.rt.chanrecv, c, room) else None

    def select(self, cases: list[tuple[Any, int]], sends: int) -> tuple[int, bool]:
        """Case and whether a value was received; `cases` are channels and the places of values."""
        at = blob(b"".join(c.addr.to_bytes(8, "little") + e.to_bytes(8, "little") for c, e in cases) + bytes(64))
        answer = self.call(self.rt.selectgo, ptr_at(Scase, at), sends, len(cases) - sends, True)
        return answer >> 1, bool(answer & 1)


def word(value: int) -> int:
    return blob(value.to_bytes(8, "little"))


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A woken goroutine goes on wherever its thread is."""

    def goready(pp: Any, g: Any) -> None:
        assert g.at.status == layout.G_WAITING
        g.at.status = layout.G_RUNNABLE

    monkeypatch.setattr(chan, "goready", goready)
    hchan.single_p.value = 0


@pytest.mark.parametrize("size", [0, 1, 3])
def test_channels_lose_and_double_nothing(rt: Any, ready: None, size: int) -> None:
    got: list[int] = []

    def setup(x: Explorer) -> list[Callable[[], None]]:
        hchan.single_p.value = 0
        got.clear()
        workers = [Worker(rt, x) for _ in range(4)]
        c = make(rt, workers[0].g, size)

        def produce(w: Worker, start: int) -> None:
            for i in range(4):
                w.send(c, start + i)

        def consume(w: Worker) -> None:
            for _ in range(4):
                value = w.receive(c)
                assert value is not None
                got.append(value)

        return [
            lambda: produce(workers[0], 100), lambda: produce(workers[1], 200),
            lambda: consume(workers[2]), lambda: consume(workers[3]),
        ]  # fmt: skip

    def check() -> None:
        assert sorted(got) == [100, 101, 102, 103, 200, 201, 202, 203]

    explore(setup, LONG * 6, check)


def test_a_closed_channel_gives_all_it_has_to_all(rt: Any, ready: None) -> None:
    got: list[int] = []
    ended: list[int] = []

    def setup(x: Explorer) -> list[Callable[[], None]]:
        hchan.single_p.value = 0
        got.clear()
        ended.clear()
        workers = [Worker(rt, x) for _ in range(3)]
        c = make(rt, workers[0].g, 2)

        def produce() -> None:
            for i in range(5):
                workers[0].send(c, i)
            rt.closechan(workers[0].g, c)

        def consume(w: Worker) -> None:
            while (value := w.receive(c)) is not None:
                got.append(value)
            ended.append(1)

        return [produce, lambda: consume(workers[1]), lambda: consume(workers[2])]

    def check() -> None:
        assert sorted(got) == list(range(5)) and len(ended) == 2

    explore(setup, LONG * 6, check)


def test_selects_take_each_value_once(rt: Any, ready: None) -> None:
    got: list[int] = []

    def setup(x: Explorer) -> list[Callable[[], None]]:
        hchan.single_p.value = 0
        got.clear()
        workers = [Worker(rt, x) for _ in range(4)]
        a, b = make(rt, workers[0].g, 0), make(rt, workers[0].g, 1)

        def produce(w: Worker, start: int) -> None:
            for i in range(3):
                w.select([(a, word(start + i)), (b, word(start + i))], 2)

        def consume(w: Worker) -> None:
            for _ in range(3):
                rooms = [word(0), word(0)]
                case, received = w.select([(b, rooms[0]), (a, rooms[1])], 0)
                assert received
                got.append(load(rooms[case]))

        return [
            lambda: produce(workers[0], 10), lambda: produce(workers[1], 20),
            lambda: consume(workers[2]), lambda: consume(workers[3]),
        ]  # fmt: skip

    def check() -> None:
        assert sorted(got) == [10, 11, 12, 20, 21, 22]

    explore(setup, LONG * 6, check)
