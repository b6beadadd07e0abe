"""The verifier, which defines well-formed IR. `verify_module` and `verify_function` raise `InternalError` with the IR.

It checks that each block has one terminator, at its end; that targets, registers and objects belong to the function;
the number and types of the operands and results of every op; the signature of a callee in the same module; that no
path reads a register before it is written; and that a call which never returns ends its block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from morestack.ir.module import Block, Const, Function, Instr, Leaf, Module, Object, Operand, Reg, Signature, Sym
from morestack.ir.ops import Aux, Bounds, Effect, Op
from morestack.ir.runtime_calls import RUNTIME_CALLS
from morestack.ir.text import print_function, print_instr
from morestack.ir.types import BOOL, F32, F64, I8, I16, I32, I64, PTR, Array, IRType, Scalar, Struct
from morestack.source.diagnostics import InternalError

_INTS = (I8, I16, I32, I64)
_FLOATS = (F32, F64)


class _Broken(Exception):
    """An error in one instruction."""


def _need(ok: bool, message: str) -> None:
    if not ok:
        raise _Broken(message)


def _int2(i: Instr) -> None:
    t = i.dst[0].type
    _need(t in _INTS and all(a.type is t for a in i.args), "operands and result are one integer type")


def _shift(i: Instr) -> None:
    t = i.dst[0].type
    _need(t in _INTS and i.args[0].type is t and i.args[1].type is I64, "shifts an integer by an i64")


def _float(i: Instr) -> None:
    t = i.dst[0].type
    _need(t in _FLOATS and all(a.type is t for a in i.args), "operands and result are one float type")


def _compare(i: Instr) -> None:
    a, b = i.args
    _need(i.dst[0].type is BOOL and a.type is b.type, "compares two of one type to a bool")
    if i.op in (Op.EQ, Op.NE):
        _need(isinstance(a.type, Scalar) and a.type not in _FLOATS, "compares scalars that are no floats")
    elif i.op in (Op.FEQ, Op.FNE, Op.FLT, Op.FLE):
        _need(a.type in _FLOATS, "compares floats")
    else:
        _need(a.type in _INTS, "compares integers")


def _convert(sources: Sequence[IRType], targets: Sequence[IRType], growth: int) -> Callable[[Instr], None]:
    """Return the check of a conversion; growth is the sign of the change in size, or 2 if any change is allowed."""

    def check(i: Instr) -> None:
        s, t = i.args[0].type, i.dst[0].type
        _need(s in sources and t in targets, f"cannot convert {s!r} to {t!r}")
        if growth != 2:
            _need(s is BOOL or (t.size > s.size) - (t.size < s.size) == growth, f"cannot convert {s!r} to {t!r}")

    return check


def _bitcast(i: Instr) -> None:
    pair = {i.args[0].type, i.dst[0].type}
    _need(pair in ({I64, F64}, {I32, F32}), "bitcast is between f64 and i64, or f32 and i32")


def _same(i: Instr) -> None:
    _need(i.args[0].type is i.dst[0].type, "operand and result have one type")


def _select(i: Instr) -> None:
    c, a, b = i.args
    _need(c.type is BOOL and a.type is b.type is i.dst[0].type, "selects between two of one type by a bool")


def _not(i: Instr) -> None:
    _need(i.args[0].type is BOOL and i.dst[0].type is BOOL, "not is of a bool")


def _field(t: IRType, number: int) -> IRType:
    match t:
        case Struct(fields=fields):
            _need(0 <= number < len(fields), "no such field")
            return fields[number]
        case Array(elem=elem, len=n):
            _need(0 <= number < n, "no such element")
            return elem
        case Scalar():
            raise _Broken("a scalar has no fields")


def _make(i: Instr) -> None:
    t = i.dst[0].type
    want: tuple[IRType, ...] = ()
    match t:
        case Struct(fields=fields):
            want = fields
        case Array(elem=elem, len=n):
            want = (elem,) * n
        case Scalar():
            raise _Broken("make builds a struct or an array")
    _need(len(want) == len(i.args) and all(a.type is w for a, w in zip(i.args, want, strict=True)), "wrong fields")


def _extract(i: Instr) -> None:
    _need(_field(i.args[0].type, i.number) is i.dst[0].type, "the result is not of the field's type")


def _insert(i: Instr) -> None:
    _need(i.args[0].type is i.dst[0].type, "operand and result have one type")
    _need(_field(i.args[0].type, i.number) is i.args[1].type, "the value is not of the field's type")


def _pointer(i: Instr) -> None:
    _need(i.dst[0].type is PTR and all(a.type is PTR for a in i.args), "takes and gives pointers")


def _index(i: Instr) -> None:
    _need(i.dst[0].type is PTR and i.args[0].type is PTR and i.args[1].type is I64, "index is ptr + i64 * size")


def _address(i: Instr) -> None:
    _need(i.args[0].type is PTR, "the address is no pointer")


def _pointers(i: Instr) -> None:
    _need(all(a.type is PTR for a in i.args), "the operands are pointers")


def _bounds(i: Instr) -> None:
    _need(all(a.type is I64 for a in i.args), "index and limit are i64")


def _divcheck(i: Instr) -> None:
    _need(i.args[0].type in _INTS, "the divisor is an integer")


def _branch(i: Instr) -> None:
    _need(i.args[0].type is BOOL and len(i.targets) == 2, "branch takes a bool and two targets")


def _switch(i: Instr) -> None:
    _need(len(i.targets) == len(i.cases) + 1, "a target per value and the default")
    _need(len(set(i.cases)) == len(i.cases), "a value is there twice")
    t = i.args[0].type
    _need(t in _INTS and all(0 <= v < 1 << (t.size * 8) for v in i.cases), "values fit the integer, unsigned")


def _loop_check(i: Instr) -> None:
    _need(len(i.targets) == 2, "a loop check has two targets")


def _jump(i: Instr) -> None:
    _need(len(i.targets) == 1, "jump has one target")


def _rt(i: Instr) -> None:
    _need(i.aux in RUNTIME_CALLS, f"no runtime call {i.aux}")
    call = i.runtime_call
    _match("parameters", [a.type for a in i.args], call.params)
    _match("results", [d.type for d in i.dst], () if call.result is None else (call.result,))


def _indirect(i: Instr) -> None:
    _need(bool(i.args) and i.args[0].type is PTR, "the callee is a pointer")
    _match("parameters", [a.type for a in i.args[1:]], i.signature.params)
    _match("results", [d.type for d in i.dst], i.signature.results)


def _match(what: str, have: Sequence[IRType], want: Sequence[IRType]) -> None:
    _need(
        len(have) == len(want) and all(h is w for h, w in zip(have, want, strict=True)),
        f"{what} are {list(have)!r}, should be {list(want)!r}",
    )


def _nothing(i: Instr) -> None:
    pass


_CHECKS: dict[Op, Callable[[Instr], None]] = {
    Op.COPY: _same, Op.ZERO: _nothing, Op.SELECT: _select,
    Op.ADD: _int2, Op.SUB: _int2, Op.MUL: _int2, Op.SDIV: _int2, Op.UDIV: _int2, Op.SREM: _int2, Op.UREM: _int2,
    Op.AND: _int2, Op.OR: _int2, Op.XOR: _int2, Op.SHL: _shift, Op.LSHR: _shift, Op.ASHR: _shift,
    Op.FADD: _float, Op.FSUB: _float, Op.FMUL: _float, Op.FDIV: _float, Op.FNEG: _float,
    Op.EQ: _compare, Op.NE: _compare, Op.SLT: _compare, Op.SLE: _compare, Op.ULT: _compare, Op.ULE: _compare,
    Op.FEQ: _compare, Op.FNE: _compare, Op.FLT: _compare, Op.FLE: _compare, Op.NOT: _not,
    Op.TRUNC: _convert(_INTS, _INTS, -1), Op.SEXT: _convert(_INTS, _INTS, 1),
    Op.ZEXT: _convert((*_INTS, BOOL), _INTS, 1),
    Op.FPTOSI: _convert(_FLOATS, _INTS, 2), Op.FPTOUI: _convert(_FLOATS, _INTS, 2),
    Op.SITOFP: _convert(_INTS, _FLOATS, 2), Op.UITOFP: _convert(_INTS, _FLOATS, 2),
    Op.FPEXT: _convert((F32,), (F64,), 1), Op.FPTRUNC: _convert((F64,), (F32,), -1), Op.BITCAST: _bitcast,
    Op.PTRTOINT: _convert((PTR,), (I64,), 0), Op.INTTOPTR: _convert((I64,), (PTR,), 0),
    Op.MAKE: _make, Op.EXTRACT: _extract, Op.INSERT: _insert,
    Op.ADDR: _pointer, Op.OFFSET: _pointer, Op.INDEX: _index, Op.LOAD: _address, Op.STORE: _address,
    Op.MOVE: _pointers, Op.CLEAR: _address,
    Op.NILCHECK: _address, Op.BOUNDS: _bounds, Op.DIVCHECK: _divcheck,
    Op.CALL: _nothing, Op.CALL_CLOSURE: _indirect, Op.CALL_CODE: _indirect, Op.RT: _rt, Op.DEFER: _address,
    Op.DEFER_RETURN: _nothing,
    Op.JUMP: _jump, Op.BRANCH: _branch, Op.SWITCH: _switch, Op.RETURN: _nothing, Op.TAIL_CALL: _nothing,
    Op.LOOP_CHECK: _loop_check, Op.UNREACHABLE: _nothing,
}  # fmt: skip

_AUX: dict[Aux, tuple[type, ...]] = {
    Aux.NONE: (type(None),),
    Aux.FIELD: (int,),
    Aux.BYTES: (int,),
    Aux.OBJECT: (Object,),
    Aux.TYPE: (Scalar, Struct, Array),
    Aux.BOUNDS: (Bounds,),
    Aux.FUNCTION: (str,),
    Aux.RUNTIME: (str,),
    Aux.SIGNATURE: (Signature,),
    Aux.CASES: (tuple,),
    Aux.SHARED: (type(None), str),
}


class Verifier:
    """Checks one function, and its references to the module if one is given."""

    def __init__(self, f: Function, module: Module | None) -> None:
        self.f = f
        self.module = module
        self.regs = set(map(id, f.regs))
        self.objects = set(map(id, f.objects))
        self.blocks = set(map(id, f.blocks))

    def fail(self, message: str, block: Block | None = None, instr: Instr | None = None) -> InternalError:
        place = f" in {block!r}" if block is not None else ""
        at = f"\n  {print_instr(instr)}" if instr is not None else ""
        return InternalError("verify", f"{self.f.name}{place}: {message}{at}", None, print_function(self.f))

    def run(self) -> None:
        f = self.f
        if not f.blocks:
            raise self.fail("no blocks")
        if len({b.id for b in f.blocks}) != len(f.blocks):
            raise self.fail("two blocks share a number")
        if any(r.id != n for n, r in enumerate(f.regs)) or any(o.id != n for n, o in enumerate(f.objects)):
            raise self.fail("registers and objects are numbered by their place")
        for r in (*f.params, *((f.context,) if f.context else ())):
            if id(r) not in self.regs:
                raise self.fail(f"parameter {r!r} is no register of the function")
        if f.leaf is not None and (f.context is not None or f.has_defer):
            raise self.fail("a leaf has no context and no deferred calls")
        if f.context is not None and f.context.type is not PTR:
            raise self.fail("the context is a pointer")
        if f.result_objects:
            if len(f.result_objects) != len(f.results):
                raise self.fail("one result object, or None, for each result")
            for o, t in zip(f.result_objects, f.results, strict=True):
                if o is not None and (id(o) not in self.objects or o.type is not t):
                    raise self.fail(f"result object {o!r} is not a {t!r} of the function")
        for block in f.blocks:
            self.block(block)
        self.definitions()

    def block(self, block: Block) -> None:
        if not block.instrs or not block.instrs[-1].op.effect & Effect.TERM:
            raise self.fail("no terminator", block)
        last = len(block.instrs) - 1
        for n, instr in enumerate(block.instrs):
            info = instr.op.value
            if info.effect & Effect.TERM and n != last:
                raise self.fail("a terminator in the middle", block, instr)
            try:
                self.instr(instr)
            except _Broken as broken:
                raise self.fail(str(broken), block, instr) from None
            if instr.op is Op.RT and instr.runtime_call.effect & Effect.NORETURN:
                if block.instrs[n + 1].op is not Op.UNREACHABLE:
                    raise self.fail("a call that never returns is followed by unreachable", block, instr)

    def instr(self, i: Instr) -> None:
        info = i.op.value
        _need(info.operands in (-1, len(i.args)), f"takes {info.operands} operands")
        _need(info.results in (-1, len(i.dst)), f"gives {info.results} results")
        _need(isinstance(i.aux, _AUX[info.aux]), f"aux should be {info.aux.value}")
        for a in i.args:
            self.operand(a)
        for d in i.dst:
            _need(id(d) in self.regs, f"{d!r} is no register of the function")
        for t in i.targets:
            _need(id(t) in self.blocks, f"{t!r} is no block of the function")
        _need(not i.targets or bool(info.effect & Effect.TERM), "only terminators have targets")
        if isinstance(i.aux, Object):
            _need(id(i.aux) in self.objects, f"{i.aux!r} is no object of the function")
        _CHECKS[i.op](i)
        if i.op is Op.RETURN:
            _match("results", [a.type for a in i.args], self.f.results)
            _need(not i.targets, "return has no targets")
        elif i.op in (Op.CALL, Op.TAIL_CALL) and self.module is not None:
            callee = self.module.functions.get(i.callee)
            if callee is not None:
                results = [d.type for d in i.dst] if i.op is Op.CALL else self.f.results
                _match("parameters", [a.type for a in i.args], [p.type for p in callee.params])
                _match("results", results, callee.results)
        if self.f.leaf is not None:
            self.in_leaf(i, self.f.leaf)
        pos = i.pos
        while pos is not None and pos.inlined is not None and self.module is not None:
            _need(pos.inlined.function in self.module.functions, f"{pos.inlined.function} is inlined, but not there")
            pos = pos.inlined.call

    def in_leaf(self, i: Instr, leaf: Leaf) -> None:
        """Check an instruction of a leaf, which runs to its end on the thread's stack: a leaf calls only leaves, and
        does not park or defer."""
        effect = i.op.effect
        if i.op is Op.RT:
            call = i.runtime_call
            effect = call.effect
            _need(call.in_leaves and not effect & Effect.PARK, "not in a leaf")
        elif i.op is Op.CALL:
            callee = self.module.functions.get(i.callee) if self.module is not None else None
            known = callee.leaf if callee is not None else None
            _need(self.module is None or known is not None, "a leaf calls leaves only")
            effect = Effect.PANIC if known is not None and known.can_panic else Effect.NONE
        _need(i.op is not Op.DEFER and not effect & Effect.CALL, "not in a leaf")
        _need(leaf.can_panic or not effect & Effect.PANIC, "may panic, in a leaf that does not")

    def operand(self, a: Operand) -> None:
        match a:
            case Reg():
                _need(id(a) in self.regs, f"{a!r} is no register of the function")
            case Const(type=t, value=v):
                if t is F32 or t is F64:
                    _need(isinstance(v, float), "a float constant is a Python float")
                else:
                    _need(isinstance(t, Scalar) and isinstance(v, int), "constants are scalars")
                    limit = 2 if t is BOOL else 1 << (t.size * 8)
                    _need(0 <= int(v) < limit, "constants are in the unsigned range")
            case Sym():
                pass

    def definitions(self) -> None:
        """Check that no path reads a register before writing it: forward data flow, with sets as big integers."""
        f = self.f
        everything = (1 << len(f.regs)) - 1
        entry = 0
        for r in (*f.params, *((f.context,) if f.context else ())):
            entry |= 1 << r.id
        defined: dict[int, int] = {b.id: everything for b in f.blocks}
        defined[f.blocks[0].id] = entry
        writes: dict[int, int] = {}
        for b in f.blocks:
            bits = 0
            for i in b.instrs:
                for d in i.dst:
                    bits |= 1 << d.id
            writes[b.id] = bits
        work = [f.blocks[0]]
        reached = {f.blocks[0].id}
        while work:
            b = work.pop()
            out = defined[b.id] | writes[b.id]
            for t in b.instrs[-1].targets:
                new = defined[t.id] & out
                if new != defined[t.id] or t.id not in reached:
                    reached.add(t.id)
                    defined[t.id] = new
                    work.append(t)
        for b in f.blocks:
            if b.id not in reached:
                continue
            have = defined[b.id]
            for i in b.instrs:
                for a in i.args:
                    if type(a) is Reg and not have >> a.id & 1:
                        raise self.fail(f"{a!r} is read before it is written", b, i)
                for d in i.dst:
                    have |= 1 << d.id


def verify_function(f: Function, module: Module | None = None) -> None:
    """Raise InternalError unless f is well-formed."""
    Verifier(f, module).run()


def verify_module(m: Module) -> None:
    """Raise InternalError unless every function of m is well-formed and the names are consistent."""
    for name, f in m.functions.items():
        if f.name != name:
            raise InternalError("verify", f"function {f.name} is listed as {name}")
        verify_function(f, m)
    for name, g in m.globals.items():
        if g.name != name:
            raise InternalError("verify", f"global {g.name} is listed as {name}")
        if len(g.data) > g.type.size or any(at + 8 > g.type.size for at, _ in g.relocs):
            raise InternalError("verify", f"global {name}: contents larger than its type")
