"""What compiled code and the engine rely on: layouts and signatures."""

from __future__ import annotations

from morestack import runtime
from morestack.abi import structures
from morestack.abi.convention import MAX_LEAF_SITES
from morestack.abi.structures import FixedDefer, FixedG, FixedGobuf, FixedM, Registers, layout_of
from morestack.dialect.callback import signature_of
from morestack.dialect.kinds import BOOLEAN, F64, VOID, PtrKind
from morestack.dialect.machine import offset_of
from morestack.ir.ops import Effect
from morestack.ir.runtime_calls import RUNTIME_CALLS, Lowering
from morestack.ir.types import BOOL, PTR, Scalar, scalars
from morestack.ir.types import F64 as IR_F64
from morestack.runtime.sys.layout import Defer, G, Gobuf, M, Spill

BY_CODEGEN = {name for name, call in RUNTIME_CALLS.items() if call.lowering is not Lowering.CALL}


def exported() -> dict[str, object]:
    return {n: vars(m)[n] for m in runtime.modules() for n in runtime.exports() if n in vars(m)}


def test_the_dialect_lays_fields_out_as_compiled_code_finds_them() -> None:
    for cls, struct in ((FixedGobuf, Gobuf), (FixedG, G), (FixedM, M), (FixedDefer, Defer), (Registers, Spill)):
        want = {n: at for n, at in layout_of(cls).items() if n != "end"}
        assert {n: offset_of(struct, n) for n in want} == want
    assert offset_of(G, "schedlink") == structures.G_FIXED_END
    assert layout_of(FixedM)["end"] - structures.M_LEAF_SITES == MAX_LEAF_SITES * 8


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
        if call.effect & Effect.PARK:
            assert sig.result.name == "i64", name
        elif call.result is None or not isinstance(call.result, Scalar):
            assert sig.result is VOID, name
        else:
            assert (sig.result == BOOLEAN) == (call.result is BOOL), name
            assert call.result is BOOL or sig.result.size == call.result.size, name
