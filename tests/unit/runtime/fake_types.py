"""Hand-made type descriptors, with the layout of Go's internal/abi.Type."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Sequence

from morestack.dialect import memory
from tests.unit.runtime.fake_stack import blob

_types: dict[str, int] = {}


def name(text: str, exported: bool = False) -> bytes:
    data = text.encode()
    assert len(data) < 128
    return bytes([1 if exported else 0, len(data)]) + data


def descriptor(
    text: str, kind: int, size: int, *, ptrdata: int = 0, tflag: int = 8, comparable: bool = True, extra: bytes = b"",
    align: int = 8, methods: Sequence[tuple[str, int, int]] = (), at: int | None = None,
) -> int:  # fmt: skip
    """A type. `methods` are (name, method type, code) in order: they make an uncommon part after `extra`."""
    if text in _types:
        return _types[text]
    uncommon = b""
    if methods:
        tflag |= 1
    total = 48 + len(extra) + (16 + 16 * len(methods) if methods else 0)
    names = [name(text)] + [name(m[0], m[0][0].isupper()) for m in methods]
    base = blob(bytes(total) + b"".join(names))
    where = [base + total + sum(map(len, names[:i])) for i in range(len(names))]
    if methods:
        uncommon = struct.pack("<iHHII", 0, len(methods), len(methods), 16, 0)
        for (_, typ, code), at_name in zip(methods, where[1:], strict=True):
            uncommon += struct.pack("<iiii", at_name - base, _near(base, typ), _near(base, code), 0)
    head = struct.pack(
        "<QQIBBBBQQii", size, ptrdata, zlib.crc32(text.encode()), tflag, align, align, kind, 1 if comparable else 0, 0,
        where[0] - base, 0,
    )  # fmt: skip
    ctypes.memmove(base, head + extra + uncommon, total)
    _types[text] = base
    return base


def _near(base: int, target: int) -> int:
    return target - base if target else 0


def int_type() -> int:
    return descriptor("int", 2, 8, tflag=8 | 4)


def string_type() -> int:
    return descriptor("string", 24, 16, ptrdata=8, tflag=4)


def float_type() -> int:
    return descriptor("float64", 14, 8, tflag=4)


def slice_type() -> int:
    return descriptor("[]int", 23, 24, ptrdata=8, tflag=0, comparable=False, extra=struct.pack("<Q", int_type()))


def sized_type(size: int, pointers: bool) -> int:
    """[size]byte, or as many words with pointers."""
    return descriptor(f"sized{size}{pointers}", 17, size, ptrdata=8 if pointers else 0, extra=bytes(24))


def chan_type(elem: int) -> int:
    return descriptor(f"chan {elem:#x}", 18, 8, ptrdata=8, tflag=8 | 32, extra=struct.pack("<QQ", elem, 3))


def empty_interface() -> int:
    return descriptor("interface {}", 20, 16, ptrdata=16, tflag=0, extra=bytes(32))


def func_type() -> int:
    return descriptor("func()", 19, 8, ptrdata=8, tflag=32, comparable=False, extra=bytes(8))


def interface(text: str, methods: Sequence[str]) -> int:
    """An interface type with methods func(), in order of names."""
    if text in _types:
        return _types[text]
    n = len(methods)
    base = descriptor(text, 20, 16, ptrdata=16, tflag=4, extra=bytes(32 + 8 * n) + b"".join(map(_padded, methods)))
    table, names = base + 80, base + 80 + 8 * n
    memory.u64_view[(base + 56) >> 3], memory.u64_view[(base + 64) >> 3] = table, n
    for i, m in enumerate(methods):
        at = names + 32 * i
        ctypes.memmove(at, name(m, m[0].isupper()), 2 + len(m))
        ctypes.memmove(table + 8 * i, struct.pack("<ii", at - base, _near(base, func_type())), 8)
    return base


def _padded(text: str) -> bytes:
    assert len(text) < 30
    return bytes(32)


def struct_type(text: str, fields: Sequence[tuple[str, int, int]], size: int) -> int:
    """A struct of (name, type, offset) fields, compared field by field."""
    if text in _types:
        return _types[text]
    names = [blob(name(f[0])) for f in fields]
    table = blob(b"".join(struct.pack("<QQQ", n, f[1], f[2]) for n, f in zip(names, fields, strict=True)))
    return descriptor(text, 25, size, tflag=4, extra=struct.pack("<QQQQ", 0, table, len(fields), len(fields)))
