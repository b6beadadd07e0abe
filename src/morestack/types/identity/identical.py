"""Whether two types are the same type."""

from __future__ import annotations

from morestack.types.core.objects import same_id
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
    Union,
)
from morestack.types.core.under import signature_of, unalias


def identical(x: Type | None, y: Type | None) -> bool:
    """Whether two types are the same type."""
    return _identical(x, y, True, frozenset())


def identical_ignore_tags(x: Type | None, y: Type | None) -> bool:
    return _identical(x, y, False, frozenset())


_Pairs = frozenset[tuple[int, int]]


def _identical(x: Type | None, y: Type | None, tags: bool, seen: _Pairs) -> bool:
    if x is y:
        return True
    if x is None or y is None:
        return False
    x, y = unalias(x), unalias(y)
    if x is y:
        return True
    if isinstance(x, Basic):
        return isinstance(y, Basic) and x.kind is y.kind
    if isinstance(x, Named):
        return isinstance(y, Named) and _identical_named(x, y, tags, seen)
    if isinstance(x, Pointer):
        return isinstance(y, Pointer) and _identical(x.elem, y.elem, tags, seen)
    if isinstance(x, Slice):
        return isinstance(y, Slice) and _identical(x.elem, y.elem, tags, seen)
    if isinstance(x, Array):
        # an array of invalid length is identical to any, to avoid follow-on errors
        return (
            isinstance(y, Array)
            and (x.len < 0 or y.len < 0 or x.len == y.len)
            and _identical(x.elem, y.elem, tags, seen)
        )
    if isinstance(x, Map):
        return isinstance(y, Map) and _identical(x.key, y.key, tags, seen) and _identical(x.elem, y.elem, tags, seen)
    if isinstance(x, Chan):
        return isinstance(y, Chan) and x.dir is y.dir and _identical(x.elem, y.elem, tags, seen)
    if isinstance(x, Struct):
        return isinstance(y, Struct) and _identical_structs(x, y, tags, seen)
    if isinstance(x, Tuple):
        return isinstance(y, Tuple) and _identical_tuples(x, y, tags, seen)
    if isinstance(x, Signature):
        return isinstance(y, Signature) and _identical_signatures(x, y, tags, seen)
    if isinstance(x, Interface):
        return isinstance(y, Interface) and _identical_interfaces(x, y, tags, seen)
    if isinstance(x, Union):
        return isinstance(y, Union) and _identical_unions(x, y)
    return False  # type parameters are identical only to themselves


def _identical_named(x: Named, y: Named, tags: bool, seen: _Pairs) -> bool:
    xo, yo = x.origin or x, y.origin or y
    if xo.obj is not yo.obj or len(x.type_args) != len(y.type_args) or not x.type_args:
        return False
    for a, b in zip(x.type_args, y.type_args, strict=True):  # noqa: SIM110  Note [Recursion over types]
        if not _identical(a, b, tags, seen):
            return False
    return True


def _identical_structs(x: Struct, y: Struct, tags: bool, seen: _Pairs) -> bool:
    if len(x.fields) != len(y.fields):
        return False
    if tags and x.tags != y.tags and _padded_tags(x) != _padded_tags(y):
        return False
    for f, g in zip(x.fields, y.fields, strict=True):
        if f.embedded != g.embedded or not same_id(f, g.pkg, g.name):
            return False
        if not _identical(f.type, g.type, tags, seen):
            return False
    return True


def _padded_tags(x: Struct) -> tuple[str, ...]:
    return tuple(x.tags) + ("",) * (len(x.fields) - len(x.tags))


def _identical_tuples(x: Tuple, y: Tuple, tags: bool, seen: _Pairs) -> bool:
    if len(x.vars) != len(y.vars):
        return False
    for v, w in zip(x.vars, y.vars, strict=True):  # noqa: SIM110  Note [Recursion over types]
        if not _identical(v.type, w.type, tags, seen):
            return False
    return True


def _identical_signatures(x: Signature, y: Signature, tags: bool, seen: _Pairs) -> bool:
    if x.variadic != y.variadic or len(x.type_params) != len(y.type_params):
        return False
    if x.type_params:
        from morestack.types.identity.subst import subst

        mapping = dict(zip(y.type_params, x.type_params, strict=True))
        for p, q in zip(x.type_params, y.type_params, strict=True):
            bound = None if q.constraint is None else subst(q.constraint, mapping)
            if not _identical(p.constraint, bound, tags, seen):
                return False
        params, results = subst(y.params, mapping), subst(y.results, mapping)
    else:
        params, results = y.params, y.results
    return _identical(x.params, params, tags, seen) and _identical(x.results, results, tags, seen)


def _identical_interfaces(x: Interface, y: Interface, tags: bool, seen: _Pairs) -> bool:
    from morestack.types.identity.type_set import identical_terms, type_set

    pair = (id(x), id(y))
    if pair in seen:
        return True  # the cycle has found no difference
    xs, ys = type_set(x), type_set(y)
    if xs.comparable != ys.comparable or len(xs.methods) != len(ys.methods):
        return False
    if not identical_terms(xs.terms, ys.terms):
        return False
    seen = seen | {pair}
    for f, g in zip(xs.methods, ys.methods, strict=True):
        if not same_id(f, g.pkg, g.name):
            return False
        if not _identical(signature_of(f), signature_of(g), tags, seen):
            return False
    return True


def _identical_unions(x: Union, y: Union) -> bool:
    from morestack.types.identity.type_set import identical_terms, union_terms

    return identical_terms(union_terms(x), union_terms(y))
