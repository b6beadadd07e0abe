"""Pools of free records: what one P takes another may give back, and no record is anywhere twice."""

from __future__ import annotations

import random
from typing import Any

from morestack.dialect.machine import Ptr, ptr_to
from morestack.runtime.fail.defer import free_records
from morestack.runtime.mem.records import RecordCentral
from morestack.runtime.sys.layout import P, RecordPool
from tests.unit.runtime.fake_stack import load


def walk(first: int) -> list[int]:
    seen = []
    while first:
        seen.append(first)
        first = load(first)
    return seen


def pools(rt: Any) -> tuple[list[Ptr[RecordPool]], Ptr[RecordCentral]]:
    """The two pools of records of a P, used as if they were two Ps', and a central list."""
    pp: Ptr[P] = rt.g0.at.m.at.p
    return [ptr_to(pp.at.deferpool), ptr_to(pp.at.panicpool)], ptr_to(free_records.at.defers)


def test_records_that_always_go_back_elsewhere_do_not_pile_up(rt: Any) -> None:
    (a, b), central = pools(rt)
    made = set()
    for _ in range(800):
        r = rt.pool_take(a, central, 64)
        made.add(r)
        rt.pool_give(b, central, r)
    assert len(made) <= 64 + 32
    assert central.at.count == len(walk(central.at.list))


def test_random_use_agrees_with_the_model(rt: Any) -> None:
    both, central = pools(rt)
    rng = random.Random(3)
    held: list[int] = []
    made: set[int] = set()
    for _ in range(2500):
        pool = rng.choice(both)
        if rng.random() < 0.5 + 0.3 * (len(held) < 100):
            r = int(rt.pool_take(pool, central, 64))
            assert r not in held
            held.append(r)
            made.add(r)
        elif held:
            rt.pool_give(pool, central, held.pop(rng.randrange(len(held))))
    lists = [walk(p.at.list) for p in both]
    assert [len(records) for records in lists] == [p.at.count for p in both]
    free = lists[0] + lists[1] + walk(central.at.list)
    assert len(free) == len(set(free)) and set(free) | set(held) >= made and not set(free) & set(held)
