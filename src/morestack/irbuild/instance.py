"""Instances of generic functions, by full instantiation: each instance is built for its own types.

A generic body is checked once, so the side tables contain type parameters. `instance_builder` returns a
`ModuleBuilder` whose tables are *views*: they substitute the type arguments when entries are read, and each local
variable has a copy with its type in this instance. The builders of statements and expressions therefore never see a
type parameter. Code that is not generic reads the plain tables.

Escape analysis decides on the generic body, for any type arguments. Its decisions are keyed by syntax or by variable,
and also apply to the copies. A selection is looked up again if the type of the operand depends on type parameters: a
method of the constraint becomes the method of the concrete type.

Instances are named as in gc, with type arguments in brackets: `main.Map[int,string]`, `main.(*List[int]).Push`. An
instance is built when code first refers to it. Rejected: gc's sharing of code between types of the same shape, whose
dictionaries cost an indirection at every use of a type.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

from morestack.escape.result import EscapeResult
from morestack.irbuild.module import ModuleBuilder
from morestack.source.diagnostics import InternalError
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import unparen
from morestack.types.core.info import Info, Instance, Selection, SelectionKind, TypeAndValue
from morestack.types.core.objects import Func, Label, Object, Var
from morestack.types.core.types import Basic, Signature, Tuple, Type
from morestack.types.core.under import signature_of
from morestack.types.identity.subst import Substitution, copy_var, make_substitution, subst
from morestack.types.identity.typestring import hash_string
from morestack.types.relation.lookup import lookup_method

K = TypeVar("K")


V = TypeVar("V")


D = TypeVar("D")


class _Table(dict[K, V]):
    """A side table whose entries are converted when they are first read."""

    __slots__ = ("base", "convert")

    def __init__(self, base: dict[K, V], convert: Callable[[V], V]) -> None:
        super().__init__()
        self.base = base
        self.convert = convert

    def __missing__(self, key: K) -> V:
        value = self[key] = self.convert(self.base[key])
        return value

    def __contains__(self, key: object) -> bool:
        return key in self.base or super().__contains__(key)

    def get(self, key: K, default: D | None = None) -> V | D | None:  # type: ignore[override]  # a narrower dict.get
        if key not in self:
            return default
        return self[key]


class _Substituter:
    """The substitution that the tables of one instance apply."""

    def __init__(self, mod: ModuleBuilder, mapping: Substitution) -> None:
        self.mod = mod
        self.mapping = mapping
        self.types: dict[Type, Type] = {}
        self.vars: dict[Var, Var] = {}
        self.addressed: set[Var] = set()
        self.reassigned: set[Var] = set()
        self.by_ref: set[Var] = set()
        self.escapes = EscapeResult(stack_sites=mod.escapes.stack_sites, heap_sites=mod.escapes.heap_sites)
        self.escapes.zero_copy = mod.escapes.zero_copy
        self.escapes.range_captures = _Table(mod.escapes.range_captures, self.vars_of)

    def type(self, t: Type) -> Type:
        if isinstance(t, Basic):
            return t
        known = self.types.get(t)
        if known is None:
            known = self.types[t] = subst(t, self.mapping)
        return known

    def typed(self, tv: TypeAndValue) -> TypeAndValue:
        t = self.type(tv.type)
        return tv if t is tv.type else TypeAndValue(tv.mode, t, tv.value)

    def var(self, v: Var) -> Var:
        """Return this instance's copy of a local variable; any other variable is returned unchanged."""
        if v.is_global or v.is_field or v.type is None:
            return v
        known = self.vars.get(v)
        if known is None:
            known = self.vars[v] = copy_var(v, self.type(v.type))
            mod, escapes = self.mod, self.mod.escapes
            for mine, all_of_them in (
                (self.addressed, mod.info.addressed),
                (self.reassigned, mod.info.reassigned),
                (self.by_ref, mod.by_ref),
                (self.escapes.stack_vars, escapes.stack_vars),
                (self.escapes.heap_vars, escapes.heap_vars),
                (self.escapes.by_value, escapes.by_value),
            ):
                if v in all_of_them:
                    mine.add(known)
        return known

    def object(self, obj: Object | Label) -> Object | Label:
        return self.var(obj) if type(obj) is Var else obj

    def entity(self, obj: Object) -> Object:
        return self.var(obj) if type(obj) is Var else obj

    def definition(self, obj: Object | Label | None) -> Object | Label | None:
        return self.var(obj) if type(obj) is Var else obj

    def vars_of(self, vs: tuple[Var, ...]) -> tuple[Var, ...]:
        return tuple([self.var(v) for v in vs])

    def instance(self, i: Instance) -> Instance:
        return Instance(tuple([self.type(a) for a in i.type_args]), self.type(i.type))

    def signature(self, s: Signature) -> Signature:
        """Return the signature of a body, with the variables of this instance."""
        recv = None if s.recv is None else self.var(s.recv)
        return Signature(Tuple(self.vars_of(s.params.vars)), Tuple(self.vars_of(s.results.vars)), s.variadic, recv)

    def selection(self, s: Selection) -> Selection:
        recv = self.type(s.recv)
        if recv is s.recv:
            return s
        # pointer-receiver methods get here only with addressable operands, so addressability is assumed
        found = lookup_method(recv, True, s.obj.pkg, s.obj.name)
        if found.obj is None:
            raise InternalError("ir.build", f"no {s.obj.name} in an instance of a generic function", s.obj.span)
        if s.kind is not SelectionKind.FIELD and not isinstance(found.obj, Func):
            raise InternalError("ir.build", f"{s.obj.name} is not a method in an instance", s.obj.span)
        return Selection(s.kind, recv, found.obj, found.index, found.indirect, self.type(s.type))

    def info(self) -> Info:
        base = self.mod.info
        return Info(
            types=_Table(base.types, self.typed),
            defs=_Table(base.defs, self.definition),
            uses=_Table(base.uses, self.object),
            implicits=_Table(base.implicits, self.entity),
            selections=_Table(base.selections, self.selection),
            instances=_Table(base.instances, self.instance),
            scopes=base.scopes,
            signatures=_Table(base.signatures, self.signature),
            captures=_Table(base.captures, self.vars_of),
            reassigned=self.reassigned,
            addressed=self.addressed,
            init_order=base.init_order,
            branch_targets=base.branch_targets,
        )


def instance_builder(mod: ModuleBuilder, mapping: Substitution) -> ModuleBuilder:
    """Return mod with the tables of an instance; the functions it builds go to the same module."""
    s = _Substituter(mod, mapping)
    view = copy.copy(mod)
    view.info = s.info()
    view.escapes = s.escapes
    view.by_ref = s.by_ref
    view.forget_literals()
    view.is_local = True
    return view


def is_generic(f: Func) -> bool:
    """Whether f, or the receiver type of f, has type parameters."""
    s = signature_of(f)
    return bool(s.type_params or s.recv_type_params)


def instance_of(mod: ModuleBuilder, name: ast.Name, f: Func) -> Func:
    """Return the function that a use of f's name denotes: for a generic function, the instance."""
    use = mod.info.instances.get(name)
    if use is None or not signature_of(f).type_params:
        return f
    key = (f, *[hash_string(a) for a in use.type_args])
    known = mod.instances.get(key)
    if known is None:
        known = mod.instances[key] = _instantiated(f, use.type_args)
    return known


def _instantiated(f: Func, args: tuple[Type, ...]) -> Func:
    """Create the object of an instance of a generic function or method."""
    s = signature_of(f)
    mapping = make_substitution(s.type_params, args)
    signature = Signature(subst(s.params, mapping), subst(s.results, mapping), s.variadic, s.recv)
    return Func(f.name, signature, f.span, f.pkg, f.parent, f.decl, f, args)


def instantiated_name(e: ast.Expr, mod: ModuleBuilder) -> ast.Expr:
    """Return the generic function f of `f[int]`; any other expression is returned unchanged."""
    if isinstance(e, ast.Index):
        inner = unparen(e.x)
        name = inner.sel if isinstance(inner, ast.Selector) else inner
        if isinstance(name, ast.Name) and name in mod.info.instances:
            return inner
    return e
