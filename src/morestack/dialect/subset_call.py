"""The checker's calls: casts, the vocabulary of `machine`, dialect functions, C functions.

INTRINSICS has the fixed signatures. A function whose signature depends on a type argument, or on the element type of a
pointer, has a method here.
"""

import ast
from types import FunctionType
from typing import Any

from morestack.dialect import machine
from morestack.dialect.callback import NativeFunction, Signature, signature_of
from morestack.dialect.kinds import (
    BOOLEAN,
    F32,
    F64,
    I32,
    NORETURN,
    U8,
    U32,
    U64,
    VOID,
    ArrayKind,
    BoolKind,
    Field,
    FloatKind,
    IntKind,
    Kind,
    PtrKind,
    ScalarKind,
    StructKind,
)
from morestack.dialect.memory import MachineFault
from morestack.dialect.subset_expr import BITWISE, DIVISION, UNTYPED, ExprChecker, Reject

INTRINSICS: dict[Any, tuple[tuple[Kind, ...], Kind]] = {
    machine.mul_hi: ((U64, U64), U64),
    machine.clz: ((U64,), U64),
    machine.ctz: ((U64,), U64),
    machine.popcount: ((U64,), U64),
    machine.bit_length: ((U64,), U64),
    machine.f64_bits: ((F64,), U64),
    machine.f64_from_bits: ((U64,), F64),
    machine.fdiv: ((F64, F64), F64),
    machine.cpu_pause: ((), VOID),
}
ADDRESSED: dict[Any, tuple[tuple[Kind | None, ...], Kind]] = {
    # None stands for an address, as u64 or pointer
    machine.memmove: ((None, None, U64), VOID),
    machine.memset: ((None, U8, U64), VOID),
    machine.memcmp: ((None, None, U64), I32),
}

UNBOUNDED = 1 << 20
"""More bits than a value of any kind has."""


class CallChecker(ExprChecker):
    """Checks calls, and finds the kinds of their results."""

    def call(self, node: ast.Call) -> Kind:
        """The kind of a call's result."""
        if any(k.arg is None or k.arg != "why" for k in node.keywords):
            raise Reject(node, 9, "arguments are positional")
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in ("add", "field") and self.lookup(func) is None:
            return self.pointer_method(node, func)
        found = self.lookup(func)
        if found is None:
            raise Reject(node, 9, f"{ast.unparse(func)} is not a function known when the program is compiled")
        self.facts.objects[func] = found
        if isinstance(found, (IntKind, FloatKind)):
            return self.conversion(node, found)
        if found is BOOLEAN:
            raise Reject(node, 5, "there is no conversion to boolean; compare with 0")
        if found in (min, max):
            return self.extremum(node)
        if found is len:
            self.count(node, 1)
            kind = self.typed(node.args[0])
            if not isinstance(kind, ArrayKind):
                raise Reject(node, 9, f"{kind.name} has no len")
            self.facts.consts[node] = kind.count
            return U64
        if found in (machine.python_callback, machine.swap, machine.bind_symbols):
            raise Reject(node, 9, f"{found.__name__} belongs to CPython; dialect code does not call it")
        if isinstance(found, FunctionType) and found.__module__ == machine.__name__:
            return self.intrinsic(node, found)
        if isinstance(found, (FunctionType, NativeFunction)):
            return self.function(node, found)
        raise Reject(node, 9, f"{ast.unparse(func)} cannot be called")

    def count(self, node: ast.Call, *wanted: int) -> None:
        """Check the number of arguments."""
        if len(node.args) not in wanted or any(isinstance(a, ast.Starred) for a in node.args):
            raise Reject(node, 9, f"{ast.unparse(node.func)} takes {wanted[-1]} arguments, not {len(node.args)}")

    def arguments(self, node: ast.Call, args: list[ast.expr], sig: Signature) -> Kind:
        """Check arguments against a signature."""
        if len(args) != len(sig.params) or any(isinstance(a, ast.Starred) for a in args):
            raise Reject(node, 9, f"{ast.unparse(node.func)} takes {len(sig.params)} arguments, not {len(args)}")
        for arg, want in zip(args, sig.params, strict=True):
            self.value(arg, want)
        return sig.result

    def signature(self, node: ast.AST, found: Any) -> Signature:
        """Return the signature of a function, or reject the node."""
        try:
            return found.signature if isinstance(found, NativeFunction) else signature_of(found)
        except MachineFault as fault:
            raise Reject(node, 9, str(fault)) from None

    def function(self, node: ast.Call, found: Any) -> Kind:
        """A call of a dialect or C function."""
        self.require_function(node, found)
        self.facts.calls.append((node, found))
        return self.arguments(node, node.args, self.signature(node, found))

    def require_function(self, node: ast.AST, found: Any) -> None:
        """Reject a function that is not compiled with this program."""
        if isinstance(found, NativeFunction):
            return
        if found.__dict__.get("dialect_signature"):
            raise Reject(node, 9, f"{found.__name__} is a signature; use call_ptr({found.__name__}, address, ...)")
        source = self.sources.get(found.__module__)
        if source is None or found.__name__ not in source.functions:
            raise Reject(node, 9, f"{found.__name__} of {found.__module__} is not a function of the compiled modules")

    def pointer_method(self, node: ast.Call, func: ast.Attribute) -> Kind:
        """p.add(n), p.field(S.f)."""
        kind = self.typed(func.value)
        self.count(node, 1)
        if not isinstance(kind, PtrKind):
            raise Reject(node, 9, f"{kind.name} has no {func.attr}")
        arg = node.args[0]
        if func.attr == "add":
            found = self.expr(arg)
            if found is UNTYPED:
                self.coerce(arg, machine.i64)  # type: ignore[arg-type]
            elif not isinstance(found, IntKind):
                raise Reject(arg, 3, f"an integer is wanted, this is {found.name}")
            return kind
        owner = self.lookup(arg.value) if isinstance(arg, ast.Attribute) else None
        fields = getattr(getattr(owner, "__kind__", None), "fields", {})
        found_field: Field | None = fields.get(arg.attr) if isinstance(arg, ast.Attribute) else None
        if found_field is None or found_field.owner is not kind.elem:
            raise Reject(arg, 9, f"write p.field({kind.elem.name}.name)")
        self.facts.objects[node] = found_field
        return PtrKind(found_field.kind)

    def conversion(self, node: ast.Call, want: IntKind | FloatKind) -> Kind:
        """u64(x) and other conversions: wrap-around, widening, and between integers and floats."""
        self.count(node, 1)
        arg = node.args[0]
        found = self.expr(arg, wrap=isinstance(want, IntKind))
        facts = self.facts
        if found is UNTYPED:
            if arg in facts.consts:
                try:
                    facts.consts[node] = want(facts.consts[arg])
                except MachineFault as fault:
                    raise Reject(node, 2, str(fault)) from None
                facts.kinds[arg] = want
            else:
                self.coerce(arg, want)
            return want
        if isinstance(found, PtrKind):
            raise Reject(node, 3, f"a {found.name} is not a number; take its .addr")
        if not isinstance(found, (IntKind, FloatKind)) and found != BOOLEAN:
            raise Reject(node, 3, f"{found.name} cannot be converted to {want.name}")
        if isinstance(found, FloatKind) and (found is F32 or want is F32) and isinstance(want, IntKind):
            raise Reject(node, 3, "f32 is for storage; convert with f64(...) first")
        wider = isinstance(found, IntKind) and (isinstance(want, FloatKind) or want.bits > found.bits)
        if wider and self.overflows(arg):
            raise Reject(node, 2, f"the operand may overflow {found.name} before it is widened; widen the operands")
        if want is F32 and isinstance(found, IntKind):
            raise Reject(node, 3, "f32 is for storage; write f32(f64(...))")
        return want

    def overflows(self, node: ast.expr) -> bool:
        """Whether CPython's unbounded result of an expression may not fit its kind."""
        kind = self.facts.kinds[node]
        if node in self.facts.consts or not isinstance(kind, IntKind):
            return False
        if isinstance(node, ast.UnaryOp):
            return not (isinstance(node.op, ast.Invert) and kind.signed)
        if not isinstance(node, ast.BinOp) or isinstance(node.op, (*DIVISION, ast.RShift)):
            return False
        if isinstance(node.op, BITWISE) and kind.signed:
            return self.overflows(node.left) or self.overflows(node.right)
        return self.bits(node) > kind.bits - kind.signed

    def bits(self, node: ast.expr) -> int:
        """An upper bound of a value's bit length, at least UNBOUNDED if it may be negative or is unknown."""
        kind, value = self.facts.kinds[node], self.facts.consts.get(node)
        if isinstance(value, int):
            return value.bit_length() if value >= 0 else UNBOUNDED
        if isinstance(node, ast.BinOp):
            a, b, count = self.bits(node.left), self.bits(node.right), self.facts.consts.get(node.right)
            match node.op:
                case ast.BitAnd():
                    return min(a, b)
                case ast.BitOr() | ast.BitXor():
                    return max(a, b)
                case ast.Add():
                    return max(a, b) + 1
                case ast.Mult():
                    return a + b
                case ast.LShift() if isinstance(count, int):
                    return a + count
                case ast.RShift() if isinstance(count, int):
                    return max(0, a - count)
                case ast.RShift():
                    return a
                case ast.FloorDiv() | ast.Mod() if b < UNBOUNDED:
                    return a
                case _:
                    return UNBOUNDED
        if isinstance(node, ast.Call) and isinstance(self.facts.objects.get(node.func), IntKind):
            inner = self.bits(node.args[0])
            return min(inner, kind.bits) if isinstance(kind, IntKind) and not kind.signed else inner
        if isinstance(kind, IntKind) and not kind.signed and not isinstance(node, ast.UnaryOp):
            return kind.bits
        return 1 if isinstance(kind, BoolKind) else UNBOUNDED

    def extremum(self, node: ast.Call) -> Kind:
        """min(a, b) and max(a, b) of integers."""
        self.count(node, 2)
        a, b = node.args
        if self.expr(a) is UNTYPED and self.expr(b) is UNTYPED:
            raise Reject(node, 3, "one operand needs a type")
        self.expr(b)
        kind = self.same(node, a, b)
        if not isinstance(kind, IntKind):
            raise Reject(node, 3, f"min and max take integers, not {kind.name}")
        return kind

    def intrinsic(self, node: ast.Call, found: Any) -> Kind:
        """A function of the vocabulary."""
        if found in INTRINSICS:
            params, result = INTRINSICS[found]
            self.count(node, len(params))
            for arg, want in zip(node.args, params, strict=True):
                self.value(arg, want)
            return result
        if found in ADDRESSED:
            wanted, result = ADDRESSED[found]
            self.count(node, len(wanted))
            for arg, kind in zip(node.args, wanted, strict=True):
                if kind is not None:
                    self.value(arg, kind)
                elif not isinstance(self.expr(arg), PtrKind):
                    self.value(arg, U64)
            return result
        method = getattr(self, "call_" + found.__name__, None)
        if method is None:
            raise Reject(node, 9, f"{found.__name__} belongs to CPython; dialect code does not call it")
        return method(node)  # type: ignore[no-any-return]

    def call_nil(self, node: ast.Call) -> Kind:
        """nil(T)."""
        self.count(node, 1)
        return PtrKind(self.type_of(node.args[0]))

    def call_ptr_at(self, node: ast.Call) -> Kind:
        """ptr_at(T, addr)."""
        self.count(node, 2)
        self.value(node.args[1], U64)
        return PtrKind(self.type_of(node.args[0]))

    def call_cast(self, node: ast.Call) -> Kind:
        """cast(T, p)."""
        self.count(node, 2)
        if not isinstance(self.typed(node.args[1]), PtrKind):
            raise Reject(node, 3, "cast converts pointers; integers are converted with u64(...), ptr_at(T, addr)")
        return PtrKind(self.type_of(node.args[0]))

    def call_addr_of(self, node: ast.Call) -> Kind:
        """addr_of(ref)."""
        self.count(node, 1)
        kind = self.typed(node.args[0])
        if not isinstance(kind, (StructKind, ArrayKind)):
            raise Reject(node, 6, f"addr_of wants a nested struct or array, not {kind.name}; see p.field(...)")
        return U64

    def call_local(self, node: ast.Call) -> Kind:
        """local(T)."""
        self.count(node, 1)
        return PtrKind(self.type_of(node.args[0]))

    def call_ptr_to(self, node: ast.Call) -> Kind:
        """ptr_to(ref)."""
        self.call_addr_of(node)
        return PtrKind(self.facts.kinds[node.args[0]])

    def call_size_of(self, node: ast.Call) -> Kind:
        """size_of(T)."""
        self.count(node, 1)
        self.facts.consts[node] = self.type_of(node.args[0]).size
        return U64

    def call_offset_of(self, node: ast.Call) -> Kind:
        """offset_of(S, "field")."""
        self.count(node, 2)
        kind, name = self.type_of(node.args[0]), node.args[1]
        if not isinstance(kind, StructKind) or not isinstance(name, ast.Constant) or name.value not in kind.fields:
            raise Reject(node, 9, f"{kind.name} has no field {ast.unparse(name)}")
        self.facts.consts[node] = kind.fields[name.value].offset
        return U64

    def call_cstr(self, node: ast.Call) -> Kind:
        """cstr(b"...")."""
        self.count(node, 1)
        self.text(node.args[0])
        return PtrKind(U8)

    def text(self, node: ast.expr) -> None:
        """A byte-string literal, or a module constant of bytes."""
        value = node.value if isinstance(node, ast.Constant) else self.lookup(node)
        if not isinstance(value, bytes):
            raise Reject(node, 9, 'a byte-string literal is wanted: b"..."')
        self.facts.consts[node] = value

    def call_unreachable(self, node: ast.Call) -> Kind:
        """unreachable(b"why")."""
        self.count(node, 1)
        self.text(node.args[0])
        return NORETURN

    def call_func_ptr(self, node: ast.Call) -> Kind:
        """func_ptr(f)."""
        self.count(node, 1)
        found = self.lookup(node.args[0])
        if not isinstance(found, (FunctionType, NativeFunction)):
            raise Reject(node, 9, "func_ptr wants the name of a function")
        self.require_function(node, found)
        self.signature(node, found)
        self.facts.objects[node.args[0]] = found
        return U64

    def call_call_ptr(self, node: ast.Call) -> Kind:
        """call_ptr(signature, address, arguments...)."""
        if len(node.args) < 2:
            raise Reject(node, 9, "call_ptr takes a signature, an address and the arguments")
        found = self.lookup(node.args[0])
        if not isinstance(found, (FunctionType, NativeFunction)):
            raise Reject(node, 9, "call_ptr wants the name of a @signature function")
        self.value(node.args[1], U64)
        self.facts.objects[node.args[0]] = found
        self.facts.calls.append((node, machine.call_ptr))
        return self.arguments(node, node.args[2:], self.signature(node, found))

    def call_symbol_addr(self, node: ast.Call) -> Kind:
        """symbol_addr("name")."""
        self.count(node, 1)
        name = node.args[0]
        value = name.value if isinstance(name, ast.Constant) else self.lookup(name)
        if not isinstance(value, str):
            raise Reject(node, 9, "symbol_addr wants a name in quotes")
        self.facts.objects[node] = value
        return U64

    def pointee(self, node: ast.Call, integers: bool = False) -> ScalarKind:
        """The element of an atomic's first argument."""
        kind = self.typed(node.args[0])
        elem = kind.elem if isinstance(kind, PtrKind) else None
        if elem is U32 or elem is U64 or (isinstance(elem, PtrKind) and not integers):
            assert isinstance(elem, ScalarKind)
            return elem
        raise Reject(node, 8, f"atomics work on Ptr[u32] and Ptr[u64], not on {kind.name}")

    def call_atomic_load(self, node: ast.Call) -> Kind:
        """atomic_load(p)."""
        self.count(node, 1)
        return self.pointee(node)

    def call_atomic_store(self, node: ast.Call) -> Kind:
        """atomic_store(p, value)."""
        self.count(node, 2)
        self.value(node.args[1], self.pointee(node))
        return VOID

    call_load_acquire = call_atomic_load
    call_store_release = call_atomic_store

    def call_atomic_xchg(self, node: ast.Call) -> Kind:
        """atomic_xchg(p, value)."""
        self.call_atomic_store(node)
        return self.pointee(node)

    def call_cas(self, node: ast.Call) -> Kind:
        """cas(p, old, new)."""
        self.count(node, 3)
        elem = self.pointee(node)
        self.value(node.args[1], elem)
        self.value(node.args[2], elem)
        return BOOLEAN

    def call_atomic_add(self, node: ast.Call) -> Kind:
        """atomic_add(p, delta). Wrap-around is intended, so delta may be a negative literal."""
        self.count(node, 2)
        elem = self.pointee(node, integers=True)
        arg = node.args[1]
        if self.expr(arg, wrap=True) is UNTYPED and isinstance(elem, IntKind):
            value = self.facts.consts.get(arg)
            if isinstance(value, int) and value < 0:
                self.facts.consts[arg] = elem(value)
            self.coerce(arg, elem)
        elif self.facts.kinds[arg] != elem:
            raise Reject(arg, 3, f"{elem.name} wanted, this is {self.facts.kinds[arg].name}")
        return elem

    def call_atomic_and(self, node: ast.Call) -> Kind:
        """atomic_and(p, value)."""
        self.count(node, 2)
        elem = self.pointee(node, integers=True)
        self.value(node.args[1], elem)
        return elem

    call_atomic_or = call_atomic_and
