"""Substitution of types for type parameters.

A type without any of the parameters comes back as the same object. Instances are not copied: their type
arguments are substituted and the instance with the new ones is looked up or made.

See Note [Recursion over types].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from morestack.types.core.objects import Func, Var
from morestack.types.core.types import (
    INVALID,
    Alias,
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
    Union,
)
from morestack.types.core.under import signature_of, under
from morestack.types.identity.typestring import hash_string

Substitution = Mapping[TypeParam, Type]
_T = TypeVar("_T", bound=Type)


def subst(t: _T, mapping: Substitution) -> _T:
    """Return t with every type parameter in `mapping` replaced."""
    if not mapping:
        return t
    result: object = _subst(t, mapping)
    return result  # type: ignore[return-value]  # tuples, signatures give their own kind; the rest is Type


def _subst(t: Type, mapping: Substitution) -> Type:
    if isinstance(t, Basic):
        return t
    if isinstance(t, TypeParam):
        return mapping.get(t, t)
    if isinstance(t, Pointer):
        elem = _subst(t.elem, mapping)
        return t if elem is t.elem else Pointer(elem)
    if isinstance(t, Slice):
        elem = _subst(t.elem, mapping)
        return t if elem is t.elem else Slice(elem)
    if isinstance(t, Array):
        elem = _subst(t.elem, mapping)
        return t if elem is t.elem else Array(elem, t.len)
    if isinstance(t, Map):
        key, elem = _subst(t.key, mapping), _subst(t.elem, mapping)
        return t if key is t.key and elem is t.elem else Map(key, elem)
    if isinstance(t, Chan):
        elem = _subst(t.elem, mapping)
        return t if elem is t.elem else Chan(t.dir, elem)
    if isinstance(t, Named):
        return _subst_named(t, mapping)
    if isinstance(t, Alias):
        return _subst_alias(t, mapping)
    if isinstance(t, Struct):
        fields = _subst_vars(t.fields, mapping)
        return t if fields is t.fields else Struct(fields, t.tags)
    if isinstance(t, Tuple):
        params = _subst_vars(t.vars, mapping)
        return t if params is t.vars else Tuple(params)
    if isinstance(t, Signature):
        return _subst_signature(t, mapping)
    if isinstance(t, Union):
        terms = tuple([(tilde, _subst(term, mapping)) for tilde, term in t.terms])
        same = all(a[1] is b[1] for a, b in zip(terms, t.terms, strict=True))
        return t if same else Union(terms)
    return _subst_interface(t, mapping)


def _subst_list(types: tuple[Type, ...], mapping: Substitution) -> tuple[Type, ...]:
    new = tuple([_subst(t, mapping) for t in types])
    return types if all(a is b for a, b in zip(new, types, strict=True)) else new


def _subst_vars(vars_: tuple[Var, ...], mapping: Substitution) -> tuple[Var, ...]:
    changed = False
    result: list[Var] = []
    for v in vars_:
        t = None if v.type is None else _subst(v.type, mapping)
        if t is not v.type:
            changed = True
            v = copy_var(v, t)
        result.append(v)
    return tuple(result) if changed else vars_


def copy_var(v: Var, t: Type | None) -> Var:
    """Return a copy of v with another type."""
    return Var(
        v.name, t, v.span, v.pkg, v.parent, v.is_field, v.embedded, v.is_param, v.is_result, v.is_global,
        v.used, v.owner,
    )  # fmt: skip


def _subst_signature(t: Signature, mapping: Substitution) -> Signature:
    params, results = _subst(t.params, mapping), _subst(t.results, mapping)
    if params is t.params and results is t.results:
        return t
    assert isinstance(params, Tuple) and isinstance(results, Tuple)
    return Signature(params, results, t.variadic, t.recv, t.type_params, t.recv_type_params)


def _subst_interface(t: Interface, mapping: Substitution) -> Interface:
    methods: list[Func] = []
    changed = False
    for m in t.methods:
        sig = signature_of(m)
        new = _subst_signature(sig, mapping)
        if new is not sig:
            changed = True
            m = Func(m.name, new, m.span, m.pkg, m.parent, origin=m.origin or m)
        methods.append(m)
    embeddeds = _subst_list(t.embeddeds, mapping)
    if not changed and embeddeds is t.embeddeds:
        return t
    return Interface(tuple(methods), embeddeds, t.embed_spans, t.implicit)


def _subst_named(t: Named, mapping: Substitution) -> Named:
    if t.outer_params or t.outer_args:
        # A local type of a generic function is a different type in each instance of the function.
        before = t.outer_args or t.outer_params
        outer = _subst_list(before, mapping)
        args = _subst_list(t.type_args, mapping)
        if outer is before and args is t.type_args:
            return t
        return instantiate_local(t.origin or t, outer, args)
    if not t.type_args or t.origin is None:
        return t
    args = _subst_list(t.type_args, mapping)
    if args is t.type_args:
        return t
    return instantiate_named(t.origin, args)


def _subst_alias(t: Alias, mapping: Substitution) -> Type:
    if not t.type_args or t.origin is None:
        if t.actual is None:
            return t
        actual = _subst(t.actual, mapping)  # an alias of a local type may mention parameters
        return t if actual is t.actual else actual
    args = _subst_list(t.type_args, mapping)
    if args is t.type_args:
        return t
    return instantiate_alias(t.origin, args)


def make_substitution(params: tuple[TypeParam, ...], args: tuple[Type, ...]) -> Substitution:
    return dict(zip(params, args, strict=False))


def instantiate_named(origin: Named, args: tuple[Type, ...]) -> Named:
    return _instance(origin, (), args)


def instantiate_local(origin: Named, outer: tuple[Type, ...], args: tuple[Type, ...]) -> Named:
    """Instantiate a type declared in a generic function, for the type arguments `outer` of that function."""
    return _instance(origin, outer, args)


def _instance(origin: Named, outer: tuple[Type, ...], args: tuple[Type, ...]) -> Named:
    outer = outer or origin.outer_params
    key = tuple(hash_string(a) for a in outer + args)
    known = origin.instances.get(key)
    if known is not None:
        return known
    inst = Named(origin.obj, origin=origin, type_args=args, outer_args=outer)
    origin.instances[key] = inst
    mapping = {**make_substitution(origin.outer_params, outer), **make_substitution(origin.type_params, args)}

    def resolve() -> None:
        if origin.underlying is None and callable(origin.resolve):
            under(origin)
        if origin.underlying is None:
            inst.resolve = resolve  # the origin is still being declared: resolve later
            return
        # Substitute in the origin's underlying type, not in a Named on the way to it.
        inst.underlying = subst(under(origin), mapping)

    inst.resolve = resolve
    return inst


def instantiate_alias(origin: Alias, args: tuple[Type, ...]) -> Alias:
    mapping = make_substitution(origin.type_params, args)
    actual = INVALID if origin.actual is None else subst(origin.actual, mapping)
    return Alias(origin.obj, actual, origin=origin, type_args=args)


def rename_type_params(params: tuple[TypeParam, ...], t: _T) -> tuple[list[TypeParam], _T]:
    """Replace params with fresh type parameters, in t and in their own constraints."""
    fresh = [TypeParam(p.obj, p.index) for p in params]
    mapping: Substitution = dict(zip(params, fresh, strict=True))
    for old, new in zip(params, fresh, strict=True):
        new.constraint = None if old.constraint is None else subst(old.constraint, mapping)
    return fresh, subst(t, mapping)


def rename_signature(sig: Signature) -> tuple[list[TypeParam], Signature]:
    """Return a generic signature with fresh type parameters, so that two uses do not interfere."""
    fresh, renamed = rename_type_params(sig.type_params, sig)
    result = Signature(renamed.params, renamed.results, sig.variadic, sig.recv, tuple(fresh), sig.recv_type_params)
    return fresh, result
