"""Whether a type implements an interface or satisfies a constraint, with gc's explanation if not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from morestack.types.core.kinds import is_interface, is_interface_pointer, is_type_param, is_valid
from morestack.types.core.objects import Func
from morestack.types.core.types import INVALID, Interface, Pointer, Signature, Type, TypeParam, Union
from morestack.types.core.under import constraint_interface, signature_of, under
from morestack.types.identity.comparable import comparable_type
from morestack.types.identity.identical import identical, is_comparable_set, strictly_comparable, type_set
from morestack.types.identity.subst import make_substitution, subst
from morestack.types.identity.terms import Term, TypeSet, subset, term_includes
from morestack.types.identity.typestring import Qualifier, func_string, type_string
from morestack.types.relation.lookup import has_invalid_embedded_fields, lookup_method

Equivalent: TypeAlias = Callable[[Signature, Signature], bool]


class Missing(Enum):
    """Why a method is missing."""

    NOT_FOUND = "not found"
    WRONG_NAME = "wrong name"
    UNEXPORTED = "unexported"
    WRONG_SIGNATURE = "wrong signature"
    AMBIGUOUS = "ambiguous selector"
    POINTER_RECEIVER = "pointer receiver"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class MissingMethod:
    """A method of the interface, the reason why v lacks it, and v's closest method."""

    method: Func
    why: Missing
    found: Func | None = None


def missing_method(
    v: Type, iface: Type, static: bool = True, equivalent: Equivalent = identical
) -> MissingMethod | None:
    """Return the first method of iface that v lacks. Without `static`, an interface v may lack methods, but may not
    have different methods with the same names. Inference compares signatures by unification."""
    target = under(iface)
    if not isinstance(target, Interface):
        return None
    u = under(v)
    have: TypeSet | None = type_set(u) if isinstance(u, Interface) else None
    for m in type_set(target).methods:
        missing = _missing(v, m, equivalent) if have is None else _missing_in_interface(have, m, static, equivalent)
        if missing is not None:
            return missing
    return None


def _missing_in_interface(have: TypeSet, m: Func, static: bool, equivalent: Equivalent) -> MissingMethod | None:
    _, f = have.lookup(m.pkg, m.name)
    if f is None:
        return MissingMethod(m, Missing.NOT_FOUND) if static else None
    if not equivalent(signature_of(f), signature_of(m)):
        return MissingMethod(m, Missing.WRONG_SIGNATURE, f)
    return None


def _missing(v: Type, m: Func, equivalent: Equivalent) -> MissingMethod | None:
    found = lookup_method(v, False, m.pkg, m.name)
    if found.obj is None:
        if found.index:
            return MissingMethod(m, Missing.AMBIGUOUS)
        if found.indirect:
            return MissingMethod(m, Missing.POINTER_RECEIVER)
        other = lookup_method(v, False, m.pkg, m.name, fold_case=True).obj
        if isinstance(other, Func):
            same = other.name == m.name
            return MissingMethod(m, Missing.UNEXPORTED if same else Missing.WRONG_NAME, other)
        return MissingMethod(m, Missing.NOT_FOUND)
    if not isinstance(found.obj, Func):
        return MissingMethod(m, Missing.FIELD)
    if not equivalent(signature_of(found.obj), signature_of(m)):
        return MissingMethod(m, Missing.WRONG_SIGNATURE, found.obj)
    return None


def missing_method_cause(v: Type, iface: Type, missing: MissingMethod, qf: Qualifier | None = None) -> str:
    """The parenthesized explanation gc appends."""
    name = missing.method.name
    why = missing.why
    if why is Missing.NOT_FOUND:
        for t in (v, iface):
            if is_interface_pointer(t):
                return f"({interface_pointer_error(t, qf)})"
        return f"(missing method {name})"
    if why is Missing.WRONG_NAME or why is Missing.WRONG_SIGNATURE:
        assert missing.found is not None
        have, want = func_string(missing.found, qf), func_string(missing.method, qf)
        if have == want:
            have = func_string(missing.found, qf, pkg_info=True)
            want = func_string(missing.method, qf, pkg_info=True)
        what = "missing method" if why is Missing.WRONG_NAME else "wrong type for method"
        if have == want:
            return f"({what} {name})"
        return f"({what} {name})\n\t\thave {have}\n\t\twant {want}"
    if why is Missing.UNEXPORTED:
        return f"(unexported method {name})"
    if why is Missing.AMBIGUOUS:
        return f"(ambiguous selector {type_string(v, qf)}.{name})"
    if why is Missing.POINTER_RECEIVER:
        return f"(method {name} has pointer receiver)"
    return f"({type_string(v, qf)}.{name} is a field, not a method)"


def interface_pointer_error(t: Type, qf: Qualifier | None = None) -> str:
    u = under(t)
    text = type_string(t, qf)
    if isinstance(u, Pointer) and is_type_param(u.elem):
        return f"type {text} is pointer to type parameter, not type parameter"
    return f"type {text} is pointer to interface, not interface"


def has_all_methods(v: Type, iface: Type, static: bool = True, qf: Qualifier | None = None) -> tuple[bool, str]:
    """Whether v has the methods of iface; a type that could not be resolved is assumed to have them."""
    if not is_valid(v):
        return True, ""
    missing = missing_method(v, iface, static)
    if missing is None or has_invalid_embedded_fields(v):
        return True, ""
    return False, missing_method_cause(v, iface, missing, qf)


def assertable_to(v: Type, t: Type, qf: Qualifier | None = None) -> tuple[bool, str]:
    """Whether an interface value of type v can be asserted to t."""
    if is_interface(t):
        return True, ""
    return has_all_methods(t, v, False, qf)


def implements(v: Type, t: Type, constraint: bool = False, qf: Qualifier | None = None) -> tuple[bool, str]:
    """Whether v implements interface t (satisfies it, as a constraint), and gc's cause if not."""
    vu, tu = under(v), under(t)
    if vu is INVALID or tu is INVALID:
        return True, ""
    if isinstance(vu, Pointer) and under(vu.elem) is INVALID:
        return True, ""
    verb = "satisfy" if constraint else "implement"

    def fails(detail: str) -> tuple[bool, str]:
        return False, f"{type_string(v, qf)} does not {verb} {detail}"

    if not isinstance(tu, Interface):
        ts = type_string(t, qf)
        detail = interface_pointer_error(t, qf) if is_interface_pointer(tu) else f"{ts} is not an interface"
        return fails(f"{ts} ({detail})")
    target = type_set(tu)
    if target.is_all():
        return True, ""
    have = type_set(vu) if isinstance(vu, Interface) else None
    if have is not None and have.is_empty():
        return True, ""
    if target.is_empty():
        return False, f"cannot {verb} {type_string(t, qf)} (empty type set)"
    ok, cause = has_all_methods(v, t, True, qf)
    if not ok:
        return fails(f"{type_string(t, qf)} {cause}")
    if target.has_terms():
        if have is not None:
            if not subset(have.terms, target.terms, identical):
                return fails(type_string(t, qf))
        else:
            detail = _missing_term(v, t, tu, target, qf)
            if detail:
                return fails(f"{type_string(t, qf)} ({detail})")
    if not is_comparable_set(target) or strictly_comparable(v):
        return True, ""
    if constraint and comparable_type(v)[0]:
        return True, ""
    return fails("comparable")


def _missing_term(v: Type, t: Type, iface: Interface, target: TypeSet, qf: Qualifier | None) -> str:
    """Return why no term of the target includes v, or "" if one does."""
    alternative: Type | None = None
    terms = target.terms or ()
    for term in terms:
        if term_includes(term, v, identical):
            return ""
        plain = not term.tilde and identical(term.type, under(term.type))
        if alternative is None and plain and term_includes(Term(True, term.type), v, identical):
            alternative = term.type
    vs, ts = type_string(v, qf), type_string(t, qf)
    if alternative is not None:
        return f"possibly missing ~ for {type_string(alternative, qf)} in {ts}"
    if _mentions(iface, v):
        return f"{ts} mentions {vs}, but {vs} is not in the type set of {ts}"
    return f"{vs} missing in {terms_string(terms)}"


def terms_string(terms: tuple[Term, ...], qf: Qualifier | None = None) -> str:
    """Terms as in a union; gc prints those of a type set with whole package paths, hence without qf."""
    return " | ".join(("~" if t.tilde else "") + type_string(t.type, qf) for t in terms)


def _mentions(t: Type, v: Type) -> bool:
    if isinstance(t, Interface):
        return any(_mentions(e, v) for e in t.embeddeds)
    if isinstance(t, Union):
        return any(_mentions(term, v) for _, term in t.terms)
    return identical(t, v)


def verify(
    params: tuple[TypeParam, ...], args: tuple[Type, ...], qf: Qualifier | None = None
) -> tuple[int, str] | None:
    """Return the first type argument that does not satisfy its constraint, with gc's cause, or None if all do."""
    mapping = make_substitution(params, args)
    for i, (p, a) in enumerate(zip(params, args, strict=False)):
        constraint_interface(p)  # wraps a constraint that is not an interface, before it may become another
        if p.constraint is None:
            continue
        ok, cause = implements(a, subst(p.constraint, mapping), constraint=True, qf=qf)
        if not ok:
            return i, cause
    return None
