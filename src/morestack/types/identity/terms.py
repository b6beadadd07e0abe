"""The terms of type sets, `T` and `~T`, and operations on lists of terms.

The argument `same` decides whether two terms name the same type. Identity needs type sets, because an interface is
identified by its type set, and type sets need identity. Therefore `identical` passes identity as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from morestack.types.core.objects import Func, Package, same_id
from morestack.types.core.types import Type
from morestack.types.core.under import under

Same: TypeAlias = Callable[["Type | None", "Type | None"], bool]
"""Type identity."""


@dataclass(frozen=True, slots=True)
class Term:
    """`T` or `~T` in a type set."""

    tilde: bool
    type: Type


Terms: TypeAlias = tuple[Term, ...] | None
"""None stands for all types; an empty tuple admits none."""


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

    def lookup(self, pkg: Package | None, name: str, fold_case: bool = False) -> tuple[int, Func | None]:
        for i, m in enumerate(self.methods):
            if same_id(m, pkg, name, fold_case):
                return i, m
        return -1, None


def term_includes(term: Term, t: Type, same: Same) -> bool:
    """Whether t is one of the types a term admits."""
    return same(term.type, under(t) if term.tilde else t)


def _disjoint(x: Term, y: Term, same: Same) -> bool:
    ux = under(x.type) if y.tilde else x.type
    uy = under(y.type) if x.tilde else y.type
    return not same(ux, uy)


def _term_subset(x: Term, y: Term, same: Same) -> bool:
    return (not x.tilde or y.tilde) and not _disjoint(x, y, same)


def normalize(terms: list[Term], same: Same) -> tuple[Term, ...]:
    """Drop terms that others include, keeping the first place of each."""
    result: list[Term] = []
    for t in terms:
        for i, other in enumerate(result):
            if _term_subset(t, other, same):
                break
            if _term_subset(other, t, same):
                result[i] = t
                break
        else:
            result.append(t)
    return tuple(result)


def intersect(x: Terms, y: Terms, same: Same) -> Terms:
    """Return the types that both admit."""
    if x is None:
        return y
    if y is None:
        return x
    both = [s if not s.tilde or t.tilde else t for s in x for t in y if not _disjoint(s, t, same)]
    return normalize(both, same)


def subset(x: Terms, y: Terms, same: Same) -> bool:
    """Whether y admits all that x admits."""
    if y is None:
        return True
    if x is None:
        return False
    return all(any(_term_subset(s, t, same) for t in y) for s in x)


def equal_terms(x: Terms, y: Terms, same: Same) -> bool:
    """Whether two lists admit the same types."""
    return subset(x, y, same) and subset(y, x, same)
