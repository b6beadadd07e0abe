"""Lowering of expressions to LLVM text.

Variables are allocas, which LLVM's sroa turns into registers. Memory is accessed by byte offsets, so LLVM needs no
struct types. Integers are iN, boolean is i1 (a byte in memory), and pointers and references are ptr.

With `checked`, native code detects what CPython would: overflow of arithmetic outside a cast, indexes out of range,
shift counts that are too large, nil. Each ends the process with file and line. The tests of rule 1 rely on this.
"""

import ast
import struct as structlib
from collections import Counter
from dataclasses import dataclass, field

from morestack.dialect.kinds import (
    BOOLEAN,
    F64,
    ArrayKind,
    BoolKind,
    FloatKind,
    IntKind,
    Kind,
    PtrKind,
    ScalarKind,
    StructKind,
)
from morestack.dialect.subset import Function
from morestack.dialect.subset_expr import Static
from morestack.llvm.text import quote

_PLAIN = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "shl",
}  # fmt: skip
_FLOAT = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_ORDER = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}


@dataclass(slots=True)
class Output:
    """What the functions of a module share: literals, declarations, names of statics, how often each is called."""

    checked: bool
    statics: dict[int, str]
    symbols: dict[int, str]
    calls: Counter[int]
    declarations: dict[str, str] = field(default_factory=dict)
    literals: dict[bytes, str] = field(default_factory=dict)

    def declare(self, name: str, text: str) -> str:
        """Declare an external symbol, once."""
        self.declarations.setdefault(name, text)
        return quote(name)

    def literal(self, data: bytes) -> str:
        """A private constant with these bytes and a NUL."""
        return self.literals.setdefault(data, f"@.str.{len(self.literals)}")


class ExprLowerer:
    """Expressions of one function; `expr` returns the LLVM operand."""

    def __init__(self, out: Output, function: Function, file: str) -> None:
        self.out, self.function, self.facts, self.file = out, function, function.facts, file
        self.lines: list[str] = []
        self.cold: list[str] = []
        self.frame: list[str] = []  # memory in the frame, allocated at the start of the entry block
        self.counter = 0
        self.label = "entry"

    # Emission.

    def emit(self, text: str) -> None:
        """Append an instruction."""
        self.lines.append("  " + text)

    def let(self, text: str) -> str:
        """Append an instruction with a result; return the name of the result."""
        self.counter += 1
        name = f"%t.{self.counter}"
        self.lines.append(f"  {name} = {text}")
        return name

    def new_label(self, hint: str) -> str:
        """Return a new block name."""
        self.counter += 1
        return f"{hint}.{self.counter}"

    def start(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.label = label

    def abort_if(self, condition: str, node: ast.AST, why: str) -> None:
        """End the process if an i1 is true."""
        bad, good = self.new_label("abort"), self.new_label("ok")
        self.emit(f"br i1 {condition}, label %{bad}, label %{good}, !prof !0")
        self.cold += [f"{bad}:", *self.abort_lines(node, why)]
        self.start(good)

    def abort_lines(self, node: ast.AST, why: str) -> list[str]:
        """The call that ends the process and reports the place."""
        file, text = self.out.literal(self.file.encode()), self.out.literal(why.encode())
        line = getattr(node, "lineno", 0)
        return [f"  call void @dialect_abort(ptr {file}, i32 {line}, ptr {text}) cold", "  unreachable"]

    # Constants, loads and stores.

    @staticmethod
    def const(kind: Kind, value: object) -> str:
        """The operand for a constant."""
        if isinstance(kind, BoolKind):
            return "true" if value else "false"
        if isinstance(kind, FloatKind):
            assert isinstance(value, (int, float))
            return f"0x{structlib.unpack('<Q', structlib.pack('<d', float(value)))[0]:016X}"
        assert isinstance(value, int)
        return str(value)

    def load(self, kind: Kind, address: str) -> str:
        """Load a scalar. For a struct or array, return its address."""
        if not isinstance(kind, ScalarKind):
            return address
        if isinstance(kind, BoolKind):
            return self.let(f"trunc i8 {self.let(f'load i8, ptr {address}')} to i1")
        return self.let(f"load {kind.llvm}, ptr {address}, align {kind.align}")

    def store(self, kind: Kind, address: str, value: str) -> None:
        """Store a scalar."""
        if isinstance(kind, BoolKind):
            self.emit(f"store i8 {self.let(f'zext i1 {value} to i8')}, ptr {address}")
        else:
            self.emit(f"store {kind.llvm} {value}, ptr {address}, align {kind.align}")

    def offset(self, base: str, offset: int) -> str:
        """base + a constant."""
        return self.let(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base

    def widen(self, value: str, kind: Kind) -> str:
        """An integer as i64."""
        assert isinstance(kind, IntKind)
        if kind.bits == 64 or not value.startswith("%"):
            return value
        return self.let(f"{'sext' if kind.signed else 'zext'} i{kind.bits} {value} to i64")

    def nil_check(self, pointer: str, node: ast.AST) -> None:
        """With `checked`, end the process if a pointer is nil."""
        if self.out.checked:
            number = self.let(f"ptrtoint ptr {pointer} to i64")
            self.abort_if(self.let(f"icmp ult i64 {number}, 4096"), node, "nil dereference")

    # Expressions.

    def expr(self, node: ast.expr) -> str:
        """The operand with the value of an expression."""
        facts = self.facts
        kind = facts.kinds[node]
        value = facts.consts.get(node)
        if value is not None and not isinstance(value, bytes):
            return self.const(kind, value)
        match node:
            case ast.Name(id=name):
                return self.let(f"load {kind.llvm}, ptr %{name}.v")
            case ast.Attribute() if isinstance(kind, ScalarKind) and not self.is_computed(node):
                return self.load(kind, self.place(node))
            case ast.Attribute():
                return self.attribute(node)
            case ast.Subscript():
                return self.load(kind, self.place(node))
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.expr(left), self.expr(right)
                return self.binary(node, op, facts.kinds[left], a, facts.kinds[right], b, node in facts.wraps)
            case ast.UnaryOp():
                return self.unary(node)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                a = self.expr(left)
                return self.compare(op, facts.kinds[left], a, self.expr(right))
            case ast.BoolOp():
                return self.short_circuit(node)
            case ast.IfExp():
                return self.conditional(node)
            case ast.Call():
                return self.call(node)
            case _:
                raise AssertionError(ast.dump(node))

    def call(self, node: ast.Call) -> str:
        """A call's result."""
        raise NotImplementedError

    def is_computed(self, node: ast.Attribute) -> bool:
        """Whether an attribute needs no load: p.addr, a.ptr, and .ptr and .addr of a static."""
        if node.attr not in ("addr", "ptr"):
            return False
        if node.value in self.facts.objects:
            return True
        base = self.facts.kinds[node.value]
        return not isinstance(base, StructKind)

    def attribute(self, node: ast.Attribute) -> str:
        """p.addr, p.at, a.ptr, a nested reference, or a part of a static."""
        static = self.facts.objects.get(node.value)
        if isinstance(static, Static):
            name = quote(self.out.statics[id(static)])
            return self.let(f"ptrtoint ptr {name} to i64") if node.attr == "addr" else name
        if node.attr == "addr" and isinstance(self.facts.kinds[node.value], PtrKind):
            return self.let(f"ptrtoint ptr {self.expr(node.value)} to i64")
        if node.attr == "ptr" and isinstance(self.facts.kinds[node.value], ArrayKind):
            return self.expr(node.value)
        return self.place(node)

    def place(self, node: ast.expr) -> str:
        """The address of a place in memory."""
        kinds = self.facts.kinds
        if isinstance(node, ast.Attribute):
            static = self.facts.objects.get(node.value)
            if isinstance(static, Static):
                return quote(self.out.statics[id(static)])
            base = self.expr(node.value)
            kind = kinds[node.value]
            if isinstance(kind, PtrKind):
                self.nil_check(base, node)
                return base
            assert isinstance(kind, StructKind)
            return self.offset(base, kind.fields[node.attr].offset)
        assert isinstance(node, ast.Subscript)
        base = self.expr(node.value)
        kind = kinds[node.value]
        assert isinstance(kind, (PtrKind, ArrayKind))
        number = self.facts.consts.get(node.slice)
        if isinstance(kind, PtrKind):
            self.nil_check(base, node)
        if number is not None:
            return self.offset(base, int(number) * kind.elem.size)
        index = self.widen(self.expr(node.slice), kinds[node.slice])
        if self.out.checked and isinstance(kind, ArrayKind):
            self.abort_if(self.let(f"icmp uge i64 {index}, {kind.count}"), node, "index out of range")
        return self.element(base, index, kind.elem)

    def element(self, base: str, index: str, elem: Kind) -> str:
        """base + index elements."""
        scaled = index if elem.size == 1 else self.let(f"mul i64 {index}, {elem.size}")
        return self.let(f"getelementptr i8, ptr {base}, i64 {scaled}")

    def binary(self, node: ast.AST, op: ast.operator, ka: Kind, a: str, kb: Kind, b: str, wrap: bool) -> str:
        """left op right."""
        if ka is F64:
            return self.let(f"{_FLOAT[type(op)]} double {a}, {b}")
        if isinstance(ka, BoolKind):
            return self.let(f"{_PLAIN[type(op)]} i1 {a}, {b}")
        assert isinstance(ka, IntKind)
        ty = ka.llvm
        if isinstance(op, (ast.LShift, ast.RShift)):
            return self.shift(node, op, ka, a, kb, b, wrap)
        if isinstance(op, (ast.FloorDiv, ast.Mod)):
            return self.divide(node, isinstance(op, ast.Mod), ka, a, b)
        name = _PLAIN[type(op)]
        if self.out.checked and not wrap and isinstance(op, (ast.Add, ast.Sub, ast.Mult)):
            intrinsic = f"llvm.{'s' if ka.signed else 'u'}{name}.with.overflow.{ty}"
            self.out.declare(intrinsic, f"declare {{{ty}, i1}} @{intrinsic}({ty}, {ty})")
            pair = self.let(f"call {{{ty}, i1}} @{intrinsic}({ty} {a}, {ty} {b})")
            self.abort_if(self.let(f"extractvalue {{{ty}, i1}} {pair}, 1"), node, f"rule 1: {ka.name} overflow")
            return self.let(f"extractvalue {{{ty}, i1}} {pair}, 0")
        return self.let(f"{name} {ty} {a}, {b}")

    def shift(self, node: ast.AST, op: ast.operator, ka: IntKind, a: str, kb: Kind, b: str, wrap: bool) -> str:
        """Shifts. The count is converted to the operand's width."""
        ty = ka.llvm
        assert isinstance(kb, IntKind)
        if b.startswith("%"):
            if self.out.checked:
                self.abort_if(self.let(f"icmp uge {kb.llvm} {b}, {ka.bits}"), node, "rule 4: shift count")
            if kb.bits != ka.bits:
                b = self.let(f"{'trunc' if kb.bits > ka.bits else 'zext'} {kb.llvm} {b} to {ty}")
        back = "ashr" if ka.signed else "lshr"
        if isinstance(op, ast.RShift):
            return self.let(f"{back} {ty} {a}, {b}")
        result = self.let(f"shl {ty} {a}, {b}")
        if self.out.checked and not wrap:
            again = self.let(f"{back} {ty} {result}, {b}")
            self.abort_if(self.let(f"icmp ne {ty} {again}, {a}"), node, f"rule 1: {ka.name} overflow")
        return result

    def divide(self, node: ast.AST, modulo: bool, kind: IntKind, a: str, b: str) -> str:
        """// and %, which floor. A zero divisor ends the process, and a divisor of -1 must not trap."""
        ty = kind.llvm
        if b.startswith("%"):
            self.abort_if(self.let(f"icmp eq {ty} {b}, 0"), node, "division by zero")
        if not kind.signed:
            return self.let(f"{'urem' if modulo else 'udiv'} {ty} {a}, {b}")
        constant = int(b) if not b.startswith("%") else 0
        if constant > 0 and constant & (constant - 1) == 0:
            if modulo:
                return self.let(f"and {ty} {a}, {constant - 1}")
            return self.let(f"ashr {ty} {a}, {constant.bit_length() - 1}")
        minus_one = self.let(f"icmp eq {ty} {b}, -1")
        divisor = self.let(f"select i1 {minus_one}, {ty} 1, {ty} {b}")
        quotient, rest = self.let(f"sdiv {ty} {a}, {divisor}"), self.let(f"srem {ty} {a}, {divisor}")
        inexact = self.let(f"icmp ne {ty} {rest}, 0")
        signs = self.let(f"icmp slt {ty} {self.let(f'xor {ty} {rest}, {b}')}, 0")
        down = self.let(f"and i1 {inexact}, {signs}")
        if modulo:
            return self.let(f"select i1 {down}, {ty} {self.let(f'add {ty} {rest}, {b}')}, {ty} {rest}")
        floored = self.let(f"add {ty} {quotient}, {self.let(f'sext i1 {down} to {ty}')}")
        return self.let(f"select i1 {minus_one}, {ty} {self.let(f'sub {ty} 0, {a}')}, {ty} {floored}")

    def unary(self, node: ast.UnaryOp) -> str:
        """not, -, ~."""
        a = self.expr(node.operand)
        kind = self.facts.kinds[node]
        if isinstance(node.op, ast.Not):
            return self.let(f"xor i1 {a}, true")
        if isinstance(node.op, ast.Invert):
            return self.let(f"xor {kind.llvm} {a}, -1")
        if isinstance(kind, FloatKind):
            return self.let(f"fneg double {a}")
        return self.binary(node, ast.Sub(), kind, "0", kind, a, node in self.facts.wraps)

    def compare(self, op: ast.cmpop, kind: Kind, a: str, b: str) -> str:
        """A comparison. A NaN is unequal to everything."""
        order = _ORDER[type(op)]
        if isinstance(kind, FloatKind):
            return self.let(f"fcmp {'une' if order == 'ne' else 'o' + order} double {a}, {b}")
        if order not in ("eq", "ne"):
            order = ("s" if isinstance(kind, IntKind) and kind.signed else "u") + order
        return self.let(f"icmp {order} {kind.llvm} {a}, {b}")

    def short_circuit(self, node: ast.BoolOp) -> str:
        """and, or."""
        done = self.new_label("bool")
        constant = "false" if isinstance(node.op, ast.And) else "true"
        edges: list[tuple[str, str]] = []
        for operand in node.values[:-1]:
            value, more = self.expr(operand), self.new_label("more")
            edges.append((constant, self.label))
            targets = (more, done) if isinstance(node.op, ast.And) else (done, more)
            self.emit(f"br i1 {value}, label %{targets[0]}, label %{targets[1]}")
            self.start(more)
        edges.append((self.expr(node.values[-1]), self.label))
        return self.join(done, BOOLEAN, edges)

    def conditional(self, node: ast.IfExp) -> str:
        """body if test else orelse."""
        yes, no, done = self.new_label("then"), self.new_label("else"), self.new_label("endif")
        self.emit(f"br i1 {self.expr(node.test)}, label %{yes}, label %{no}")
        self.start(yes)
        a = self.expr(node.body)
        edges = [(a, self.label)]
        self.emit(f"br label %{done}")
        self.start(no)
        edges.append((self.expr(node.orelse), self.label))
        return self.join(done, self.facts.kinds[node], edges)

    def join(self, done: str, kind: Kind, edges: list[tuple[str, str]]) -> str:
        """End the current block; begin one that joins the edges, with a phi of their values."""
        self.emit(f"br label %{done}")
        self.start(done)
        return self.let(f"phi {kind.llvm} " + ", ".join(f"[{v}, %{label}]" for v, label in edges))
