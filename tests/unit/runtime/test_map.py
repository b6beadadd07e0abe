"""Maps on both sides of the dialect, against Python's dict and what the language promises."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pytest

from morestack.abi import pending as abi
from morestack.dialect.machine import ptr_at, size_of
from morestack.runtime.value.mapiter import Hiter
from tests.fake_map import FakeMap, blob, type_of


@pytest.fixture
def g(rt: Any) -> Any:
    return rt.g0


KEYS: dict[str, Any] = {
    "int": lambda n: n * 8 - 40, "int32": lambda n: n - 7, "string": lambda n: "x" * (n % 40) + str(n),
    "float64": lambda n: n / 4, "uint8": lambda n: n % 256, "[40]int": lambda n: n,
}  # fmt: skip


@pytest.mark.parametrize("elem", ["int", "[40]int", "uint8"])
@pytest.mark.parametrize("key", KEYS)
def test_agrees_with_a_dict(rt: Any, g: Any, key: str, elem: str) -> None:
    rng, n = random.Random(key + elem), 400 if rt.side == "native" else 120
    m, model = FakeMap(rt, g, key, elem), {}
    for _ in range(n):
        k, v = KEYS[key](rng.randrange(n // 3)), rng.randrange(256)
        if rng.random() < 0.6:
            m[k] = model[k] = v
        elif rng.random() < 0.5:
            del m[k]
            model.pop(k, None)
        else:
            assert m.get(k) == model.get(k)
        assert len(m) == len(model)
    assert dict(m.walk()) == model
    m.clear()
    assert len(m) == 0 and list(m.walk()) == []


@pytest.mark.parametrize("hint", [0, 8, 9, 100, -1])
def test_a_hint_changes_nothing_but_the_first_size(rt: Any, g: Any, hint: int) -> None:
    m = FakeMap(rt, g, "int", hint=hint)
    before = m.map.at.groups
    for i in range(max(hint, 1)):
        m[i] = i
    assert hint <= 8 or m.map.at.groups == before
    assert dict(m.walk()) == {i: i for i in range(max(hint, 1))}


def test_a_hint_that_no_memory_could_hold_counts_as_none(rt: Any, g: Any) -> None:
    assert FakeMap(rt, g, "int", hint=2**62).map.at.mask == 0


def test_operations_that_meet_a_write_are_fatal(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "int")
    for k in range(3):
        m[k] = k
    it = ptr_at(Hiter, blob(bytes(96)))
    rt.mapiterinit(g, m.type, m.map, it)
    m.map.at.writing = 1
    for wanted, operation in [
        (abi.PENDING_MAP_READ_WRITE, lambda: rt.mapaccess(g, m.type, m.map, m.place(1))),
        (abi.PENDING_MAP_WRITES, lambda: rt.mapassign(g, m.type, m.map, m.place(1))),
        (abi.PENDING_MAP_WRITES, lambda: rt.mapdelete(g, m.type, m.map, m.place(1))),
        (abi.PENDING_MAP_WRITES, lambda: rt.mapclear(g, m.type, m.map)),
        (abi.PENDING_MAP_ITERATION_WRITE, lambda: rt.mapiternext(g, it)),
    ]:
        operation()
        assert g.at.pending == wanted
        g.at.pending = 0
    m.map.at.writing = 0
    assert len(m) == 3 and rt.mapaccess(g, m.type, m.map, m.place(1)) and g.at.pending == 0


def test_nil_maps_are_empty(rt: Any, g: Any) -> None:
    m = FakeMap.nil(rt, g, "string")
    assert m.get("x") is None and len(m) == 0 and list(m.walk()) == []
    del m["x"]
    m.clear()
    assert g.at.pending == 0
    assert rt.mapassign(g, m.type, m.map, m.place("x")) == 0
    assert g.at.pending == abi.PENDING_NIL_MAP
    g.at.pending = 0


def test_zeros_are_one_key_and_nans_are_many(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "float64")
    m[0.0] = 1
    m[-0.0] = 2
    assert len(m) == 1 and m.get(0.0) == 2
    assert math.copysign(1, next(iter(dict(m.walk())))) == -1, "an assignment stores the key, too"
    for i in range(20):
        m[float("nan")] = i
    del m[float("nan")]
    assert len(m) == 21 and m.get(float("nan")) is None
    assert sorted(v for k, v in m.walk() if k != k) == list(range(20))


def test_nans_are_found_in_a_map_that_grew_and_gone_after_clear(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "float64")
    for i in range(8):
        m[float("nan")] = i
    seen = []
    for _, v in m.walk():
        seen.append(v)
        if v < 8:
            m[float("nan")] = 100 + v
    assert sorted(v for v in seen if v < 8) == list(range(8))
    count = 0
    for _ in m.walk():
        count += 1
        m.clear()
        for i in range(40):
            m[float(i)] = i
    assert count <= 41


def test_blank_fields_do_not_count_and_all_others_do(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "main.P")
    m[0.0, 1, "a"] = 1
    m[-0.0, 2, "a"] = 2
    m[0.0, 1, "b"] = 3
    assert len(m) == 2 and m.get((0.0, 9, "a")) == 2
    pairs = FakeMap(rt, g, "[2]string")
    pairs["ab", "c"] = 1
    pairs["a", "bc"] = 2
    assert len(pairs) == 2 and pairs.get(("a", "bc")) == 2


def test_interfaces_are_keys_by_type_and_value(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "interface {}")
    same = [("int", 1), ("int32", 1), ("uint8", 1), ("string", "1"), ("float64", 1.0), ("main.P", (1.0, 0, ""))]
    keys: list[Any] = [None, *same]
    for n, k in enumerate(keys):
        m[k] = n
    assert [m.get(k) for k in keys] == list(range(len(keys)))
    assert m.get(("int", 2)) is None


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("call", ["mapaccess", "mapassign", "mapdelete"])
def test_what_cannot_be_hashed_panics(rt: Any, g: Any, call: str, used: bool) -> None:
    m = FakeMap(rt, g, "interface {}")
    if used:
        m["int", 1] = 1
    getattr(rt, call)(g, m.type, m.map, m.place(("[]int", None)))
    empty = call != "mapassign" and not used
    assert (g.at.pending, g.at.m.at.pending_a, g.at.m.at.pending_b) == (
        abi.PENDING_UNHASHABLE,
        type_of("[]int"),
        empty,
    )
    g.at.pending = 0
    assert len(m) == used and m.get(("int", 1)) == (1 if used else None)


def test_values_without_size(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "int", "struct {}")
    for i in range(30):
        m[i] = ()
    assert m.get(29) == () and m.get(30) is None and len(m) == 30
    empty = FakeMap(rt, g, "struct {}")
    empty[()] = 5
    empty[()] = 6
    assert list(empty.walk()) == [((), 6)]
    del empty[()]
    assert len(empty) == 0


def test_iteration_begins_anywhere(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "int")
    for i in range(8):
        m[i] = i
    assert len({next(m.walk())[0] for _ in range(150)}) == 8


@pytest.mark.parametrize("size", [5, 8, 14, 50])
def test_changes_while_iterating(rt: Any, g: Any, size: int) -> None:
    rng = random.Random(size)
    for _ in range(6 if rt.side == "native" else 3):
        m = FakeMap(rt, g, "int")
        model, stayed, seen = {}, set(range(size)), set()
        for i in range(size):
            m[i] = model[i] = i
        for k, v in m.walk(move=True):
            assert k not in seen, "an entry came twice"
            assert model[k] == v, "an entry that was deleted, or an old value"
            seen.add(k)
            for _ in range(rng.randrange(6) if len(model) < 400 else 0):
                x = rng.randrange(size * 6)
                if x in seen:  # it might rightly come again
                    continue
                if rng.random() < 0.3:
                    del m[x]
                    model.pop(x, None)
                    stayed.discard(x)
                else:
                    m[x] = model[x] = rng.randrange(1000)
        assert stayed <= seen, "an entry was left out"


def test_slots_are_used_again(rt: Any, g: Any) -> None:
    m = FakeMap(rt, g, "int", hint=100)
    groups = m.map.at.mask
    for i in range(1500 if rt.side == "native" else 600):
        m[i] = i
        del m[i - 50]
    assert m.map.at.mask <= groups and len(m) == 50


PATTERNS: dict[str, list[bytes]] = {
    "decimal": [b"%d" % i for i in range(2000)],
    "padded": [b"%012d" % i for i in range(2000)],
    "long": [b"/home/somebody/a/path/%d.txt" % i for i in range(2000)],
    "zeros": [bytes(i) for i in range(300)],
    "letters": [bytes([97 + i % 26, 97 + i // 26 % 26, 97 + i // 676]) for i in range(2000)],
    "pairs": [(i % 50).to_bytes(8, "little") + (i // 50).to_bytes(8, "little") for i in range(2000)],
}
WORDS = {"steps": range(2000), "pages": range(0, 2000 << 12, 1 << 12), "high": range(0, 2000 << 48, 1 << 48)}


def crowded(hashes: list[int]) -> float:
    """The part of the keys that do not fit the group they belong to, when groups are half full."""
    mask = (1 << (len(hashes) // 4).bit_length()) - 1
    counts = Counter((h >> 7) & mask for h in hashes)
    return sum(max(0, n - 8) for n in counts.values()) / len(hashes)


@pytest.mark.parametrize("pattern", [*PATTERNS, *WORDS])
def test_regular_keys_spread(rt: Any, pattern: str) -> None:
    for seed in (0x0123456789ABCDEF, 0xFEDCBA9876543210):
        if pattern in WORDS:
            hashes = [rt.wordhash(n, seed) for n in WORDS[pattern]]
        else:
            hashes = [rt.memhash(blob(key), len(key), seed) for key in PATTERNS[pattern]]
        assert len(set(hashes)) == len(hashes), "two short keys have one hash"
        assert crowded(hashes) < 0.02
        assert len({h & 127 for h in hashes}) > 100


def test_an_iterator_fits_its_room_in_the_frame() -> None:
    assert size_of(Hiter) <= 12 * 8
