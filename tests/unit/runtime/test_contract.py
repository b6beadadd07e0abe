"""What compiled code and the engine rely on: layouts and signatures."""

from __future__ import annotations

from morestack import runtime
from morestack.abi import numbers as abi
from morestack.dialect.callback import signature_of
from morestack.dialect.kinds import BOOLEAN, F64, VOID, PtrKind
from morestack.dialect.machine import offset_of
from morestack.ir.ops import Effect
from morestack.ir.runtime_calls import ATOMICS, PARKED, RUNTIME_CALLS
from morestack.ir.types import BOOL, PTR, Scalar, scalars
from morestack.ir.types import F64 as IR_F64
from morestack.runtime.fail import panictext
from morestack.runtime.sched import sched
from morestack.runtime.sync import chan
from morestack.runtime.sys import layout
from morestack.runtime.sys.layout import G, Gobuf, M, Spill
from morestack.runtime.value import map, mapiter, slice

BY_CODEGEN = {"memmove", "memclr", "unpreempted", "keepalive", *ATOMICS}
"""Not calls: LLVM intrinsics, instructions, a look at g."""


def exported() -> dict[str, object]:
    return {n: vars(m)[n] for m in runtime.modules() for n in runtime.exports() if n in vars(m)}


def test_g_begins_with_what_compiled_code_knows() -> None:
    where = {
        "G_STACK_LO": "stack_lo", "G_STACK_HI": "stack_hi", "G_STACKGUARD0": "stackguard0", "G_M": "m",
        "G_PENDING": "pending", "G_DEFERS": "defers", "G_FIXED_END": "schedlink",
    }  # fmt: skip
    assert {k: offset_of(G, f) for k, f in where.items()} == {k: getattr(abi, k) for k in where}
    for field in ("pc", "sp", "bp", "ctxt", "ret"):
        assert offset_of(G, "sched") + offset_of(Gobuf, field) == getattr(abi, f"G_SCHED_{field.upper()}")


def test_m_begins_with_what_slow_paths_know() -> None:
    where = {
        "M_REGS": "regs", "M_FREGS": "fregs", "M_MORE_PC": "more_pc", "M_MORE_FRAME": "more_frame",
        "M_PENDING_A": "pending_a", "M_PENDING_B": "pending_b", "M_PENDING_TYPE": "pending_type",
        "M_PENDING_DATA": "pending_data", "M_SITE": "site", "M_LEAF_COUNT": "leaf_count", "M_LEAF_SITES": "leaf_sites",
        "M_FIXED_END": "id",
    }  # fmt: skip
    assert {k: offset_of(M, f) for k, f in where.items()} == {k: getattr(abi, k) for k in where}
    for field, same in {"regs": "regs", "fregs": "fregs", "pc": "more_pc", "frame": "more_frame"}.items():
        assert offset_of(Spill, field) == offset_of(M, same)
    assert offset_of(Spill, "link") == offset_of(M, "pending_a")


def test_constants_agree() -> None:
    assert (layout.STACK_MIN, layout.STACK_GUARD, layout.STACK_SMALL) == (
        abi.STACK_MIN, abi.STACK_GUARD, abi.STACK_SMALL,
    )  # fmt: skip
    assert layout.LINK == abi.LINK and layout.PARKED % 2**64 == PARKED
    users = (panictext, chan, sched, slice, map, mapiter)
    pending = {n: v for m in users for n, v in vars(m).items() if n.startswith("PENDING_")}
    assert pending == {n: getattr(abi, n) for n in pending}


def test_every_runtime_call_exists_with_its_c_signature() -> None:
    have = exported()
    assert set(RUNTIME_CALLS) - set(have) == BY_CODEGEN
    assert {"newstack", "schedule", "goexit0", "panicking", "deferproc", "deferreturn"} <= set(have)
    for name, call in RUNTIME_CALLS.items():
        if name in BY_CODEGEN:
            continue
        sig = signature_of(have[name])  # type: ignore[arg-type]
        want: list[Scalar] = [s for t in call.params for _, s in scalars(t)]
        if call.result is not None and not isinstance(call.result, Scalar):
            want.insert(0, PTR)
        params = sig.params[1:]
        assert len(params) == len(want), name
        for kind, scalar in zip(params, want, strict=True):
            assert (kind == BOOLEAN) == (scalar is BOOL) and (kind == F64) == (scalar is IR_F64), name
            assert scalar is BOOL or kind.size == scalar.size or isinstance(kind, PtrKind), name
        if Effect.PARK in call.effect:
            assert sig.result.name == "i64", name
        elif call.result is None or not isinstance(call.result, Scalar):
            assert sig.result is VOID, name
        else:
            assert (sig.result == BOOLEAN) == (call.result is BOOL), name
            assert call.result is BOOL or sig.result.size == call.result.size, name
