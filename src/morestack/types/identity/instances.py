"""Instances of generic types and functions.

An instance of a generic type is interned in its origin's `instances` by the identity of its type arguments, so
`List[int]` is one object; its underlying type and the signatures of its methods are created on first use, so
recursive generic types terminate. `verify` checks the constraints.
"""

from __future__ import annotations

from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Named, Pointer, Signature, Type, TypeParam
from morestack.types.core.under import constraint_interface, signature_of
from morestack.types.identity.subst import copy_var, make_substitution, subst


def instantiate_signature(generic: Signature, args: tuple[Type, ...]) -> Signature:
    mapping = make_substitution(generic.type_params, args)
    params, results = subst(generic.params, mapping), subst(generic.results, mapping)
    return Signature(params, results, generic.variadic, generic.recv, (), generic.recv_type_params)


def declared_methods(named: Named) -> list[Func]:
    """Return the methods declared with named as receiver; those of an instance are substituted from its origin."""
    origin = named.origin
    if origin is None:
        return named.methods
    for m in origin.methods[len(named.methods) :]:
        named.methods.append(_instance_method(named, m))
    return named.methods


def _instance_method(inst: Named, method: Func) -> Func:
    result = Func(method.name, None, method.span, method.pkg, method.parent, method.decl, method, inst.type_args)

    def resolve() -> None:
        sig = signature_of(method)
        mapping = dict(make_substitution(sig.recv_type_params, inst.type_args))
        # A generic method's own type parameters may have constraints that mention the receiver's.
        own = tuple([TypeParam(p.obj, p.index) for p in sig.type_params])
        mapping.update(zip(sig.type_params, own, strict=True))
        for old, new in zip(sig.type_params, own, strict=True):
            constraint_interface(old)
            new.constraint = None if old.constraint is None else subst(old.constraint, mapping)
        params, results = subst(sig.params, mapping), subst(sig.results, mapping)
        recv: Var | None = None
        if sig.recv is not None and sig.recv.type is not None:
            pointer = isinstance(sig.recv.type, Pointer)
            recv = copy_var(sig.recv, Pointer(inst) if pointer else inst)
        result.type = Signature(params, results, sig.variadic, recv, own)

    result.resolve = resolve
    return result
