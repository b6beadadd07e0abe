"""What an interface amounts to: all its methods, embedded ones included, and the types it admits.

`terms` is None for "all types"; an empty tuple admits none. Methods are sorted as gc sorts them: exported
names first, then by name, then by package. A type set is cached in its Interface once everything it embeds
has been resolved. Rejected: an intermediate list of all embedded interfaces, which go/types had and dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from morestack.types.core.objects import Func, Package, is_exported, same_id
from morestack.types.core.types import INVALID, Alias, Interface, Named, Type, Union
from morestack.types.core.under import signature_of, unalias, under
from morestack.types.core.universe import COMPARABLE
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import identical


@dataclass(frozen=True, slots=True)
class Term:
    """`T` or `~T` in a type set."""

    tilde: bool
    type: Type

    def includes(self, t: Type) -> bool:
        return identical(self.type, under(t) if self.tilde else t)

    def subset_of(self, other: Term) -> bool:
        if self.disjoint(other):
            return False
        return not self.tilde or other.tilde

    def disjoint(self, other: Term) -> bool:
        ux = under(self.type) if other.tilde else self.type
        uy = under(other.type) if self.tilde else other.type
        return not identical(ux, uy)


Terms = tuple[Term, ...] | None


def _normalize(terms: list[Term]) -> tuple[Term, ...]:
    """Drop terms that others include, keeping the first place of each."""
    result: list[Term] = []
    for t in terms:
        for i, other in enumerate(result):
            if t.subset_of(other):
                break
            if other.subset_of(t):
                result[i] = t
                break
        else:
            result.append(t)
    return tuple(result)


def _intersect(x: Terms, y: Terms) -> Terms:
    if x is None:
        return y
    if y is None:
        return x
    both = [s if not s.tilde or t.tilde else t for s in x for t in y if not s.disjoint(t)]
    return _normalize(both)


def _subset(x: Terms, y: Terms) -> bool:
    if y is None:
        return True
    if x is None:
        return False
    return all(any(s.subset_of(t) for t in y) for s in x)


def identical_terms(x: Terms, y: Terms) -> bool:
    """Whether two lists admit the same types."""
    return _subset(x, y) and _subset(y, x)


@dataclass(frozen=True, slots=True)
class TypeSet:
    """`comparable` is set only while `terms` is None: with terms, incomparable ones have been dropped."""

    methods: tuple[Func, ...]
    terms: Terms
    comparable: bool

    def is_empty(self) -> bool:
        return self.terms is not None and not self.terms

    def is_all(self) -> bool:
        """Whether every type is in the set."""
        return self.terms is None and not self.comparable and not self.methods

    def is_method_set(self) -> bool:
        """Whether the interface may be the type of a variable."""
        return self.terms is None and not self.comparable

    def has_terms(self) -> bool:
        return bool(self.terms)

    def is_comparable(self, seen: set[int] | None = None) -> bool:
        """Whether all values of all its types (there must be some) compare without panicking."""
        if self.terms is None:
            return self.comparable
        return bool(self.terms) and all([comparable_type(t.type, False, None, seen)[0] for t in self.terms])

    def lookup(self, pkg: Package | None, name: str, fold_case: bool = False) -> tuple[int, Func | None]:
        for i, m in enumerate(self.methods):
            if same_id(m, pkg, name, fold_case):
                return i, m
        return -1, None

    def subset_of(self, other: TypeSet) -> bool:
        return _subset(self.terms, other.terms)


EMPTY_METHODS = TypeSet((), None, False)
_COMPARABLE_SET = TypeSet((), None, True)
if isinstance(COMPARABLE.underlying, Interface):
    COMPARABLE.underlying.cache = _COMPARABLE_SET

OnDuplicate = Callable[[Func, Func, int], None]
"""Called with a method, the earlier one of that name, and the index of the embedding that brought it, or -1
for one declared in this interface."""


def method_key(f: Func) -> tuple[bool, str, str]:
    """Sort key of methods: gc's order in method sets and itabs."""
    exported = is_exported(f.name)
    return not exported, f.name, "" if exported or f.pkg is None else f.pkg.path


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
    while isinstance(at, Alias | Named) and id(at) not in seen:
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
        return union_terms(u), False, ()
    if u is INVALID:
        return None, False, ()
    return (Term(False, t),), False, ()


def union_terms(u: Type) -> Terms:
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
    return _normalize(result)


def _meet(x: Terms, x_comparable: bool, y: Terms, y_comparable: bool) -> tuple[Terms, bool]:
    terms = _intersect(x, y)
    comparable = x_comparable or y_comparable
    if comparable and terms is not None:
        return tuple(t for t in terms if comparable_type(t.type, dynamic=False)[0]), False
    return terms, comparable
