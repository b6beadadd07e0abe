"""Decoding of pc-value tables: stack deltas, files, lines and inline indices by pc.

A table is a run of pairs of varints, (difference of the value, zigzag; difference of the pc, in instruction
quanta), that ends with a value difference of 0. A value holds from its pair's start to its pair's end. The same
table is shared by functions whose shapes are equal, so pcs here are relative to the function's entry.

`decode` reads one table, `largest` all tables of a program at once: it takes one step in every table in each round,
on numpy arrays, because 200,000 tables read one by one in Python take seconds.

Invariants: a decoder reads nothing outside the bytes it is given, and stops after as many steps as there are bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morestack.binary.errors import BinaryError

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

DAMAGED = "the function table is damaged: a pc-value table does not end"


@dataclass(frozen=True, slots=True)
class PcTable:
    """One table: `values[i]` holds for relative pcs below `ends[i]`, from `ends[i - 1]` on."""

    ends: list[int]
    values: list[int]

    def at(self, offset: int) -> int | None:
        """The value at a pc relative to the function's entry; None behind the table's end."""
        i = bisect_right(self.ends, offset)
        return self.values[i] if i < len(self.ends) else None


EMPTY = PcTable([], [])


def decode(table: memoryview, at: int, quantum: int) -> PcTable:
    """The table that starts at byte `at`; offset 0 stands for no table."""
    if at == 0:
        return EMPTY
    ends: list[int] = []
    values: list[int] = []
    value, pc = -1, 0
    try:
        while True:
            delta = table[at]
            at += 1
            if delta >= 0x80:
                delta &= 0x7F
                shift = 7
                while True:
                    byte = table[at]
                    at += 1
                    delta |= (byte & 0x7F) << shift
                    if byte < 0x80:
                        break
                    shift += 7
                    if shift > 28:
                        raise BinaryError(DAMAGED)
            if delta == 0 and ends:
                return PcTable(ends, values)
            value += ~(delta >> 1) if delta & 1 else delta >> 1
            step = table[at]
            at += 1
            if step >= 0x80:
                step &= 0x7F
                shift = 7
                while True:
                    byte = table[at]
                    at += 1
                    step |= (byte & 0x7F) << shift
                    if byte < 0x80:
                        break
                    shift += 7
                    if shift > 28:
                        raise BinaryError(DAMAGED)
            pc += step * quantum
            ends.append(pc)
            values.append(value)
    except IndexError:
        raise BinaryError(DAMAGED) from None


def first(table: memoryview, at: int) -> int:
    """The first value of the table that starts at byte `at`; -1 where there is none."""
    if at == 0:
        return -1
    delta = shift = 0
    for byte in table[at : at + 5]:
        delta |= (byte & 0x7F) << shift
        if byte < 0x80:
            return -1 + (~(delta >> 1) if delta & 1 else delta >> 1)
        shift += 7
    raise BinaryError(DAMAGED)


def _varints(table: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """A varint at each place, and the places behind them."""
    byte = table[at].astype(np.int64)
    value = byte & 0x7F
    at = at + 1
    more = np.nonzero(byte >= 0x80)[0]
    shift = 7
    while len(more):
        if shift > 28:
            raise BinaryError(DAMAGED)
        byte = table[at[more]].astype(np.int64)
        value[more] |= (byte & 0x7F) << shift
        at[more] += 1
        more = more[byte >= 0x80]
        shift += 7
    return value, at


def largest(table: Bytes, starts: Ints) -> Ints:
    """The largest value of each table; 0 where there is no table."""
    unique, inverse = np.unique(starts, return_inverse=True)
    best = np.zeros(len(unique), np.int64)
    live = np.nonzero(unique > 0)[0]
    at = unique[live].astype(np.int64)
    value = np.full(len(live), -1, np.int64)
    first = True
    try:
        while len(live):
            delta, at = _varints(table, at)
            if not first:
                going = delta != 0
                live, at, value, delta = live[going], at[going], value[going], delta[going]
            first = False
            value = value + np.where(delta & 1, ~(delta >> 1), delta >> 1)
            best[live] = np.maximum(best[live], value)
            _, at = _varints(table, at)
    except IndexError:
        raise BinaryError(DAMAGED) from None
    return best[inverse]
