"""pc-value tables: one by one, all at once, and damaged."""

import numpy as np
import pytest

from morestack.binary import BinaryError, pctable


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def table(*pairs: tuple[int, int]) -> bytes:
    """Encode (value, bytes of code) pairs as the linker does."""
    out, last = b"", -1
    for value, size in pairs:
        delta = value - last
        out += varint(delta << 1 if delta >= 0 else ~(delta << 1)) + varint(size)
        last = value
    return out + b"\0"


def test_values_hold_up_to_the_end_of_their_range() -> None:
    data = memoryview(b"\0" + table((0, 5), (8, 1), (72, 300), (0, 20)))
    read = pctable.decode(data, 1, 1)
    assert (read.ends, read.values) == ([5, 6, 306, 326], [0, 8, 72, 0])
    assert [read.at(pc) for pc in (0, 4, 5, 6, 305, 306, 325, 326)] == [0, 0, 8, 72, 72, 0, 0, None]
    assert pctable.first(data, 1) == 0


def test_pcs_count_in_quanta_of_the_architecture() -> None:
    assert pctable.decode(memoryview(b"\0" + table((0, 2), (16, 3))), 1, 4).ends == [8, 20]


def test_offset_0_is_no_table() -> None:
    assert pctable.decode(memoryview(b"\0"), 0, 1).at(0) is None
    assert pctable.first(memoryview(b"\0"), 0) == -1


def test_all_tables_at_once() -> None:
    parts = [table((0, 1), (8, 1), (1 << 20, 7), (0, 2)), table((0, 9)), table((-1, 3), (5, 1), (3, 1))]
    data = b"\0" + b"".join(parts)
    starts = [1, 1 + len(parts[0]), 1 + len(parts[0]) + len(parts[1]), 0, 1]
    found = pctable.largest(np.frombuffer(data, np.uint8), np.array(starts, np.int64))
    assert found.tolist() == [1 << 20, 0, 5, 0, 1 << 20]


@pytest.mark.parametrize(
    "data", [b"\0\x02", b"\0\x02\x01\x02", b"\0\xff\xff\xff\xff\xff\xff\x01", b"\0" + b"\x80" * 20]
)
def test_a_table_that_does_not_end_is_an_error(data: bytes) -> None:
    with pytest.raises(BinaryError, match="damaged"):
        pctable.decode(memoryview(data), 1, 1)
    with pytest.raises(BinaryError, match="damaged"):
        pctable.largest(np.frombuffer(data, np.uint8), np.array([1], np.int64))
