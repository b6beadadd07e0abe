"""The output of `print` and `println` for a value."""

from __future__ import annotations

from morestack.ir import representation as bt
from morestack.ir import types as ir
from morestack.ir.module import Const, Operand
from morestack.ir.ops import Op
from morestack.ir.representation import under
from morestack.irbuild.emit.emitter import Emitter
from morestack.irbuild.emit.memory import extend
from morestack.types.core.types import Basic, Interface, Slice, Traits, Type


def print_value(fb: Emitter, v: Operand, t: Type) -> None:
    """Emit the printing of one operand of `print`."""
    u = under(t)
    if isinstance(u, Basic):
        traits = u.traits
        if traits & Traits.STRING:
            fb.rt_do("printstring", v)
        elif traits & Traits.BOOLEAN:
            fb.rt_do("printbool", v)
        elif traits & Traits.INTEGER:
            wide, signed = (v, bt.is_signed(t)) if isinstance(v, Const) and v.type is ir.I64 else extend(fb, v, t)
            fb.rt_do("printint" if signed else "printuint", wide)
        elif traits & Traits.FLOAT:
            if v.type is ir.F32:
                fb.rt_do("printfloat32", fb.op(Op.FPEXT, ir.F64, v))
            else:
                fb.rt_do("printfloat", v)
        elif traits & Traits.COMPLEX:
            if v.type is ir.COMPLEX64:
                v = fb.make(ir.COMPLEX128, *[fb.op(Op.FPEXT, ir.F64, fb.extract(v, n)) for n in (0, 1)])
                fb.rt_do("printcomplex64", v)
            else:
                fb.rt_do("printcomplex", v)
        else:
            fb.rt_do("printpointer", v)
    elif isinstance(u, Slice):
        fb.rt_do("printslice", v)
    elif isinstance(u, Interface):
        fb.rt_do("printiface", v)
    else:
        fb.rt_do("printpointer", v)
