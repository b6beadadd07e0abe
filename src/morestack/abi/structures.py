"""Structures that compiled code reads and writes, and the offsets of their fields.

Each class lists fields in the runtime's dialect, in order, and a struct of runtime/sys/layout.py inherits them, so each
field is written once. This folder must not import the dialect, so annotations are text here, and only their sizes are
computed.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal

    from morestack.dialect.machine import Array, Ptr, u64
    from morestack.runtime.sys.layout import Defer, Gobuf, M


class FixedGobuf:
    """Where a stopped goroutine continues: jump to pc with BP = sp - 16, x0 = ret, x8 = ctxt."""

    pc: u64
    sp: u64
    bp: u64
    ctxt: u64
    ret: u64


class FixedG:
    """The first fields of a goroutine. Only the runtime knows the others."""

    stack_lo: u64
    stack_hi: u64
    stackguard0: u64
    sched: Gobuf
    m: Ptr[M]  # the thread that runs g; slow paths reach the fields of FixedM through it
    pending: u64  # kind of the pending panic (abi/pending.py); 0: none
    defers: Ptr[Defer]  # the newest deferred call


class Registers:
    """Where morestack spills the argument registers, and the function they belong to."""

    regs: Array[u64, Literal[9]]  # x0..x8
    fregs: Array[u64, Literal[8]]  # d0..d7
    more_pc: u64  # entry of the function that needs stack
    more_frame: u64  # the size of its frame in bytes


class FixedM(Registers):
    """The first fields of a thread: values that live from a failed check to the runtime function that reads them."""

    pending_a: u64  # operands of the pending panic
    pending_b: u64
    pending_type: u64  # panic value, for PENDING_USER
    pending_data: u64
    site: u64  # site blob of a go statement, which compiled code stores before it calls newproc; or 0
    leaf_count: u64  # number of leaf frames that a pending panic has left
    leaf_sites: Array[u64, Literal[32]]  # their site records


class FixedDefer:
    """A deferred call. The record is in the frame that made it or, if it was made in a loop, in the heap."""

    link: Ptr[Defer]  # the call deferred before this one
    fn: u64  # a closure without parameters
    sp: u64  # SP of the frame that deferred it
    pc: u64  # that function's exit continuation


class _Generic:
    """The sizes of Ptr[T] and Array[T, Literal[n]]."""

    def __init__(self, size: Any) -> None:
        self.size = size

    def __getitem__(self, params: Any) -> int:
        return int(self.size(params))


_SIZES: dict[str, Any] = {
    "u64": 8,
    "M": None,  # only pointed to
    "Defer": None,
    "Ptr": _Generic(lambda elem: 8),
    "Literal": _Generic(lambda n: n),
    "Array": _Generic(lambda p: p[0] * p[1]),
}


def fields_of(cls: type) -> dict[str, str]:
    """Return the annotations of a structure, with those of its base first."""
    return {n: a for base in reversed(cls.__mro__) for n, a in inspect.get_annotations(base).items()}


def layout_of(cls: type) -> dict[str, int]:
    """Return the offset of each field in bytes, and the structure's size as `end`. Every field consists of words."""
    at, end = {}, 0
    for name, annotation in fields_of(cls).items():
        at[name] = end
        end += eval(annotation, _SIZES)
    return {**at, "end": end}


_GOBUF = layout_of(FixedGobuf)
_SIZES["Gobuf"] = _GOBUF["end"]
_G, _M, _DEFER = layout_of(FixedG), layout_of(FixedM), layout_of(FixedDefer)

G_STACK_LO = _G["stack_lo"]
G_STACK_HI = _G["stack_hi"]
G_STACKGUARD0 = _G["stackguard0"]
G_SCHED_PC = _G["sched"] + _GOBUF["pc"]
G_SCHED_SP = _G["sched"] + _GOBUF["sp"]
G_SCHED_BP = _G["sched"] + _GOBUF["bp"]
G_SCHED_CTXT = _G["sched"] + _GOBUF["ctxt"]
G_SCHED_RET = _G["sched"] + _GOBUF["ret"]
G_M = _G["m"]
G_PENDING = _G["pending"]
G_DEFERS = _G["defers"]
G_FIXED_END = _G["end"]

M_REGS = _M["regs"]
M_FREGS = _M["fregs"]
M_MORE_PC = _M["more_pc"]
M_MORE_FRAME = _M["more_frame"]
M_PENDING_A = _M["pending_a"]
M_PENDING_B = _M["pending_b"]
M_PENDING_TYPE = _M["pending_type"]
M_PENDING_DATA = _M["pending_data"]
M_SITE = _M["site"]
M_LEAF_COUNT = _M["leaf_count"]
M_LEAF_SITES = _M["leaf_sites"]

DEFER_LINK = _DEFER["link"]
DEFER_FN = _DEFER["fn"]
DEFER_SP = _DEFER["sp"]
DEFER_PC = _DEFER["pc"]
DEFER_SIZE = _DEFER["end"]
