"""The heap of timers against a model: timers are armed, stopped, reset and fired in random order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from morestack.dialect.machine import ptr_at, size_of
from morestack.runtime.mem.type import ChanType
from morestack.runtime.sched.hchan import Hchan
from morestack.runtime.sched.timeheap import TIMER_CHAN, Timer, TimerEntry, timers
from morestack.runtime.sync.time import GoTime
from tests.unit.runtime.fake_types import chan_type, sized_type

FAR = 1 << 62


def make_timer(rt: Any) -> tuple[Any, Any]:
    """A timer with a channel for times, and the channel."""
    c = ptr_at(Hchan, rt.makechan(rt.g0, ptr_at(ChanType, chan_type(sized_type(size_of(GoTime), False))), 1))
    t = ptr_at(Timer, rt.mallocgc(rt.g0.at.m.at.p, size_of(Timer), True))
    t.at.kind, t.at.arg, t.at.when, t.at.period, t.at.index = TIMER_CHAN, c.addr, 0, 0, 0
    return t, c


def check_heap(armed: dict[int, int]) -> None:
    """The heap has what the model has; no child comes before its parent; each timer knows its place."""
    heap = ptr_at(TimerEntry, timers.at.heap.addr)
    found = {}
    for i in range(timers.at.count):
        e = heap.add(i).at
        assert e.timer.at.index == i + 1 and e.timer.at.when == e.when
        assert i == 0 or heap.add((i - 1) // 4).at.when <= e.when
        found[e.timer.addr] = e.when
    assert found == armed
    assert timers.at.first == min(armed.values(), default=0)


@pytest.mark.parametrize("seed", range(5))
def test_heap_agrees_with_a_sorted_list(rt: Any, seed: int) -> None:
    choice = random.Random(seed)
    known = [make_timer(rt) for _ in range(60)]
    armed: dict[int, int] = {}
    pp = rt.g0.at.m.at.p
    for _ in range(200):
        t, c = choice.choice(known)
        what = choice.random()
        if what < 0.6:
            when = FAR + choice.randrange(50)
            sent = c.at.qcount != 0
            assert bool(rt.resettimer(rt.g0, t, when, 0)) == (t.addr in armed or sent)
            armed[t.addr] = when
        elif what < 0.9:
            sent = c.at.qcount != 0
            assert bool(rt.stoptimer(rt.g0, t)) == (t.addr in armed or sent)
            armed.pop(t.addr, None)
            assert c.at.qcount == 0 and t.at.when == 0
        else:
            now = FAR + choice.randrange(50)
            rt.run_timers(pp, now)
            due = [a for a, when in armed.items() if when <= now]
            for a in due:
                del armed[a]
            sent_to = {k.addr for k, ch in known if ch.at.qcount != 0}
            assert set(due) <= sent_to and not sent_to & set(armed)
        check_heap(armed)


def test_a_periodic_timer_keeps_its_rhythm(rt: Any) -> None:
    t, c = make_timer(rt)
    pp = rt.g0.at.m.at.p
    rt.resettimer(rt.g0, t, FAR, 10)
    for now, then in ((FAR + 3, FAR + 10), (FAR + 10, FAR + 20), (FAR + 57, FAR + 60)):
        rt.run_timers(pp, now)
        assert t.at.when == then and c.at.qcount == 1
        check_heap({t.addr: then})
    assert rt.stoptimer(rt.g0, t)
    assert c.at.qcount == 0 and not rt.stoptimer(rt.g0, t)


def test_channels_of_timers_have_no_length(rt: Any) -> None:
    t, c = make_timer(rt)
    rt.resettimer(rt.g0, t, 1, 0)  # long due
    assert (rt.chanlen(rt.g0, c), rt.chancap(rt.g0, c)) == (0, 0)
    out = rt.mallocgc(rt.g0.at.m.at.p, size_of(GoTime), True)
    assert rt.selectnbrecv(rt.g0, out, c) == 3  # who looks fires it
    assert ptr_at(GoTime, out).at.wall >> 63 == 1
    assert rt.selectnbrecv(rt.g0, out, c) == 0
    check_heap({})


def test_timers_that_nobody_sees_are_dropped(rt: Any) -> None:
    known = [make_timer(rt)[0] for _ in range(40)]
    for k, t in enumerate(known):
        rt.resettimer(rt.g0, t, FAR + k * 7 % 11, 0)
    assert not rt.timers_alive()  # nobody waits for any of them
    rt.drop_timers()  # nothing is marked
    check_heap({})
    assert all(t.at.when == 0 for t in known)
