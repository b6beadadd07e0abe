"""Underlying types and signatures: follows aliases, and completes types and functions that were created lazily.

`under` of a type parameter is its constraint's interface, as in go/types.

Note [Recursion over types]
Types nest as deeply as the source does. Recursion over them must use only Python frames, which take no machine stack:
loops and list comprehensions. A generator consumed by `any`, `all` or `tuple` would add a C frame at every level, and
cause a segmentation fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func
from morestack.types.core.types import (
    INVALID,
    Alias,
    Array,
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


def unalias(t: Type) -> Type:
    """t with aliases at its top followed."""
    while isinstance(t, Alias):
        if t.actual is None:
            return INVALID
        t = t.actual
    return t


def as_named(t: Type) -> Named | None:
    t = unalias(t)
    return t if isinstance(t, Named) else None


def under(t: Type) -> Type:
    """The underlying type; a declared type that is still being set up has INVALID."""
    while True:
        if isinstance(t, Named):
            if t.underlying is None:
                _complete(t)
                if t.underlying is None:
                    return INVALID
            inner = unalias(t.underlying)
            if isinstance(inner, Named):
                end = _end_of_chain(t)
                if end is not INVALID:
                    t.underlying = end  # the next call returns at once
                return constraint_interface(end) if isinstance(end, TypeParam) else end
            return constraint_interface(inner) if isinstance(inner, TypeParam) else inner
        if isinstance(t, Alias):
            t = unalias(t)
            continue
        if isinstance(t, TypeParam):
            return constraint_interface(t)
        return t


def _complete(t: Named) -> None:
    resolve = t.resolve
    if callable(resolve):
        t.resolve = None
        resolve()


def _end_of_chain(t: Named) -> Type:
    """Follow `type A B; type B C` to the last; a cycle is INVALID."""
    seen: set[int] = set()
    at: Type = t
    while isinstance(at, Named):
        if id(at) in seen:
            return INVALID
        seen.add(id(at))
        if at.underlying is None:
            _complete(at)
        at = INVALID if at.underlying is None else unalias(at.underlying)
    return at


def constraint_interface(t: TypeParam) -> Interface:
    """The interface that constrains t; another constraint is wrapped in an implicit one."""
    bound = t.constraint
    if bound is None:
        return Interface((), ())
    u = INVALID if isinstance(unalias(bound), TypeParam) else under(bound)
    if isinstance(u, Interface):
        return u
    if u is INVALID:
        return Interface((), ())
    wrapped = Interface((), (bound,), implicit=True)
    t.constraint = wrapped
    return wrapped


def signature_of(f: Func) -> Signature:
    """Return the signature of f, after completing it if it is lazy."""
    if f.type is None and callable(f.resolve):
        resolve = f.resolve
        f.resolve = None
        resolve()
    return f.type if isinstance(f.type, Signature) else Signature(Tuple(()), Tuple(()))


def has_pointer_receiver(f: Func) -> bool:
    """Whether f is declared on a pointer; works before the signature is known."""
    if f.type is None and f.decl is not None:
        recv = f.decl.recv
        t = recv.type if recv is not None else None
        while isinstance(t, ast.Paren):
            t = t.x
        return isinstance(t, ast.Star)
    recv_var = signature_of(f).recv
    return recv_var is not None and recv_var.type is not None and isinstance(unalias(recv_var.type), Pointer)


def deref(t: Type) -> tuple[Type, bool]:
    """The base of an unnamed pointer type and True, else t and False."""
    p = unalias(t)
    return (p.elem, True) if isinstance(p, Pointer) else (t, False)


def components(t: Type) -> Iterator[Type | None]:
    """The types t is written with, one level down."""
    if isinstance(t, (Array, Slice, Pointer, Chan)):
        yield t.elem
    elif isinstance(t, Map):
        yield t.key
        yield t.elem
    elif isinstance(t, Struct):
        for f in t.fields:
            yield f.type
    elif isinstance(t, Tuple):
        for v in t.vars:
            yield v.type
    elif isinstance(t, Signature):
        yield t.params
        yield t.results
    elif isinstance(t, Interface):
        for m in t.methods:
            yield signature_of(m)
        yield from t.embeddeds
    elif isinstance(t, Union):
        for _, term in t.terms:
            yield term
    elif isinstance(t, Named):
        yield from t.type_args
    elif isinstance(t, Alias):
        yield from t.type_args
        yield t.actual
