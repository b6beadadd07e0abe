"""Type identity and type sets of interfaces, which form a single recursion.

Two interfaces are identical if they have the same methods and admit the same types. The types an interface admits
depend on which terms of its unions are identical. Identity and type sets therefore share a module.

The type set of an interface is all its methods, embedded ones included, and the types it admits. Methods are sorted
as gc sorts them: exported names first, then by name, then by package. A type set is cached in its Interface once
everything it embeds has been resolved. Rejected: an intermediate list of all embedded interfaces, which go/types
had and dropped.

Generic signatures are compared with their type parameters paired off. Rejected: substituting one's parameters in
the other, which copies both and needs substitution, which needs instances, which need identity.

See Note [Recursion over types].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from morestack.types.core.objects import Func, method_key, same_id
from morestack.types.core.types import (
    INVALID,
    Alias,
    Array,
    Basic,
    Chan,
    Interface,
    Kind,
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
from morestack.types.core.under import signature_of, unalias, under
from morestack.types.core.universe import COMPARABLE
from morestack.types.identity.terms import Term, Terms, TypeSet, equal_terms, intersect, normalize

# -- identity --------------------------------------------------------------------------------------


def identical(x: Type | None, y: Type | None) -> bool:
    """Whether two types are the same type."""
    return x is y or _identical(x, y, _EXACT)


def identical_ignore_tags(x: Type | None, y: Type | None) -> bool:
    """Whether two types are the same, except for the tags of struct fields."""
    return _identical(x, y, _WITHOUT_TAGS)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How two types are compared, and the facts known so far."""

    tags: bool
    seen: frozenset[tuple[int, int]] = frozenset()
    """Pairs of interfaces that are being compared: a pair met again has shown no difference on the way."""
    renamed: tuple[tuple[TypeParam, TypeParam], ...] = ()
    """Type parameters of the two sides that stand for each other."""

    def same(self, x: Type | None, y: Type | None) -> bool:
        return _identical(x, y, self)


_EXACT = _Comparison(True)
_WITHOUT_TAGS = _Comparison(False)


def _identical(x: Type | None, y: Type | None, c: _Comparison) -> bool:
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
        return isinstance(y, Named) and _identical_named(x, y, c)
    if isinstance(x, Pointer):
        return isinstance(y, Pointer) and _identical(x.elem, y.elem, c)
    if isinstance(x, Slice):
        return isinstance(y, Slice) and _identical(x.elem, y.elem, c)
    if isinstance(x, Array):
        # an array of invalid length is identical to any, to avoid follow-on errors
        return isinstance(y, Array) and (x.len < 0 or y.len < 0 or x.len == y.len) and _identical(x.elem, y.elem, c)
    if isinstance(x, Map):
        return isinstance(y, Map) and _identical(x.key, y.key, c) and _identical(x.elem, y.elem, c)
    if isinstance(x, Chan):
        return isinstance(y, Chan) and x.dir is y.dir and _identical(x.elem, y.elem, c)
    if isinstance(x, Struct):
        return isinstance(y, Struct) and _identical_structs(x, y, c)
    if isinstance(x, Tuple):
        return isinstance(y, Tuple) and _identical_tuples(x, y, c)
    if isinstance(x, Signature):
        return isinstance(y, Signature) and _identical_signatures(x, y, c)
    if isinstance(x, Interface):
        return isinstance(y, Interface) and _identical_interfaces(x, y, c)
    if isinstance(x, Union):
        return isinstance(y, Union) and equal_terms(_union_terms(x), _union_terms(y), c.same)
    return (x, y) in c.renamed  # else type parameters are identical only to themselves


def _identical_named(x: Named, y: Named, c: _Comparison) -> bool:
    xo, yo = x.origin or x, y.origin or y
    if xo.obj is not yo.obj or len(x.type_args) != len(y.type_args) or not x.type_args:
        return False
    for a, b in zip(x.type_args, y.type_args, strict=True):  # noqa: SIM110  Note [Recursion over types]
        if not _identical(a, b, c):
            return False
    return True


def _identical_structs(x: Struct, y: Struct, c: _Comparison) -> bool:
    if len(x.fields) != len(y.fields):
        return False
    if c.tags and x.tags != y.tags and _padded_tags(x) != _padded_tags(y):
        return False
    for f, g in zip(x.fields, y.fields, strict=True):
        if f.embedded != g.embedded or not same_id(f, g.pkg, g.name):
            return False
        if not _identical(f.type, g.type, c):
            return False
    return True


def _padded_tags(x: Struct) -> tuple[str, ...]:
    return tuple(x.tags) + ("",) * (len(x.fields) - len(x.tags))


def _identical_tuples(x: Tuple, y: Tuple, c: _Comparison) -> bool:
    if len(x.vars) != len(y.vars):
        return False
    for v, w in zip(x.vars, y.vars, strict=True):  # noqa: SIM110  Note [Recursion over types]
        if not _identical(v.type, w.type, c):
            return False
    return True


def _identical_signatures(x: Signature, y: Signature, c: _Comparison) -> bool:
    if x.variadic != y.variadic or len(x.type_params) != len(y.type_params):
        return False
    if x.type_params:
        c = replace(c, renamed=(*c.renamed, *zip(x.type_params, y.type_params, strict=True)))
        for p, q in c.renamed[-len(x.type_params) :]:
            if not _identical(p.constraint, q.constraint, c):
                return False
    return _identical(x.params, y.params, c) and _identical(x.results, y.results, c)


def _identical_interfaces(x: Interface, y: Interface, c: _Comparison) -> bool:
    pair = (id(x), id(y))
    if pair in c.seen:
        return True
    xs, ys = type_set(x), type_set(y)
    if xs.comparable != ys.comparable or len(xs.methods) != len(ys.methods):
        return False
    if not equal_terms(xs.terms, ys.terms, c.same):
        return False
    c = replace(c, seen=c.seen | {pair})
    for f, g in zip(xs.methods, ys.methods, strict=True):
        if not same_id(f, g.pkg, g.name):
            return False
        if not _identical(signature_of(f), signature_of(g), c):
            return False
    return True


def identical_terms(x: Terms, y: Terms) -> bool:
    """Whether two lists admit the same types."""
    return equal_terms(x, y, identical)


# -- type sets -------------------------------------------------------------------------------------

EMPTY_METHODS = TypeSet((), None, False)
_COMPARABLE_SET = TypeSet((), None, True)
if isinstance(COMPARABLE.underlying, Interface):
    COMPARABLE.underlying.cache = _COMPARABLE_SET

OnDuplicate = Callable[[Func, Func, int], None]
"""Called with a method, the earlier one of that name, and the index of the embedding that brought it, or -1
for one declared in this interface."""


def type_set(iface: Interface, on_duplicate: OnDuplicate | None = None) -> TypeSet:
    """The type set of iface."""
    if isinstance(iface.cache, TypeSet) and on_duplicate is None:
        return iface.cache
    if not iface.methods and not iface.embeddeds:
        return EMPTY_METHODS  # not cached: an interface being declared still looks empty
    complete = True
    iface.cache = EMPTY_METHODS  # what a cycle sees; the checker reports it
    methods: dict[tuple[bool, str, str], Func] = {}
    for m in iface.methods:
        key = method_key(m)
        if key in methods:
            if on_duplicate is not None:
                on_duplicate(m, methods[key], -1)
        else:
            methods[key] = m
    terms: Terms = None
    comparable = False
    for i, embedded in enumerate(iface.embeddeds):
        if not _is_complete(embedded):
            complete = False
            continue
        more, other_comparable, embedded_methods = _embedded_set(embedded)
        for m in embedded_methods:
            known = methods.setdefault(method_key(m), m)
            if known is not m and on_duplicate is not None and not identical(signature_of(known), signature_of(m)):
                on_duplicate(m, known, i)
        terms, comparable = _meet(terms, comparable, more, other_comparable)
    ordered = tuple(methods[key] for key in sorted(methods))
    result = TypeSet(ordered, terms, comparable)
    iface.cache = result if complete else None
    return result


def _is_complete(t: Type) -> bool:
    """Whether the underlying type is known already."""
    at: Type | None = t
    seen: set[int] = set()
    while isinstance(at, (Alias, Named)) and id(at) not in seen:
        seen.add(id(at))
        if isinstance(at, Named) and at.underlying is None:
            under(at)  # completes a lazy instance
        at = at.actual if isinstance(at, Alias) else at.underlying
    return at is not None


def _embedded_set(t: Type) -> tuple[Terms, bool, tuple[Func, ...]]:
    u = under(t)
    if isinstance(u, Interface):
        inner = type_set(u)
        return inner.terms, inner.comparable, inner.methods
    if isinstance(unalias(t), Union):
        return _union_terms(u), False, ()
    if u is INVALID:
        return None, False, ()
    return (Term(False, t),), False, ()


def _union_terms(u: Type) -> Terms:
    """The terms of a union, interfaces in it resolved."""
    assert isinstance(u, Union)
    result: list[Term] = []
    for tilde, t in u.terms:
        inner = under(t)
        if isinstance(inner, Interface):
            terms = type_set(inner).terms
            if terms is None:
                return None
            result.extend(terms)
        elif inner is not INVALID:
            if tilde and not identical(t, inner):
                continue  # no type has t as its underlying type
            result.append(Term(tilde, t))
    return normalize(result, identical)


def _meet(x: Terms, x_comparable: bool, y: Terms, y_comparable: bool) -> tuple[Terms, bool]:
    terms = intersect(x, y, identical)
    comparable = x_comparable or y_comparable
    if comparable and terms is not None:
        return tuple(t for t in terms if strictly_comparable(t.type)), False
    return terms, comparable


# -- strict comparability --------------------------------------------------------------------------


def strictly_comparable(t: Type) -> bool:
    """Whether `==` on values of type t never panics: interfaces compare only if all types they admit do."""
    return _strictly_comparable(t, set())


def is_comparable_set(s: TypeSet) -> bool:
    """Whether all values of all its types (there must be some) compare without panicking."""
    return _comparable_set(s, set())


def _comparable_set(s: TypeSet, seen: set[int]) -> bool:
    if s.terms is None:
        return s.comparable
    return bool(s.terms) and all([_strictly_comparable(t.type, seen) for t in s.terms])


def _strictly_comparable(t: Type, seen: set[int]) -> bool:
    if id(t) in seen:
        return True
    seen.add(id(t))
    u = under(t)
    if isinstance(u, Struct):
        return all([f.type is None or _strictly_comparable(f.type, seen) for f in u.fields])
    if isinstance(u, Array):
        return _strictly_comparable(u.elem, seen)
    if isinstance(u, Interface):
        return _comparable_set(type_set(u), seen)
    return isinstance(u, (Pointer, Chan)) or (isinstance(u, Basic) and u.kind is not Kind.UNTYPED_NIL)
