"""Where the runtime keeps its list of all goroutines and of all threads: by symbol, else by searching its data.

A stripped binary has no symbol `runtime.allgs`, but the module record says where the program's variables lie. The
list is a slice there: a pointer into writable memory, a length and a capacity. Whatever looks like one is followed,
and is taken only when its elements pass the checks of `records`. The list of threads is a pointer to an m whose g0
points back to it: nothing else does.

Measured on stripped programs of Go 1.21 to 1.27: one candidate is left each time (docs/processes.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from morestack.binary import Binary
from morestack.process.errors import MemoryGone, ProcessError
from morestack.process.layout import Layout
from morestack.process.memory import U64, AddressSpace, Memory, word
from morestack.process.records import plausible, read_machines, read_records

MOST_GOROUTINES = 1 << 26
PROBE = 64
CHUNK = 16 << 20
MOST_DATA = 4 << 30
SPREAD, SOUND = 256, 0.5
"""How many of the list are tried before all are read, and the share that must be plausible."""
SLACK = 64 << 20
"""The list may go on in the next mapping."""


def goroutine_list(
    memory: Memory, binary: Binary, bias: int, layout: Layout, text: tuple[int, int], space: AddressSpace
) -> U64:
    """The addresses of all g records."""
    length_at, list_at = binary.symbol("runtime.allglen"), binary.symbol("runtime.allgptr")
    try:
        if length_at is not None and list_at is not None:
            # The runtime writes the pointer before the length, so reading them the other way round is safe.
            length = word(memory, length_at + bias)
            start = word(memory, list_at + bias)
        else:
            start, length = search_goroutines(memory, binary, bias, layout, text, space)
        if not 0 < length < MOST_GOROUTINES or start % 8:
            raise ProcessError(
                "the runtime's list of goroutines is not where the binary says: is this the binary the program runs, "
                "and has it started?"
            )
        mapping = space.find(start)
        if mapping is None or start + 8 * length > mapping.end + SLACK:
            raise MemoryGone(f"{start:#x}")
        # records are brought up to date in place, so this is a copy
        pointers = np.frombuffer(memory.read(start, 8 * length), np.uint64).copy()
    except MemoryGone as gone:
        raise ProcessError(
            f"the runtime's list of goroutines cannot be read (address {gone}): the program ended, or has not "
            "started, or the binary is another one"
        ) from None
    # A length that is not the list's would mean reading millions of records that are none.
    sample = read_records(memory, pointers[:: max(1, length // SPREAD)], layout)
    if not plausible(sample, space, text).mean() >= SOUND:
        raise ProcessError(
            "what should be the runtime's list of goroutines is none: the binary is of another build, its runtime is "
            "changed, or the memory is damaged. Nothing is shown, because it would be wrong"
        )
    return pointers


def variables(memory: Memory, binary: Binary, bias: int) -> Iterator[tuple[int, U64]]:
    """The program's variables as words, part by part, each part's address with it; parts overlap by two words."""
    module = binary.moduledata
    seen = 0
    for low, high in (
        (module.bss, module.ebss),
        (module.data, module.edata),
        (module.noptrbss, module.enoptrbss),
        (module.noptrdata, module.enoptrdata),
    ):
        at, end = low + bias + 7 & ~7, high + bias
        while at < end and seen < MOST_DATA:
            size = min(CHUNK, end - at) & ~7
            if size <= 0:
                break
            got = memory.gather(np.array([at], np.uint64), np.array([size], np.int64))
            if bool(got.good[0]):
                yield at, got.data.view(np.uint64)
            seen += size
            at += max(8, size - 16) if end - at > CHUNK else size


def search_goroutines(
    memory: Memory, binary: Binary, bias: int, layout: Layout, text: tuple[int, int], space: AddressSpace
) -> tuple[int, int]:
    """Start and length of the list, found without symbols."""
    best = (0, 0)
    for _, words in variables(memory, binary, bias):
        if len(words) < 3:
            continue
        start, length, room = words[:-2], words[1:-1], words[2:]
        looks = (length > 0) & (length <= room) & (room < MOST_GOROUTINES) & (start % 8 == 0) & (start > 4096)
        places = np.nonzero(looks)[0]
        places = places[space.writable(start[places])]
        for i in places.tolist():
            first, n = int(start[i]), int(length[i])
            if n > best[1] and is_list(memory, first, n, layout, text, space):
                best = first, n
    if not best[1]:
        raise ProcessError(
            "no list of goroutines is to be found in the program's variables: the binary is stripped, and either its "
            "runtime is changed or it has not started"
        )
    return best


def is_list(
    memory: Memory, start: int, length: int, layout: Layout, text: tuple[int, int], space: AddressSpace
) -> bool:
    """Whether these are pointers to g records."""
    try:
        pointers = np.frombuffer(memory.read(start, 8 * min(length, PROBE)), np.uint64)
    except MemoryGone:
        return False
    if (pointers % 8).any() or not space.writable(pointers).all() or len(np.unique(pointers)) != len(pointers):
        return False
    records = read_records(memory, pointers, layout)
    return bool(plausible(records, space, text).all() and not records.dead.all())


def machine_list(memory: Memory, binary: Binary, bias: int, layout: Layout, space: AddressSpace) -> int:
    """The address of the newest m record, 0 if it cannot be found."""
    at = binary.symbol("runtime.allm")
    if at is not None:
        try:
            return word(memory, at + bias)
        except MemoryGone:
            return 0
    best, longest = 0, 0
    for _, words in variables(memory, binary, bias):
        pointers = np.unique(words[(words % 8 == 0) & (words > 4096)])
        pointers = pointers[space.writable(pointers)]
        eights = np.full(len(pointers), 8, np.int64)
        g0 = memory.gather(pointers + np.uint64(layout.m_g0), eights)
        owners = g0.data.view(np.uint64)
        usable = g0.good & (owners % 8 == 0) & (owners > 4096)
        pointers, owners = pointers[usable], owners[usable]
        inside = space.writable(owners)
        pointers, owners = pointers[inside], owners[inside]
        back = memory.gather(owners + np.uint64(layout.m), np.full(len(owners), 8, np.int64))
        for pointer in pointers[back.good & (back.data.view(np.uint64) == pointers)].tolist():
            try:
                length = len(read_machines(memory, pointer, layout))
            except MemoryGone:
                continue
            if length > longest:
                best, longest = pointer, length
    return best
