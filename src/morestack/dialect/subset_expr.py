"""The checker's expressions: the kind of each, and the rules about operands.

Kinds are computed bottom-up. An integer or float literal has no kind (UNTYPED) until its context gives it one (rule 3),
so `coerce` walks down again to the literals of an untyped expression. Facts go to the side tables of `Facts`, keyed by
node. The syntax is never changed.

`wrap` means that the value is directly inside an explicit cast (or masked), where wrap-around is allowed (rule 1).
"""

import ast
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from morestack.dialect import machine
from morestack.dialect.callback import NativeFunction
from morestack.dialect.kinds import (
    BOOLEAN,
    F32,
    F64,
    U64,
    VOID,
    ArrayKind,
    FloatKind,
    IntKind,
    Kind,
    PtrKind,
    ScalarKind,
    StructKind,
    StructRef,
    VoidKind,
    kind_of,
)
from morestack.dialect.memory import MachineFault

UNTYPED = VoidKind("literal", True)
"""The kind of an expression of literals, until its context gives it one."""

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult)
BITWISE = (ast.BitAnd, ast.BitOr, ast.BitXor)
DIVISION = (ast.FloorDiv, ast.Mod)
SHIFT = (ast.LShift, ast.RShift)
_FOLD: dict[type[ast.operator], Any] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b, ast.Mod: lambda a, b: a % b, ast.Div: lambda a, b: a / b,
    ast.LShift: lambda a, b: a << b, ast.RShift: lambda a, b: a >> b,
    ast.BitAnd: lambda a, b: a & b, ast.BitOr: lambda a, b: a | b, ast.BitXor: lambda a, b: a ^ b,
}  # fmt: skip

Static: Any = machine.Static


class Reject(Exception):
    """One violation of the dialect's rules, at a node."""

    def __init__(self, node: ast.AST, rule: int, message: str) -> None:
        super().__init__(message)
        self.node, self.rule, self.message = node, rule, message


@dataclass(slots=True)
class Facts:
    """What the checker found about a function. The compiler uses it."""

    kinds: dict[ast.AST, Kind] = field(default_factory=dict)
    consts: dict[ast.AST, int | float | bool | bytes] = field(default_factory=dict)
    objects: dict[ast.AST, Any] = field(default_factory=dict)
    wraps: set[ast.AST] = field(default_factory=set)
    locals: dict[str, Kind] = field(default_factory=dict)
    calls: list[tuple[ast.Call, Any]] = field(default_factory=list)


@dataclass(slots=True)
class ModuleSource:
    """A module of the dialect: the imported module and its syntax."""

    module: ModuleType
    path: str
    tree: ast.Module
    const_kinds: dict[str, Kind] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The last part of the module's name, which symbols contain."""
        return self.module.__name__.rpartition(".")[2]


class ExprChecker:
    """Checks expressions within one function, and finds their kinds."""

    def __init__(self, source: ModuleSource, sources: dict[str, ModuleSource]) -> None:
        self.source, self.sources = source, sources
        self.facts = Facts()
        self.assigned: set[str] = set()
        self.stores: set[str] = set()
        self.poisoned: set[str] = set()

    # Names and the objects they refer to.

    def lookup(self, node: ast.expr) -> Any:
        """The module-level object that a name or dotted name refers to, or None."""
        if isinstance(node, ast.Name):
            if node.id in self.facts.locals or node.id in self.stores:
                return None
            scope = vars(self.source.module)
            if node.id in scope:
                return scope[node.id]
            builtin = {"len": len, "min": min, "max": max, "range": range}.get(node.id)
            return builtin
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            base = self.lookup(node.value)
            if isinstance(base, ModuleType):
                if not hasattr(base, node.attr):
                    raise Reject(node, 9, f"module {base.__name__} has no {node.attr}")
                return getattr(base, node.attr)
        return None

    def const_kind(self, node: ast.expr) -> Kind:
        """The kind that a module constant was declared with, or UNTYPED."""
        if isinstance(node, ast.Name):
            return self.source.const_kinds.get(node.id, UNTYPED)
        if isinstance(node, ast.Attribute):
            owner = self.lookup(node.value)
            source = self.sources.get(getattr(owner, "__name__", ""))
            return source.const_kinds.get(node.attr, UNTYPED) if source else UNTYPED
        return UNTYPED

    def type_of(self, node: ast.expr) -> Kind:
        """The kind that a type expression denotes."""
        try:
            code = compile(ast.Expression(node), self.source.path, "eval")
            return kind_of(eval(code, vars(self.source.module)), vars(self.source.module))
        except MachineFault as fault:
            raise Reject(node, 9, str(fault)) from None
        except Exception as error:
            raise Reject(node, 9, f"not a type: {error}") from None

    # Expressions.

    def value(self, node: ast.expr, want: Kind, rule: int = 3) -> None:
        """Check an expression that must have a given kind."""
        found = self.expr(node)
        if found is UNTYPED:
            self.coerce(node, want)
        elif found != want:
            raise Reject(node, rule, f"{want.name} wanted, this is {found.name}{self.hint(found, want)}")

    @staticmethod
    def hint(found: Kind, want: Kind) -> str:
        """Suggest a conversion, if one is known."""
        if isinstance(found, (IntKind, FloatKind)) and isinstance(want, (IntKind, FloatKind)):
            return f"; convert with {want.name}(...)"
        if isinstance(found, PtrKind) and want is U64:
            return "; take its .addr"
        if isinstance(found, IntKind) and isinstance(want, PtrKind):
            return f"; use ptr_at({want.elem.name}, ...)"
        if isinstance(found, PtrKind) and isinstance(want, PtrKind):
            return f"; use cast({want.elem.name}, ...)"
        return ""

    def typed(self, node: ast.expr, wrap: bool = False) -> Kind:
        """Check an expression that must have a kind of its own."""
        found = self.expr(node, wrap)
        if found is UNTYPED:
            raise Reject(node, 3, "a literal needs a type here: write u64(...) or the type that is meant")
        return found

    def condition(self, node: ast.expr) -> None:
        """Check a condition."""
        found = self.expr(node)
        if found != BOOLEAN:
            raise Reject(node, 5, f"a condition is boolean, this is {found.name}; compare explicitly")

    def coerce(self, node: ast.expr, kind: Kind, masked: bool = False) -> None:
        """Give an untyped expression its kind. `masked`: it is an operand of `&`, where negative literals are masks."""
        facts = self.facts
        if isinstance(node, ast.IfExp):
            for arm in (node.body, node.orelse):
                if facts.kinds[arm] is UNTYPED:
                    self.coerce(arm, kind)
        elif node not in facts.consts:
            raise Reject(node, 3, f"a literal needs a type here: write {kind.name}(...)")
        else:
            value = facts.consts[node]
            if isinstance(kind, IntKind) and value.__class__ is int:
                if masked and int(value) < 0 and -int(value) <= kind.high:
                    facts.consts[node] = kind(value)
                elif not kind.low <= value <= kind.high:
                    raise Reject(node, 3, f"literal {value!r} does not fit {kind.name}")
            elif isinstance(kind, FloatKind) and value.__class__ is float:
                facts.consts[node] = kind(value)
            elif isinstance(kind, FloatKind):
                raise Reject(node, 3, f"literal {value!r} is an integer; write {float(value)!r}")
            else:
                raise Reject(node, 3, f"literal {value!r} where {kind.name} is wanted")
        facts.kinds[node] = kind

    def expr(self, node: ast.expr, wrap: bool = False) -> Kind:
        """The kind of an expression, which is also stored in the facts."""
        match node:
            case ast.Constant(value=value):
                kind = self.constant(node, value)
            case ast.Name():
                kind = self.name(node)
            case ast.Attribute():
                kind = self.attribute(node)
            case ast.Subscript():
                kind = self.subscript(node)
            case ast.BinOp():
                kind = self.binary(node, wrap)
            case ast.UnaryOp():
                kind = self.unary(node, wrap)
            case ast.Compare():
                kind = self.compare(node)
            case ast.BoolOp(values=values):
                for v in values:
                    self.condition(v)
                kind = BOOLEAN
            case ast.IfExp():
                kind = self.conditional(node)
            case ast.Call():
                kind = self.call(node)
            case _:
                raise Reject(node, 9, f"{type(node).__name__} is not in the dialect")
        self.facts.kinds[node] = kind
        if wrap:
            self.facts.wraps.add(node)
        return kind

    def call(self, node: ast.Call) -> Kind:
        """The kind of a call."""
        raise NotImplementedError

    def constant(self, node: ast.expr, value: Any) -> Kind:
        """A literal or a module constant."""
        if value.__class__ is bool:
            self.facts.consts[node] = value
            return BOOLEAN
        if value.__class__ not in (int, float):
            raise Reject(node, 9, f"{type(value).__name__} values are not in the dialect")
        self.facts.consts[node] = value
        return UNTYPED

    def name(self, node: ast.Name) -> Kind:
        """A local variable or module constant."""
        kind = self.facts.locals.get(node.id)
        if kind is not None:
            if node.id not in self.assigned:
                self.skip_poisoned(node)
                raise Reject(node, 9, f"{node.id} may be used before it is assigned")
            return kind
        if node.id in self.stores:
            self.skip_poisoned(node)
            raise Reject(node, 9, f"{node.id} may be used before it is assigned")
        return self.global_value(node, node.id)

    def skip_poisoned(self, node: ast.Name) -> None:
        """Silently give up on a statement that uses a variable whose assignment was rejected."""
        if node.id in self.poisoned:
            raise Reject(node, 0, "")

    def global_value(self, node: ast.expr, name: str) -> Kind:
        """The value of a module-level name."""
        found = self.lookup(node)
        if found.__class__ in (int, float, bool):
            kind = self.const_kind(node)
            if kind is UNTYPED:
                return self.constant(node, found)
            self.constant(node, found)
            self.coerce(node, kind)
            return kind
        if isinstance(found, Static):
            raise Reject(node, 9, f"static {name} is reached with .value, .at, .ptr or .addr")
        if found is None:
            raise Reject(node, 9, f"undefined name {name}")
        raise Reject(node, 9, f"{name} is not a value of the dialect")

    def attribute(self, node: ast.Attribute) -> Kind:
        """p.at, p.addr, a field, an array's ptr, a part of a static, or a constant of another module."""
        base = self.lookup(node.value) if isinstance(node.value, (ast.Name, ast.Attribute)) else None
        if isinstance(base, ModuleType):
            return self.global_value(node, node.attr)
        if isinstance(base, Static):
            self.facts.objects[node.value] = base
            return self.static_part(node, base.kind)
        if base is not None:
            raise Reject(node, 9, f"{ast.unparse(node)} is not a value of the dialect")
        kind = self.typed(node.value)
        if isinstance(kind, PtrKind):
            if node.attr == "addr":
                return U64
            if node.attr == "at":
                if isinstance(kind.elem, ScalarKind):
                    raise Reject(node, 6, f"a {kind.name} is followed with [0]")
                return kind.elem
        elif isinstance(kind, StructKind) and node.attr in kind.fields:
            return kind.fields[node.attr].kind
        elif isinstance(kind, ArrayKind) and node.attr == "ptr":
            return PtrKind(kind.elem)
        extra = "; follow the pointer with .at" if isinstance(kind, PtrKind) else ""
        raise Reject(node, 9, f"{kind.name} has no {node.attr}{extra}")

    def static_part(self, node: ast.Attribute, kind: Kind) -> Kind:
        """static.value, .at, .ptr, .addr."""
        if node.attr == "addr":
            return U64
        if node.attr == "ptr":
            return PtrKind(kind)
        if node.attr == ("value" if isinstance(kind, ScalarKind) else "at"):
            return kind
        raise Reject(node, 9, f"a static {kind.name} has no .{node.attr}")

    def subscript(self, node: ast.Subscript) -> Kind:
        """p[i] and a[i]."""
        kind = self.typed(node.value)
        if not isinstance(kind, (PtrKind, ArrayKind)):
            raise Reject(node, 9, f"{kind.name} cannot be indexed")
        index = self.expr(node.slice)
        if index is UNTYPED:
            value = self.facts.consts.get(node.slice, 0)
            if isinstance(kind, ArrayKind) and not 0 <= value < kind.count:  # type: ignore[operator]
                raise Reject(node, 2, f"index {value!r} out of range of {kind.name}")
            self.coerce(node.slice, U64 if value >= 0 else machine.i64)  # type: ignore[operator, arg-type]
        elif not isinstance(index, IntKind):
            raise Reject(node.slice, 3, f"an index is an integer, not {index.name}")
        return kind.elem

    def same(self, node: ast.expr, left: ast.expr, right: ast.expr, masked: bool = False) -> Kind:
        """Give both operands one kind (rule 3)."""
        kinds = self.facts.kinds
        a, b = kinds[left], kinds[right]
        if a is UNTYPED and b is not UNTYPED:
            self.coerce(left, b, masked)
        elif b is UNTYPED and a is not UNTYPED:
            self.coerce(right, a, masked)
        elif a != b:
            raise Reject(node, 3, f"operands are {a.name} and {b.name}{self.hint(b, a)}")
        return kinds[left]

    def binary(self, node: ast.BinOp, wrap: bool) -> Kind:
        """Arithmetic, bitwise operators and shifts."""
        op, left, right = node.op, node.left, node.right
        if type(op) not in _FOLD:
            raise Reject(node, 9, f"operator {type(op).__name__} is not in the dialect")
        masked = isinstance(op, ast.BitAnd)
        carry = wrap and isinstance(op, (*ARITHMETIC, *BITWISE, ast.LShift))
        inverted = [n for n in (left, right) if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Invert)]
        if masked and len(inverted) == 1:
            self.facts.wraps.add(inverted[0])
        a = self.expr(left, carry or (masked and self.masks(right)))
        b = self.expr(right, (carry and not isinstance(op, SHIFT)) or (masked and self.masks(left)))
        consts = self.facts.consts
        if a is UNTYPED and b is UNTYPED and left in consts and right in consts:
            try:
                consts[node] = _FOLD[type(op)](consts[left], consts[right])
            except (ArithmeticError, ValueError, TypeError) as error:
                raise Reject(node, 2, str(error)) from None
            return UNTYPED
        if isinstance(op, SHIFT):
            return self.shift(node, a, b)
        if isinstance(a, PtrKind) or isinstance(b, PtrKind):
            raise Reject(node, 3, "pointers have no arithmetic operators; use .add(n) or .addr")
        kind = self.same(node, left, right, masked)
        if kind is F64 and isinstance(op, (*ARITHMETIC, ast.Div)):
            return kind
        if kind is F32:
            raise Reject(node, 3, "f32 is for storage; compute in f64(...)")
        if isinstance(op, ast.Div):
            raise Reject(node, 2, "`/` divides f64; integers are divided with `//`")
        if kind == BOOLEAN and isinstance(op, BITWISE):
            return kind
        if not isinstance(kind, IntKind):
            raise Reject(node, 3, f"{kind.name} has no operator {type(op).__name__}")
        if isinstance(op, DIVISION) and consts.get(right) == 0:
            raise Reject(node, 2, "division by zero")
        return kind

    def masks(self, node: ast.expr) -> bool:
        """Whether `x & node` is in range even if x overflows: node must be a plain value and not negative."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int) and node.value >= 0
        return isinstance(node, ast.Name) and self.lookup(node).__class__ is int and self.lookup(node) >= 0

    def shift(self, node: ast.BinOp, a: Kind, b: Kind) -> Kind:
        """Shifts. The count may have any integer type."""
        if a is UNTYPED:
            raise Reject(node.left, 4, "the literal that is shifted needs a type: write u64(...)")
        if not isinstance(a, IntKind):
            raise Reject(node, 3, f"{a.name} cannot be shifted")
        if b is UNTYPED:
            count = self.facts.consts.get(node.right)
            if not isinstance(count, int) or not 0 <= count < a.bits:
                raise Reject(node.right, 4, f"shift count {count!r} is not below the width of {a.name}")
            self.facts.kinds[node.right] = a
        elif not isinstance(b, IntKind):
            raise Reject(node.right, 3, f"a shift count is an integer, not {b.name}")
        return a

    def unary(self, node: ast.UnaryOp, wrap: bool) -> Kind:
        """`not`, `-`, `~`."""
        if isinstance(node.op, ast.Not):
            self.condition(node.operand)
            return BOOLEAN
        if isinstance(node.op, ast.UAdd):
            raise Reject(node, 9, "unary plus is not in the dialect")
        kind = self.expr(node.operand, wrap)
        invert = isinstance(node.op, ast.Invert)
        if kind is UNTYPED and node.operand in self.facts.consts:
            value = self.facts.consts[node.operand]
            if invert and not isinstance(value, int):
                raise Reject(node, 3, "~ wants an integer")
            self.facts.consts[node] = ~int(value) if invert else -value  # type: ignore[operator]
            return UNTYPED
        if kind is F64 and not invert:
            return kind
        if not isinstance(kind, IntKind):
            raise Reject(node, 3, f"{kind.name} has no operator {type(node.op).__name__}")
        if not kind.signed and not wrap and node not in self.facts.wraps:
            what = "`~` of an unsigned value is an operand of `&` or" if invert else "negation of an unsigned value is"
            raise Reject(node, 1, f"{what} inside a cast: {kind.name}({ast.unparse(node)})")
        return kind

    def compare(self, node: ast.Compare) -> Kind:
        """A single comparison of two operands of one kind."""
        if len(node.ops) != 1:
            raise Reject(node, 5, "comparisons are not chained; write `a < b and b < c`")
        op, left, right = node.ops[0], node.left, node.comparators[0]
        if not isinstance(op, (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            raise Reject(node, 9, f"{type(op).__name__} is not in the dialect")
        if any(isinstance(n, ast.Constant) and n.value is None for n in (left, right)):
            raise Reject(node, 5, "pointers are compared with nil(T), not None")
        a, b = self.expr(left), self.expr(right)
        if a is UNTYPED and b is UNTYPED:
            raise Reject(node, 3, "literals are compared; a condition depends on a value")
        kind = self.same(node, left, right)
        if isinstance(kind, (StructKind, ArrayKind)):
            raise Reject(node, 6, f"there are no {kind.name} values to compare; compare addr_of(...)")
        if not isinstance(kind, ScalarKind) or kind is F32:
            raise Reject(node, 3, f"{kind.name} values are not compared")
        if not isinstance(op, (ast.Eq, ast.NotEq)) and not isinstance(kind, (IntKind, FloatKind)):
            raise Reject(node, 3, f"{kind.name} has no order; compare .addr")
        return BOOLEAN

    def conditional(self, node: ast.IfExp) -> Kind:
        """a if c else b."""
        self.condition(node.test)
        a, b = self.expr(node.body), self.expr(node.orelse)
        if a is UNTYPED and b is UNTYPED:
            return UNTYPED
        kind = self.same(node, node.body, node.orelse)
        if kind is VOID:
            raise Reject(node, 9, "a conditional expression has a value")
        return kind


def is_struct(found: Any) -> bool:
    """Whether a module-level object is a @struct class."""
    return isinstance(found, type) and issubclass(found, StructRef)


def is_function(found: Any) -> bool:
    """Whether a module-level object is a function of the dialect or a native one."""
    return isinstance(found, (FunctionType, NativeFunction))
