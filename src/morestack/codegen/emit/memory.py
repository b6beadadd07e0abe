"""Instructions on whole values and on memory: copies, aggregates, addresses, loads and stores."""

from __future__ import annotations

from collections.abc import Callable

from morestack.codegen.emit.body import Body
from morestack.ir.flat import field_of, field_range, flat, flat_scalars
from morestack.ir.module import Const, Instr, Reg
from morestack.ir.ops import Op
from morestack.ir.types import Array, IRType, Scalar, Struct
from morestack.llvm.text import LLVM_TYPE


def _copy(body: Body, i: Instr) -> None:
    r = i.dst[0]
    if flat(r.type) is None:
        body.copy_memory(body.memory_home(r), body.address(i.args[0]), r.type)
    else:
        body.set(r, body.value(i.args[0]))


def _zero(body: Body, i: Instr) -> None:
    body.zero(i.dst[0])


def _select(body: Body, i: Instr) -> None:
    c = body.one(i.args[0])
    r = i.dst[0]
    parts = flat(r.type)
    if parts is None:
        source = body.let(f"select i1 {c}, ptr {body.address(i.args[1])}, ptr {body.address(i.args[2])}")
        body.copy_memory(body.memory_home(r), source, r.type, overlap=True)
        return
    chosen = []
    for (_, s), x, y in zip(parts, body.value(i.args[1]), body.value(i.args[2]), strict=True):
        t = LLVM_TYPE[s.name]
        chosen.append(body.let(f"select i1 {c}, {t} {x}, {t} {y}"))
    body.set(r, tuple(chosen))


def _make(body: Body, i: Instr) -> None:
    r = i.dst[0]
    if flat(r.type) is not None:
        body.set(r, tuple(v for a in i.args for v in body.value(a)))
        return
    home = body.memory_home(r)
    for number, a in enumerate(i.args):
        if isinstance(a, Reg) and a is r:
            continue
        body.store_value(home, a, field_of(r.type, number)[0])


def _extract(body: Body, i: Instr) -> None:
    whole, r = i.args[0], i.dst[0]
    if flat(whole.type) is not None:
        low, high = field_range(whole.type, i.number)
        body.set(r, body.value(whole)[low:high])
        return
    offset, t = field_of(whole.type, i.number)
    source = body.gep(body.address(whole), offset)
    if flat(t) is None:
        body.copy_memory(body.memory_home(r), source, t, overlap=True)
    else:
        body.set(r, body.load_flat(source, t))


def _insert(body: Body, i: Instr) -> None:
    whole, r = i.args[0], i.dst[0]
    if flat(r.type) is not None:
        low, high = field_range(r.type, i.number)
        values = list(body.value(whole))
        values[low:high] = body.value(i.args[1])
        body.set(r, tuple(values))
        return
    home = body.memory_home(r)
    if whole is not r:
        body.copy_memory(home, body.address(whole), r.type, overlap=True)
    body.store_value(home, i.args[1], field_of(r.type, i.number)[0])


def _addr(body: Body, i: Instr) -> None:
    body.set(i.dst[0], (body.object_address(i.object),))


def _offset(body: Body, i: Instr) -> None:
    body.set(i.dst[0], (body.gep(body.one(i.args[0]), i.number),))


def _index(body: Body, i: Instr) -> None:
    base, k = i.args
    if isinstance(k, Const):
        body.set(i.dst[0], (body.gep(body.one(base), int(k.value) * i.number),))
    elif i.number == 0:
        body.set(i.dst[0], body.value(base))
    else:
        body.set_one(i, f"getelementptr [{i.number} x i8], ptr {body.one(base)}, i64 {body.one(k)}")


def _load(body: Body, i: Instr) -> None:
    r = i.dst[0]
    base = body.one(i.args[0])
    if flat(r.type) is None:
        body.copy_memory(body.memory_home(r), base, r.type, overlap=True)
    else:
        body.set(r, body.load_flat(base, r.type))


def _store(body: Body, i: Instr) -> None:
    body.store_value(body.one(i.args[0]), i.args[1])


def _move(body: Body, i: Instr) -> None:
    t = i.aux
    assert isinstance(t, (Scalar, Struct, Array))
    to, source = body.one(i.args[0]), body.one(i.args[1])
    if flat(t) is not None and _gapless(t):
        values = body.load_flat(source, t)
        for (o, s), v in zip(flat_scalars(t), values, strict=True):
            body.store_scalar(to, o, s, v)
    else:
        body.copy_memory(to, source, t, overlap=True)


def _gapless(t: IRType) -> bool:
    """Whether the type has few scalars and no padding: then it is moved scalar by scalar."""
    parts = flat_scalars(t)
    return len(parts) <= 4 and sum(s.size for _, s in parts) == t.size


def _clear(body: Body, i: Instr) -> None:
    body.clear_memory(body.one(i.args[0]), i.memory_type)


MEMORY_OPS: dict[Op, Callable[[Body, Instr], None]] = {
    Op.COPY: _copy,
    Op.ZERO: _zero,
    Op.SELECT: _select,
    Op.MAKE: _make,
    Op.EXTRACT: _extract,
    Op.INSERT: _insert,
    Op.ADDR: _addr,
    Op.OFFSET: _offset,
    Op.INDEX: _index,
    Op.LOAD: _load,
    Op.STORE: _store,
    Op.MOVE: _move,
    Op.CLEAR: _clear,
}
