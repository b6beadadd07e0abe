"""What is known about a package's functions before any is analysed; `scan` fills it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from morestack.escape.graph import Fn
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.const import exact
from morestack.types.core.info import Info, Mode
from morestack.types.core.objects import Builtin, BuiltinId, Func, Var
from morestack.types.core.types import Signature, Slice, Type
from morestack.types.identity.type_params import core_type

_FIELDS: dict[type, tuple[str, ...]] = {}
_SKIP = {"span", "lbrace", "lparen", "lbrack", "rbrace", "op_pos", "arrow", "colon", "kind", "text", "op", "dir"}


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes directly below, in source order."""
    cls = type(node)
    names = _FIELDS.get(cls)
    if names is None:
        names = _FIELDS[cls] = tuple(f for f in cls.__match_args__ if f not in _SKIP)
    for name in names:
        value = getattr(node, name)
        if value is None or isinstance(value, str | bool | int):
            continue
        if isinstance(value, tuple):
            for item in value:
                if not isinstance(item, str):
                    yield item
        else:
            yield value


@dataclass(slots=True, frozen=True)
class OfType:
    """A value of which only the type is known: an element, one of several results."""

    type: Type | None


@dataclass(slots=True, eq=False)
class Program:
    """Everything known about a package's functions before any is analysed."""

    info: Info
    fns: list[Fn] = field(default_factory=list)
    """Declared functions, the package's init first."""
    by_func: dict[Func, Fn] = field(default_factory=dict)
    by_node: dict[ast.Node, Fn] = field(default_factory=dict)
    """Functions of declarations, literals and the bodies of ranges over functions."""
    home: dict[Var, Fn] = field(default_factory=dict)
    """The function each local lives in."""
    definition: dict[Var, ast.Expr] = field(default_factory=dict)
    """The value a local is declared with, where one expression gives it."""
    func_values: dict[Var, list[ast.Expr] | None] = field(default_factory=dict)
    """All values single assignments give a local of function type; None if there are others."""
    iface_values: dict[Var, list[ast.Expr | OfType]] = field(default_factory=dict)
    """All values assigned to a local of interface type."""
    iface_calls: dict[Fn, list[ast.Call]] = field(default_factory=dict)
    """Calls of interface methods."""
    static: set[ast.Node] = field(default_factory=set)
    """Expressions of package variables that need no code."""
    spans: dict[Var, Span] = field(default_factory=dict)
    """Where variables are reported, if not where they are declared."""
    hidden_receivers: set[ast.Call] = field(default_factory=set)
    """Those of them whose receiver gc keeps in a temporary, and reports so."""
    loop_labels: set[ast.Labeled] = field(default_factory=set)
    captured: set[Var] = field(default_factory=set)
    refers: dict[Fn, list[Fn | Func]] = field(default_factory=dict)
    """Functions a body names, in order."""
    captures: dict[Fn, list[Var]] = field(default_factory=dict)
    globals_init: list[tuple[tuple[Var, ...], ast.Expr]] = field(default_factory=list)

    def static_value(self, n: ast.Expr) -> ast.Expr:
        """What n always is: names are followed to their only definition."""
        seen = 0
        while True:
            n = unparen(n)
            if not isinstance(n, ast.Name):
                return n
            v = self.info.uses.get(n)
            if not isinstance(v, Var) or v in self.info.reassigned or v in self.info.addressed or v.is_param:
                return n
            rhs = self.definition.get(v)
            seen += 1
            if rhs is None or v.is_global or v.is_result or seen > 100:
                return n
            n = rhs

    def static_int(self, n: ast.Expr) -> int | None:
        """The integer n always is: a constant, or the length of a slice literal."""
        value = self.static_value(n)
        tv = self.info.types.get(value)
        if tv is not None and tv.mode is Mode.CONSTANT:
            return exact.to_int(tv.value)
        if not isinstance(value, ast.Call) or len(value.args) != 1:
            return None
        name = unparen(value.fun)
        obj = self.info.uses.get(name) if isinstance(name, ast.Name) else None
        lit = self.static_value(value.args[0])
        lit_type = self.info.types.get(lit)
        if not isinstance(obj, Builtin) or obj.id is not BuiltinId.LEN or lit_type is None:
            return None
        if not isinstance(lit, ast.CompositeLit) or not isinstance(core_type(lit_type.type), Slice):
            return None
        return self.literal_length(lit)

    def literal_length(self, lit: ast.CompositeLit) -> int:
        """The length of a slice literal."""
        index = longest = 0
        for e in lit.elements:
            key = self.info.types.get(e.key) if isinstance(e, ast.KeyValue) else None
            if key is not None:
                index = exact.to_int(key.value) or 0
            index += 1
            longest = max(longest, index)
        return longest


def func_name(func: Func) -> str:
    """The name as gc prints it: `F`, `T.M` or `(*T).M`."""
    sig = func.type
    recv = sig.recv if isinstance(sig, Signature) else None
    if recv is None or func.decl is None or func.decl.recv is None:
        return func.name
    t = func.decl.recv.type
    star = False
    while isinstance(t, ast.Paren | ast.Star):
        star = star or isinstance(t, ast.Star)
        t = t.x
    if isinstance(t, ast.Index):
        t = t.x
    base = t.text if isinstance(t, ast.Name) else ""
    return f"(*{base}).{func.name}" if star else f"{base}.{func.name}"
