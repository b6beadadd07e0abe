"""Channels against a model: random operations of several goroutines, and the rules one by one."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import pytest

from morestack.abi import pending
from morestack.dialect.machine import nil, ptr_at
from morestack.runtime.mem.type import ChanType
from morestack.runtime.sched.hchan import Hchan
from morestack.runtime.sync.select import Scase
from morestack.runtime.sys import layout
from tests.unit.runtime.fake_stack import Site, blob, closure, code, load, push_frames, store
from tests.unit.runtime.fake_types import chan_type, int_type, sized_type

FRAME = Site("main.worker", 3, words=8)


def spawn(rt: Any) -> Any:
    """A goroutine with a frame of 8 words at its sched.sp; it has been taken by the scheduler."""
    rt.newproc(rt.g0, closure(code(Site("main.run", 1, entry=True))))
    g = rt.schedule(rt.g0)
    push_frames(g, [(FRAME, [0] * 8)])
    return g


def make(rt: Any, g: Any, size: int, elem: int = 0) -> Any:
    return ptr_at(Hchan, rt.makechan(g, ptr_at(ChanType, chan_type(elem or int_type())), size))


def parked(rt: Any, g: Any, answer: int) -> bool:
    """Whether a call parked g; its locks are then released, as schedule does."""
    if answer == layout.PARKED:
        rt.park_commit(g.at.m)
    return answer == layout.PARKED


def word(v: int) -> int:
    return blob(v.to_bytes(8, "little"))


class Model:
    """What Go says a channel does, with goroutines named by number."""

    def __init__(self, size: int) -> None:
        self.size, self.closed = size, False
        self.buffer: deque[int] = deque()
        self.senders: deque[tuple[int, int]] = deque()
        self.receivers: deque[int] = deque()
        self.woken: dict[int, tuple[str, int]] = {}

    def send(self, who: int, v: int) -> str:
        if self.closed:
            return "panic"
        if self.receivers:
            self.woken[self.receivers.popleft()] = ("received", v)
            return "sent"
        if len(self.buffer) < self.size:
            self.buffer.append(v)
            return "sent"
        self.senders.append((who, v))
        return "parked"

    def receive(self, who: int) -> tuple[str, int]:
        if self.buffer:
            v = self.buffer.popleft()
            if self.senders:
                sender, w = self.senders.popleft()
                self.buffer.append(w)
                self.woken[sender] = ("sent", 0)
            return "received", v
        if self.senders:
            sender, v = self.senders.popleft()
            self.woken[sender] = ("sent", 0)
            return "received", v
        if self.closed:
            return "closed", 0
        self.receivers.append(who)
        return "parked", 0

    def close(self) -> None:
        self.closed = True
        for who in self.receivers:
            self.woken[who] = ("closed", 0)
        for who, _ in self.senders:
            self.woken[who] = ("panic", 0)
        self.receivers.clear()
        self.senders.clear()


@pytest.mark.parametrize("size,seed", [(0, 1), (1, 2), (3, 3), (8, 4)])
def test_random_operations_agree_with_the_model(rt: Any, size: int, seed: int) -> None:
    rng = random.Random(seed)
    gs = [spawn(rt) for _ in range(6)]
    c, model = make(rt, gs[0], size), Model(size)
    waiting: dict[int, str] = {}
    for step in range(150):
        free = [i for i in range(6) if i not in waiting]
        if not free or (step == 130 and not model.closed):
            model.close()
            rt.closechan(gs[0], c)
        elif rng.random() < 0.5:
            who, v = rng.choice(free), rng.randrange(2**60)
            store(gs[who].at.sched.sp, v)
            want, got = model.send(who, v), rt.chansend(gs[who], c, gs[who].at.sched.sp)
            assert parked(rt, gs[who], got) == (want == "parked")
            assert (gs[who].at.pending == pending.PENDING_SEND_CLOSED) == (want == "panic")
            gs[who].at.pending = 0
            if want == "parked":
                waiting[who] = "send"
        else:
            who = rng.choice(free)
            store(gs[who].at.sched.sp, 0xBAD)
            (want, v), got = model.receive(who), rt.chanrecv(gs[who], c, gs[who].at.sched.sp)
            assert got == {"received": 1, "closed": 0, "parked": layout.PARKED}[want]
            if want == "parked":
                waiting[who] = "receive"
                parked(rt, gs[who], got)
            else:
                assert load(gs[who].at.sched.sp) == v
        for who, (what, v) in model.woken.items():
            g = gs[who]
            assert g.at.status == layout.G_RUNNABLE and g.at.waiting.addr == 0
            assert (g.at.pending != 0) == (what == "panic")
            if waiting.pop(who) == "receive":
                assert (g.at.sched.ret, load(g.at.sched.sp)) == (int(what == "received"), v)
            g.at.pending = 0
        model.woken.clear()
        assert (rt.chanlen(gs[0], c), rt.chancap(gs[0], c)) == (len(model.buffer), size)
        assert all((gs[i].at.status == layout.G_WAITING) == (i in waiting) for i in range(6))


def test_nil_channels_wait_for_ever(rt: Any) -> None:
    g = spawn(rt)
    assert rt.chansend(g, nil(Hchan), word(1)) == layout.PARKED and g.at.waitreason == layout.WAIT_SEND_NIL
    assert rt.chanrecv(g, nil(Hchan), 0) == layout.PARKED and g.at.waitreason == layout.WAIT_RECEIVE_NIL
    assert not rt.selectnbsend(g, nil(Hchan), word(1)) and rt.selectnbrecv(g, 0, nil(Hchan)) == 0


def test_close_panics_twice(rt: Any) -> None:
    g = spawn(rt)
    c = make(rt, g, 0)
    rt.closechan(g, nil(Hchan))
    assert g.at.pending == pending.PENDING_CLOSE_NIL
    g.at.pending = 0
    rt.closechan(g, c)
    assert g.at.pending == 0
    rt.closechan(g, c)
    assert g.at.pending == pending.PENDING_CLOSE_CLOSED


def test_values_of_any_size(rt: Any) -> None:
    g = spawn(rt)
    for size in (0, 1, 3, 24, 100):
        c = make(rt, g, 2, sized_type(size, False))
        for fill in (b"\x11", b"\x22"):
            assert rt.chansend(g, c, blob(fill * size)) == 0
        for fill in (b"\x11", b"\x22"):
            out = blob(bytes(size + 8))
            assert rt.chanrecv(g, c, out) == 1
            from morestack.dialect import memory

            assert bytes(memory.u8_view[out : out + size + 1]) == fill * size + b"\0"


def test_makechan_refuses_what_cannot_be(rt: Any) -> None:
    g = spawn(rt)
    for size in (-1, 2**60):
        g.at.pending = 0
        assert rt.makechan(g, ptr_at(ChanType, chan_type(int_type())), size) == 0
        assert g.at.pending == pending.PENDING_MAKECHAN


def cases(*pairs: tuple[Any, int]) -> Any:
    table = b"".join(c.addr.to_bytes(8, "little") + e.to_bytes(8, "little") for c, e in pairs)
    return ptr_at(Scase, blob(table + bytes(8 * (len(pairs) // 4 + 1))))  # the order of locks goes behind


def test_select_takes_a_ready_case_evenly(rt: Any) -> None:
    g = spawn(rt)
    a, b, never = make(rt, g, 300), make(rt, g, 300), make(rt, g, 0)
    for _ in range(300):
        rt.chansend(g, a, word(1))
    taken = [0, 0, 0]
    for _ in range(200):
        got = rt.selectgo(g, cases((b, word(5)), (a, word(0)), (never, 0)), 1, 2, True)
        assert got in (0, 3)
        taken[got >> 1] += 1
    assert min(taken[:2]) > 60 and taken[2] == 0
    assert rt.selectgo(g, cases((never, 0)), 0, 1, False) == -2


def test_a_waiting_select_leaves_all_its_channels(rt: Any) -> None:
    g, other = spawn(rt), spawn(rt)
    a, b = make(rt, g, 0), make(rt, g, 0)
    place = g.at.sched.sp
    assert parked(rt, g, rt.selectgo(g, cases((a, word(3)), (a, place), (b, place)), 1, 2, True))
    assert rt.chansend(other, b, word(9)) == 0
    assert g.at.sched.ret == 2 << 1 | 1 and load(place) == 9 and g.at.status == layout.G_RUNNABLE
    assert rt.selectnbrecv(other, 0, a) == 0 and a.at.sendq.first.addr == 0, "the stale sudog is skipped"
    assert rt.schedule(rt.g0).addr == g.addr and g.at.waiting.addr == 0
    assert a.at.recvq.first.addr == a.at.sendq.first.addr == b.at.recvq.first.addr == 0
    assert parked(rt, g, rt.selectgo(g, cases((a, word(3)), (b, place)), 1, 1, True))
    rt.closechan(other, a)
    assert g.at.pending == pending.PENDING_SEND_CLOSED
    assert rt.schedule(rt.g0).addr == g.addr and b.at.recvq.first.addr == 0
