"""Lowering of calls: conversions, the vocabulary, direct calls of dialect functions, C functions, function pointers.

Small integers and booleans are extended when they cross the C boundary (`zeroext`, `signext`). The psABIs require this
of the side that produces the value; a callee does not rely on it.
"""

import ast
from typing import Any

from morestack.dialect import machine
from morestack.dialect.callback import NativeFunction, Signature, signature_of
from morestack.dialect.kinds import (
    F32,
    NORETURN,
    VOID,
    BoolKind,
    Field,
    FloatKind,
    IntKind,
    Kind,
    PtrKind,
)
from morestack.dialect.lower_expr import ExprLowerer
from morestack.llvm.target import PAUSE
from morestack.llvm.text import quote


def extension(kind: Kind) -> str:
    """The attribute of a value that crosses the C boundary."""
    if isinstance(kind, BoolKind):
        return "zeroext "
    if isinstance(kind, IntKind) and kind.bits < 64:
        return "signext " if kind.signed else "zeroext "
    return ""


class CallLowerer(ExprLowerer):
    """Calls of one function."""

    def call(self, node: ast.Call) -> str:
        """A call's result."""
        func = node.func
        found = self.facts.objects.get(func)
        if found is None:
            return self.pointer_method(node)
        if isinstance(found, (IntKind, FloatKind)):
            return self.convert(node.args[0], found)
        if found in (min, max):
            return self.extremum(node, "min" if found is min else "max")
        if isinstance(found, NativeFunction):
            return self.invoke(self.extern(found), found.signature, node.args)
        if found.__module__ == machine.__name__:
            return str(getattr(self, "call_" + found.__name__)(node) or "")
        return self.invoke(quote(self.out.symbols[id(found)]), signature_of(found), node.args)

    def extern(self, found: NativeFunction) -> str:
        """A declared C function. Symbols with a dot are ours and hidden, so they need no GOT entry."""
        sig = found.signature
        where = "hidden " if "." in found.symbol else ""
        params = ", ".join(f"{k.llvm} {extension(k)}".strip() for k in sig.params)
        kept = "noreturn " if sig.result is NORETURN else ""
        result = f"{extension(sig.result)}{sig.result.llvm}"
        return self.out.declare(
            found.symbol, f"declare {where}{result} {quote(found.symbol)}({params}) nounwind {kept}"
        )

    def invoke(self, target: str, sig: Signature, args: list[ast.expr]) -> str:
        """Call a function with arguments that are already checked."""
        values = [self.expr(a) for a in args]
        operands = ", ".join(f"{k.llvm} {extension(k)}{v}" for k, v in zip(sig.params, values, strict=True))
        text = f"call {extension(sig.result)}{sig.result.llvm} {target}({operands})"
        if sig.result is VOID or sig.result is NORETURN:
            self.emit(text)
            return ""
        return self.let(text)

    def pointer_method(self, node: ast.Call) -> str:
        """p.add(n), p.field(S.f)."""
        assert isinstance(node.func, ast.Attribute)
        base = self.expr(node.func.value)
        found = self.facts.objects.get(node)
        if isinstance(found, Field):
            self.nil_check(base, node)
            return self.offset(base, found.offset)
        kind = self.facts.kinds[node]
        assert isinstance(kind, PtrKind)
        arg = node.args[0]
        number = self.facts.consts.get(arg)
        if number is not None:
            return self.offset(base, int(number) * kind.elem.size)
        return self.element(base, self.widen(self.expr(arg), self.facts.kinds[arg]), kind.elem)

    def convert(self, arg: ast.expr, want: IntKind | FloatKind) -> str:
        """u64(x) and the other conversions."""
        value, found = self.expr(arg), self.facts.kinds[arg]
        if found is want:
            return value
        if isinstance(found, BoolKind):
            if isinstance(want, IntKind):
                return self.let(f"zext i1 {value} to {want.llvm}")
            return self.let(f"uitofp i1 {value} to {want.llvm}")
        if isinstance(found, FloatKind):
            if isinstance(want, FloatKind):
                op = "fptrunc" if want is F32 else "fpext"
                return self.let(f"{op} {found.llvm} {value} to {want.llvm}")
            name = f"llvm.fpto{'s' if want.signed else 'u'}i.sat.{want.llvm}.f64"
            self.out.declare(name, f"declare {want.llvm} @{name}(double)")
            return self.let(f"call {want.llvm} @{name}(double {value})")
        assert isinstance(found, IntKind)
        if isinstance(want, FloatKind):
            return self.let(f"{'s' if found.signed else 'u'}itofp {found.llvm} {value} to {want.llvm}")
        if not value.startswith("%"):
            return str(want(int(value)))  # the text of a literal is its value, never another number with the same bits
        if want.bits == found.bits:
            return value
        op = "trunc" if want.bits < found.bits else "sext" if found.signed else "zext"
        return self.let(f"{op} {found.llvm} {value} to {want.llvm}")

    def extremum(self, node: ast.Call, name: str) -> str:
        """min, max."""
        kind = self.facts.kinds[node]
        assert isinstance(kind, IntKind)
        a, b = self.expr(node.args[0]), self.expr(node.args[1])
        name, ty = f"{'s' if kind.signed else 'u'}{name}", kind.llvm
        return self.intrinsic(f"{name}.{ty}", ty, (ty, a), (ty, b))

    def intrinsic(self, name: str, result: str, *args: tuple[str, str]) -> str:
        """Call llvm.<name>."""
        self.out.declare("llvm." + name, f"declare {result} @llvm.{name}({', '.join(t for t, _ in args)})")
        text = f"call {result} @llvm.{name}({', '.join(f'{t} {v}' for t, v in args)})"
        if result == "void":
            self.emit(text)
            return ""
        return self.let(text)

    # The vocabulary.

    def call_mul_hi(self, node: ast.Call) -> str:
        """The high half of a 128-bit product."""
        a, b = (self.let(f"zext i64 {self.expr(x)} to i128") for x in node.args)
        product = self.let(f"mul i128 {a}, {b}")
        return self.let(f"trunc i128 {self.let(f'lshr i128 {product}, 64')} to i64")

    def call_clz(self, node: ast.Call) -> str:
        """Leading zeros."""
        return self.intrinsic("ctlz.i64", "i64", ("i64", self.expr(node.args[0])), ("i1", "false"))

    def call_bit_length(self, node: ast.Call) -> str:
        """64 - leading zeros."""
        return self.let(f"sub i64 64, {self.call_clz(node)}")

    def call_ctz(self, node: ast.Call) -> str:
        """Trailing zeros."""
        return self.intrinsic("cttz.i64", "i64", ("i64", self.expr(node.args[0])), ("i1", "false"))

    def call_popcount(self, node: ast.Call) -> str:
        """One bits."""
        return self.intrinsic("ctpop.i64", "i64", ("i64", self.expr(node.args[0])))

    def call_f64_bits(self, node: ast.Call) -> str:
        """Bit cast."""
        return self.let(f"bitcast double {self.expr(node.args[0])} to i64")

    def call_f64_from_bits(self, node: ast.Call) -> str:
        """Bit cast."""
        return self.let(f"bitcast i64 {self.expr(node.args[0])} to double")

    def call_fdiv(self, node: ast.Call) -> str:
        """IEEE division."""
        a, b = self.expr(node.args[0]), self.expr(node.args[1])
        return self.let(f"fdiv double {a}, {b}")

    def call_local(self, node: ast.Call) -> str:
        """Memory in the frame, zeroed at each evaluation."""
        kind = self.facts.kinds[node]
        assert isinstance(kind, PtrKind)
        name = f"%local{len(self.frame)}"
        self.frame.append(f"  {name} = alloca [{kind.elem.size} x i8], align 16")
        self.emit(f"call void @llvm.memset.p0.i64(ptr {name}, i8 0, i64 {kind.elem.size}, i1 false)")
        return name

    def call_cpu_pause(self, node: ast.Call) -> None:
        """pause, yield."""
        self.emit(f"call void @{PAUSE}()")

    def address(self, node: ast.expr) -> str:
        """Lower an address argument to a ptr."""
        value = self.expr(node)
        if isinstance(self.facts.kinds[node], PtrKind):
            return value
        return self.let(f"inttoptr i64 {value} to ptr")

    def call_memmove(self, node: ast.Call) -> None:
        """memmove."""
        dst, src, count = self.address(node.args[0]), self.address(node.args[1]), self.expr(node.args[2])
        self.intrinsic("memmove.p0.p0.i64", "void", ("ptr", dst), ("ptr", src), ("i64", count), ("i1", "false"))

    def call_memset(self, node: ast.Call) -> None:
        """memset."""
        dst, byte, count = self.address(node.args[0]), self.expr(node.args[1]), self.expr(node.args[2])
        self.intrinsic("memset.p0.i64", "void", ("ptr", dst), ("i8", byte), ("i64", count), ("i1", "false"))

    def call_memcmp(self, node: ast.Call) -> str:
        """memcmp, with the result normalized to -1, 0, 1."""
        a, b, count = self.address(node.args[0]), self.address(node.args[1]), self.expr(node.args[2])
        name = self.out.declare("memcmp", "declare i32 @memcmp(ptr, ptr, i64) nounwind")
        result = self.let(f"call i32 {name}(ptr {a}, ptr {b}, i64 {count})")
        above = self.let(f"zext i1 {self.let(f'icmp sgt i32 {result}, 0')} to i32")
        below = self.let(f"zext i1 {self.let(f'icmp slt i32 {result}, 0')} to i32")
        return self.let(f"sub i32 {above}, {below}")

    def call_nil(self, node: ast.Call) -> str:
        """null."""
        return "null"

    def call_ptr_at(self, node: ast.Call) -> str:
        """inttoptr."""
        return self.let(f"inttoptr i64 {self.expr(node.args[1])} to ptr")

    def call_cast(self, node: ast.Call) -> str:
        """The same pointer."""
        return self.expr(node.args[1])

    def call_addr_of(self, node: ast.Call) -> str:
        """ptrtoint."""
        return self.let(f"ptrtoint ptr {self.expr(node.args[0])} to i64")

    def call_ptr_to(self, node: ast.Call) -> str:
        """A reference is its address."""
        return self.expr(node.args[0])

    def call_cstr(self, node: ast.Call) -> str:
        """A string literal."""
        data = self.facts.consts[node.args[0]]
        assert isinstance(data, bytes)
        return self.out.literal(data)

    def call_unreachable(self, node: ast.Call) -> None:
        """End the process."""
        why = self.facts.consts[node.args[0]]
        assert isinstance(why, bytes)
        lines = self.abort_lines(node, "unreachable: " + why.decode())
        self.lines += lines[:-1]

    def call_func_ptr(self, node: ast.Call) -> str:
        """A function's address."""
        found = self.facts.objects[node.args[0]]
        name = self.extern(found) if isinstance(found, NativeFunction) else quote(self.out.symbols[id(found)])
        return self.let(f"ptrtoint ptr {name} to i64")

    def call_call_ptr(self, node: ast.Call) -> str:
        """An indirect call."""
        found: Any = self.facts.objects[node.args[0]]
        sig = found.signature if isinstance(found, NativeFunction) else signature_of(found)
        target = self.let(f"inttoptr i64 {self.expr(node.args[1])} to ptr")
        self.nil_check(target, node)
        return self.invoke(target, sig, node.args[2:])

    def call_symbol_addr(self, node: ast.Call) -> str:
        """The address of an external symbol."""
        name = self.facts.objects[node]
        where = "hidden " if "." in name else ""
        symbol = self.out.declare(name, f"{quote(name)} = external {where}global i8")
        return self.let(f"ptrtoint ptr {symbol} to i64")

    def call_atomic_load(self, node: ast.Call, order: str = "seq_cst") -> str:
        """Sequentially consistent load."""
        kind = self.facts.kinds[node]
        return self.let(f"load atomic {kind.llvm}, ptr {self.expr(node.args[0])} {order}, align {kind.align}")

    def call_atomic_store(self, node: ast.Call, order: str = "seq_cst") -> None:
        """Sequentially consistent store."""
        pointer, value, kind = self.expr(node.args[0]), self.expr(node.args[1]), self.facts.kinds[node.args[1]]
        self.emit(f"store atomic {kind.llvm} {value}, ptr {pointer} {order}, align {kind.align}")

    def call_load_acquire(self, node: ast.Call) -> str:
        """Acquire load, which is a plain load on x86-64."""
        return self.call_atomic_load(node, "acquire")

    def call_store_release(self, node: ast.Call) -> None:
        """Release store, which is a plain store on x86-64; a sequentially consistent store is an exchange there."""
        self.call_atomic_store(node, "release")

    def update(self, node: ast.Call, op: str) -> tuple[str, str, Kind]:
        """Emit an atomicrmw; return the old value, the operand and the kind."""
        pointer, value, kind = self.expr(node.args[0]), self.expr(node.args[1]), self.facts.kinds[node.args[1]]
        return self.let(f"atomicrmw {op} ptr {pointer}, {kind.llvm} {value} seq_cst"), value, kind

    def call_atomic_xchg(self, node: ast.Call) -> str:
        """Atomic exchange; the old value."""
        return self.update(node, "xchg")[0]

    def call_atomic_and(self, node: ast.Call) -> str:
        """Atomic and; the old value."""
        return self.update(node, "and")[0]

    def call_atomic_or(self, node: ast.Call) -> str:
        """Atomic or; the old value."""
        return self.update(node, "or")[0]

    def call_atomic_add(self, node: ast.Call) -> str:
        """Atomic add; the new value."""
        old, value, kind = self.update(node, "add")
        return self.let(f"add {kind.llvm} {old}, {value}")

    def call_cas(self, node: ast.Call) -> str:
        """Compare and swap."""
        pointer, old, new = (self.expr(a) for a in node.args)
        ty = self.facts.kinds[node.args[1]].llvm
        pair = self.let(f"cmpxchg ptr {pointer}, {ty} {old}, {ty} {new} seq_cst seq_cst")
        return self.let(f"extractvalue {{{ty}, i1}} {pair}, 1")
