"""Unification: find types for type parameters that make two types the same.

Type parameters under inference are *bound*; each has a handle, shared by those that have been joined, which holds the
type inferred so far. Two rules may be relaxed. Without EXACT, a defined type matches a type literal by its underlying
type, channel directions may differ, and an interface matches what has its methods. With ASSIGN only the outermost
types may be matched in this way, and their components must be equal. The method is that of go/types: Robinson's
algorithm plus Go's notion of assignability.
"""

from __future__ import annotations

from enum import Flag

from morestack.syntax.nodes import ChanDir
from morestack.types.core.kinds import is_type_param
from morestack.types.core.objects import Func, method_key, same_id
from morestack.types.core.types import (
    Array,
    Basic,
    Chan,
    Interface,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
    TypeParam,
)
from morestack.types.core.under import as_named, signature_of, unalias, under
from morestack.types.identity.identical import identical, identical_terms, type_set
from morestack.types.identity.type_params import common_under
from morestack.types.relation.lookup import lookup_field_or_method

DEPTH_LIMIT = 100
"""Recursive instances may unify forever; gc gives up at the same depth."""


class UnifyMode(Flag):
    INEXACT = 0
    ASSIGN = 1
    EXACT = 2


class _Handle:
    __slots__ = ("type",)

    def __init__(self, t: Type | None) -> None:
        self.type = t


_Pairs = frozenset[tuple[int, int]]


class Unifier:
    """The bound type parameters and what has been inferred for them."""

    def __init__(self, params: list[TypeParam], args: list[Type | None]) -> None:
        self.handles = {p: _Handle(a) for p, a in zip(params, args, strict=True)}
        self.depth = 0

    def at(self, p: TypeParam) -> Type | None:
        return self.handles[p].type

    def set(self, p: TypeParam, t: Type) -> None:
        self.handles[p].type = t

    def unknowns(self) -> int:
        return sum(h.type is None for h in self.handles.values())

    def inferred(self, params: list[TypeParam]) -> list[Type | None]:
        return [self.at(p) for p in params]

    def bound(self, t: Type) -> TypeParam | None:
        p = unalias(t)
        return p if isinstance(p, TypeParam) and p in self.handles else None

    def unify(self, x: Type, y: Type, mode: UnifyMode = UnifyMode.INEXACT) -> bool:
        return self._unify(x, y, mode, frozenset())

    def _join(self, x: TypeParam, y: TypeParam) -> bool:
        """Make two parameters share a handle; False if both have types already."""
        hx, hy = self.handles[x], self.handles[y]
        if hx is hy:
            return True
        if hx.type is not None and hy.type is not None:
            return False
        keep, drop = (hx, hy) if hx.type is not None else (hy, hx)
        for p, h in self.handles.items():
            if h is drop:
                self.handles[p] = keep
        return True

    def _unify(self, x: Type, y: Type, mode: UnifyMode, pairs: _Pairs) -> bool:
        if x is y or unalias(x) is unalias(y):
            return True
        if self.depth >= DEPTH_LIMIT:
            return False
        self.depth += 1
        try:
            return self._unify_distinct(x, y, mode, pairs)
        finally:
            self.depth -= 1

    def _unify_distinct(self, x: Type, y: Type, mode: UnifyMode, pairs: _Pairs) -> bool:
        if as_named(x) is not None or self.bound(y) is not None:
            x, y = y, x
        exact = bool(mode & UnifyMode.EXACT)
        named = as_named(y)
        if not exact and named is not None and _is_type_literal(x) and not isinstance(under(x), Interface):
            y = under(named)
            if x is y or unalias(x) is y:
                return True
        px, py = self.bound(x), self.bound(y)
        if px is not None and py is not None:
            if self._join(px, py):
                return True
            tx, ty = self.at(px), self.at(py)
            assert tx is not None and ty is not None
            return self._unify(tx, ty, mode, pairs)
        if px is not None:
            return self._unify_bound(px, y, mode, pairs)
        if not exact:
            xi, yi = _as_interface(x), _as_interface(y)
            if xi is not None and yi is not None:
                return self._unify_interfaces(xi, yi, pairs)
            if yi is not None:
                return self._unify_methods(yi, x, pairs)
            if xi is not None:
                return self._unify_methods(xi, y, pairs)
        if is_type_param(y):
            x, y = y, x
        component = mode | UnifyMode.EXACT if mode & UnifyMode.ASSIGN else mode
        return self._unify_structure(x, y, mode, component, pairs)

    def _unify_bound(self, p: TypeParam, y: Type, mode: UnifyMode, pairs: _Pairs) -> bool:
        x = self.at(p)
        if x is None:
            self.set(p, y)
            return True
        if not self._unify(x, y, mode, pairs):
            return False
        xi, yi = _as_interface(x), _as_interface(y)
        x_named, y_named = as_named(x) is not None, as_named(y) is not None
        if xi is not None and yi is not None:
            if x_named and y_named:
                return identical(x, y)
            if len(type_set(xi).methods) != len(type_set(yi).methods):
                return False
        elif xi is not None or yi is not None:
            return False  # an interface and a type that implements it are not one type
        if not mode & UnifyMode.EXACT and not x_named:
            u = under(y)
            if y_named or (isinstance(u, Chan) and u.dir is not ChanDir.BOTH):
                self.set(p, y)  # keep the defined type, or the directed channel
        return True

    def _unify_interfaces(self, x: Interface, y: Interface, pairs: _Pairs) -> bool:
        """Two interfaces, inexactly: the methods of the smaller must be among the other's."""
        xs, ys = type_set(x), type_set(y)
        if xs.comparable != ys.comparable or not identical_terms(xs.terms, ys.terms):
            return False
        pair = (id(x), id(y))
        if pair in pairs:
            return True
        pairs = pairs | {pair}
        small, large = xs.methods, ys.methods
        if len(small) > len(large):
            small, large = large, small
        by_key = {method_key(m): m for m in large}
        for m in small:
            other = by_key.get(method_key(m))
            if other is None:
                return False
            if not self._unify(signature_of(m), signature_of(other), UnifyMode.EXACT, pairs):
                return False
        return True

    def _unify_methods(self, iface: Interface, t: Type, pairs: _Pairs) -> bool:
        """An interface and another type: the type must have the interface's methods."""
        for m in type_set(iface).methods:
            found = lookup_field_or_method(t, False, m.pkg, m.name).obj
            if not isinstance(found, Func):
                return False
            sig = signature_of(found)
            if sig.type_params or not self._unify(signature_of(m), sig, UnifyMode.EXACT, pairs):
                return False
        return True

    def _unify_structure(
        self, x_orig: Type, y_orig: Type, mode: UnifyMode, component: UnifyMode, pairs: _Pairs
    ) -> bool:
        x, y = unalias(x_orig), unalias(y_orig)
        if isinstance(x, Basic):
            return isinstance(y, Basic) and x.kind is y.kind
        if isinstance(x, Named):
            return isinstance(y, Named) and self._unify_named(x, y, mode, pairs)
        if isinstance(x, Pointer):
            return isinstance(y, Pointer) and self._unify(x.elem, y.elem, component, pairs)
        if isinstance(x, Slice):
            return isinstance(y, Slice) and self._unify(x.elem, y.elem, component, pairs)
        if isinstance(x, Array):
            return (
                isinstance(y, Array)
                and (x.len < 0 or y.len < 0 or x.len == y.len)
                and self._unify(x.elem, y.elem, component, pairs)
            )
        if isinstance(x, Map):
            return (
                isinstance(y, Map)
                and self._unify(x.key, y.key, component, pairs)
                and self._unify(x.elem, y.elem, component, pairs)
            )
        if isinstance(x, Chan):
            if not isinstance(y, Chan) or (mode & UnifyMode.EXACT and x.dir is not y.dir):
                return False
            return self._unify(x.elem, y.elem, component, pairs)
        if isinstance(x, Signature):
            return (
                isinstance(y, Signature)
                and x.variadic == y.variadic
                and self._unify(x.params, y.params, component, pairs)
                and self._unify(x.results, y.results, component, pairs)
            )
        if isinstance(x, Tuple):
            return isinstance(y, Tuple) and self._unify_tuples(x, y, mode, pairs)
        if isinstance(x, Struct):
            return isinstance(y, Struct) and self._unify_structs(x, y, component, pairs)
        if isinstance(x, Interface):
            return isinstance(y, Interface) and self._unify_interfaces_exactly(x, y, pairs)
        if isinstance(x, TypeParam):
            # A parameter of an enclosing function: its core type may still tell something.
            core, _ = common_under(x)
            return core is not None and self._unify(core, y_orig, UnifyMode.ASSIGN, pairs)
        return False

    def _unify_named(self, x: Named, y: Named, mode: UnifyMode, pairs: _Pairs) -> bool:
        if len(x.type_args) != len(y.type_args):
            return False
        for a, b in zip(x.type_args, y.type_args, strict=True):
            if not self._unify(a, b, mode, pairs):
                return False
        return (x.origin or x).obj is (y.origin or y).obj

    def _unify_tuples(self, x: Tuple, y: Tuple, mode: UnifyMode, pairs: _Pairs) -> bool:
        if len(x.vars) != len(y.vars):
            return False
        for v, w in zip(x.vars, y.vars, strict=True):
            if v.type is None or w.type is None or not self._unify(v.type, w.type, mode, pairs):
                return False
        return True

    def _unify_structs(self, x: Struct, y: Struct, mode: UnifyMode, pairs: _Pairs) -> bool:
        if len(x.fields) != len(y.fields) or any(x.tags) or any(y.tags):
            if len(x.fields) != len(y.fields) or x.tags != y.tags:
                return False
        for f, g in zip(x.fields, y.fields, strict=True):
            if f.embedded != g.embedded or not same_id(f, g.pkg, g.name) or f.type is None or g.type is None:
                return False
            if not self._unify(f.type, g.type, mode, pairs):
                return False
        return True

    def _unify_interfaces_exactly(self, x: Interface, y: Interface, pairs: _Pairs) -> bool:
        xs, ys = type_set(x), type_set(y)
        if xs.comparable != ys.comparable or not identical_terms(xs.terms, ys.terms):
            return False
        if len(xs.methods) != len(ys.methods):
            return False
        pair = (id(x), id(y))
        if pair in pairs:
            return True
        pairs = pairs | {pair}
        for f, g in zip(xs.methods, ys.methods, strict=True):
            if not same_id(f, g.pkg, g.name):
                return False
            if not self._unify(signature_of(f), signature_of(g), UnifyMode.EXACT, pairs):
                return False
        return True


def _is_type_literal(t: Type) -> bool:
    return not isinstance(unalias(t), (Named, TypeParam))


def _as_interface(t: Type) -> Interface | None:
    if is_type_param(t):
        return None
    u = under(t)
    return u if isinstance(u, Interface) else None
