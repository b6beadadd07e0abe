"""Questions about types: underlying types, identity, comparability, defaults, type sets of parameters.

`is_integer` and its like look at the underlying type and are False for type parameters; `all_integer` and
its like hold for a type parameter if they hold for every type of its type set. `under` of a type parameter
is its constraint's interface, as in go/types.

Note [Recursion over types]
Types nest as deep as the source does. Recursion over them goes through Python frames only, which take no
machine stack: loops and list comprehensions. A generator consumed by `any`, `all` or `tuple` would put a C
frame at every level, and end in a segmentation fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from morestack.syntax import nodes as ast
from morestack.syntax.nodes import ChanDir
from morestack.types.objects import Func, Package, Var
from morestack.types.types import (
    BOOL,
    COMPLEX128,
    FLOAT64,
    INT,
    INVALID,
    RUNE,
    STRING,
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
    Traits,
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
                    t.underlying = end  # the next question is answered at once
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
    """The interface that constrains t; a constraint that is no interface is wrapped in an implicit one."""
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
    """The signature of f, completed first if it is a lazy one."""
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


# -- kinds -----------------------------------------------------------------------------------------


_BOOLEAN = Traits.BOOLEAN.value
_INTEGER = Traits.INTEGER.value
_UNSIGNED = Traits.UNSIGNED.value
_FLOAT = Traits.FLOAT.value
_COMPLEX = Traits.COMPLEX.value
_STRING = Traits.STRING.value
_UNTYPED = Traits.UNTYPED.value
_ORDERED = Traits.ORDERED.value
_NUMERIC = Traits.NUMERIC.value
_CONST_TYPE = Traits.CONST_TYPE.value


def _bits(t: Type) -> int:
    """The traits of t's underlying type, as `Basic.bits`."""
    u = t if isinstance(t, Basic) else under(t)
    return u.bits if isinstance(u, Basic) else 0


def is_valid(t: Type | None) -> bool:
    return t is not None and unalias(t) is not INVALID


def is_type_param(t: Type) -> bool:
    return isinstance(unalias(t), TypeParam)


def is_interface(t: Type) -> bool:
    """An interface, or a type parameter (go/types' IsInterface)."""
    return isinstance(under(t), Interface)


def is_non_type_param_interface(t: Type) -> bool:
    return not is_type_param(t) and is_interface(t)


def is_basic_kind(t: Type, kind: Kind) -> bool:
    u = under(t)
    return isinstance(u, Basic) and u.kind is kind


def is_boolean(t: Type) -> bool:
    return bool(_bits(t) & _BOOLEAN)


def is_integer(t: Type) -> bool:
    return bool(_bits(t) & _INTEGER)


def is_unsigned(t: Type) -> bool:
    return bool(_bits(t) & _UNSIGNED)


def is_float(t: Type) -> bool:
    return bool(_bits(t) & _FLOAT)


def is_complex(t: Type) -> bool:
    return bool(_bits(t) & _COMPLEX)


def is_numeric(t: Type) -> bool:
    return bool(_bits(t) & _NUMERIC)


def is_string(t: Type) -> bool:
    return bool(_bits(t) & _STRING)


def is_integer_or_float(t: Type) -> bool:
    return bool(_bits(t) & (_INTEGER | _FLOAT))


def is_const_type(t: Type) -> bool:
    """Whether constants can have this type."""
    return bool(_bits(t) & _CONST_TYPE)


def is_untyped(t: Type) -> bool:
    return isinstance(t, Basic) and t.bits & _UNTYPED != 0


def is_typed(t: Type) -> bool:
    return not is_untyped(t)


def is_untyped_numeric(t: Type) -> bool:
    return is_untyped(t) and is_numeric(t)


def is_untyped_nil(t: Type) -> bool:
    return isinstance(t, Basic) and t.kind is Kind.UNTYPED_NIL


def is_pointer(t: Type) -> bool:
    return isinstance(under(t), Pointer)


def is_unsafe_pointer(t: Type) -> bool:
    return is_basic_kind(t, Kind.UNSAFE_POINTER)


def is_uintptr(t: Type) -> bool:
    return is_basic_kind(t, Kind.UINTPTR)


def is_bytes_or_runes(t: Type) -> bool:
    u = under(t)
    if not isinstance(u, Slice):
        return False
    e = under(u.elem)
    return isinstance(e, Basic) and e.kind in (Kind.UINT8, Kind.INT32)


def all_boolean(t: Type) -> bool:
    return _all_traits(t, _BOOLEAN)


def all_integer(t: Type) -> bool:
    return _all_traits(t, _INTEGER)


def all_unsigned(t: Type) -> bool:
    return _all_traits(t, _UNSIGNED)


def all_numeric(t: Type) -> bool:
    return _all_traits(t, _NUMERIC)


def all_string(t: Type) -> bool:
    return _all_traits(t, _STRING)


def all_ordered(t: Type) -> bool:
    """Whether `<` works on every type t stands for."""
    return _all_traits(t, _ORDERED)


def all_numeric_or_string(t: Type) -> bool:
    return _all_traits(t, _NUMERIC | _STRING)


ordered = all_ordered


def _all_traits(t: Type, bits: int) -> bool:
    if not isinstance(unalias(t), TypeParam):
        return _bits(t) & bits != 0
    return under_is(t, lambda u: isinstance(u, Basic) and u.bits & bits != 0)


def has_name(t: Type) -> bool:
    """Whether t is predeclared, defined, or a type parameter."""
    return isinstance(unalias(t), Basic | Named | TypeParam)


def is_generic(t: Type) -> bool:
    """A generic type without type arguments."""
    if isinstance(t, Alias):
        return bool(t.type_params) and not t.type_args
    return isinstance(t, Named) and bool(t.type_params) and t.origin is None


def deref(t: Type) -> tuple[Type, bool]:
    """The base of an unnamed pointer type and True, else t and False."""
    p = unalias(t)
    return (p.elem, True) if isinstance(p, Pointer) else (t, False)


def is_interface_pointer(t: Type) -> bool:
    u = under(t)
    return isinstance(u, Pointer) and is_interface(u.elem)


def has_nil(t: Type) -> bool:
    """Whether nil is a value of t (of every type of t's type set)."""
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is Kind.UNSAFE_POINTER
    if isinstance(u, Interface):
        return not is_type_param(t) or under_is(t, lambda v: v is not None and has_nil(v))
    return isinstance(u, Slice | Pointer | Signature | Map | Chan)


def has_type_param(t: Type | None) -> bool:
    """Whether t mentions a type parameter (types2's isParameterized)."""
    return _mentions_param(t, set())


def _mentions_param(t: Type | None, seen: set[int]) -> bool:
    if t is None or isinstance(t, Basic):
        return False
    if isinstance(t, TypeParam):
        return True
    if id(t) in seen:
        return False
    seen.add(id(t))
    for part in t.type_args if isinstance(t, Named) else components(t):  # noqa: SIM110  Note [Recursion over types]
        if _mentions_param(part, seen):
            return True
    return False


def components(t: Type) -> Iterator[Type | None]:
    """The types t is written with, one level down."""
    if isinstance(t, Array | Slice | Pointer | Chan):
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


# -- untyped ---------------------------------------------------------------------------------------

_DEFAULTS: dict[Kind, Type] = {
    Kind.UNTYPED_BOOL: BOOL,
    Kind.UNTYPED_INT: INT,
    Kind.UNTYPED_RUNE: RUNE,
    Kind.UNTYPED_FLOAT: FLOAT64,
    Kind.UNTYPED_COMPLEX: COMPLEX128,
    Kind.UNTYPED_STRING: STRING,
}
_RANK = {Kind.UNTYPED_INT: 0, Kind.UNTYPED_RUNE: 1, Kind.UNTYPED_FLOAT: 2, Kind.UNTYPED_COMPLEX: 3}


def default_type(t: Type) -> Type:
    """The type an untyped value takes where nothing else decides; untyped nil keeps its own."""
    return _DEFAULTS.get(t.kind, t) if isinstance(t, Basic) else t


def max_type(x: Type, y: Type) -> Type | None:
    """The later of two untyped numeric types in int, rune, float, complex; x if both are one type."""
    if x is y:
        return x
    if isinstance(x, Basic) and isinstance(y, Basic) and x.kind in _RANK and y.kind in _RANK:
        return x if _RANK[x.kind] > _RANK[y.kind] else y
    return None


# -- type sets of type parameters ------------------------------------------------------------------


def typeset(t: Type) -> Iterator[tuple[Type | None, Type | None]]:
    """(type, underlying type) of each specific type t stands for; (None, None) if there is none to name."""
    p = unalias(t)
    if not isinstance(p, TypeParam):
        yield t, under(t)
        return
    from morestack.types.type_set import type_set

    terms = type_set(constraint_interface(p)).terms
    if not terms:  # all types, or none
        yield None, None
        return
    for term in terms:
        yield term.type, under(term.type)


def under_is(t: Type, condition: Callable[[Type | None], bool]) -> bool:
    """Whether condition holds for the underlying types of all specific types of t; None if there are none."""
    return all(condition(u) for _, u in typeset(t))


def common_under(
    t: Type, condition: Callable[[Type | None, Type | None], str | None] | None = None
) -> tuple[Type | None, str]:
    """`(the one underlying type of all types t stands for, "")`, or `(None, why there is none)`.

    A channel among channels of one element type and agreeing directions counts as common: the restricted
    one. `condition` may refuse a (type, underlying) pair with its own reason.
    """
    from morestack.types.typestring import type_string

    first: Type | None = None
    common: Type | None = None
    for s, u in typeset(t):
        if condition is not None:
            reason = condition(s, u)
            if reason is not None:
                return None, reason
        if u is None or s is None:
            return None, "no specific type"
        if common is None or first is None:
            first, common = s, u
            continue
        if isinstance(common, Chan) and isinstance(u, Chan):
            pair = f"channels {type_string(first)} and {type_string(s)}"
            if not identical(common.elem, u.elem):
                return None, f"{pair} have different element types"
            if common.dir is not u.dir:
                if common.dir is ChanDir.BOTH:
                    first, common = s, u
                elif u.dir is not ChanDir.BOTH:
                    return None, f"{pair} have conflicting directions"
            continue
        if not identical(common, u):
            return None, f"{type_string(first)} and {type_string(s)} have different underlying types"
    return common, ""


def core_type(t: Type) -> Type | None:
    """The common underlying type, None if there is none."""
    return common_under(t)[0] if is_type_param(t) else under(t)


def core_string(t: Type) -> Type | None:
    """Like `core_type`, but a type parameter of strings and byte slices has core type string."""
    if not is_type_param(t):
        return under(t)
    has_string = False
    common: Type | None = None
    for _, u in typeset(t):
        if u is None:
            return None
        if is_string(u):
            has_string = True
            u = Slice(_BYTE_KIND)
        if common is not None and not identical(common, u):
            return None
        common = u
    return STRING if has_string else common


_BYTE_KIND = Basic(Kind.UINT8, Traits.INTEGER | Traits.UNSIGNED, "byte")


# -- comparability ---------------------------------------------------------------------------------


def comparable_type(
    t: Type, dynamic: bool = True, describe: Callable[[Type], str] | None = None, seen: set[int] | None = None
) -> tuple[bool, str]:
    """Whether == works on t, and if not gc's reason ("" when the type itself says it).

    With `dynamic`, interfaces compare (they may panic at run time); without, only what never panics does.
    `seen` holds the types this question is being asked about already.
    """
    return _comparable(t, dynamic, describe, set() if seen is None else seen)


def _comparable(t: Type, dynamic: bool, describe: Callable[[Type], str] | None, seen: set[int]) -> tuple[bool, str]:
    if id(t) in seen:
        return True, ""
    seen.add(id(t))
    if describe is None:
        from morestack.types.typestring import type_string

        describe = type_string
    u = under(t)
    if isinstance(u, Basic):
        return u.kind is not Kind.UNTYPED_NIL, ""
    if isinstance(u, Pointer | Chan):
        return True, ""
    if isinstance(u, Struct):
        for f in u.fields:
            if f.type is not None and not _comparable(f.type, dynamic, describe, seen)[0]:
                return False, f"struct containing {describe(f.type)} cannot be compared"
        return True, ""
    if isinstance(u, Array):
        ok = _comparable(u.elem, dynamic, describe, seen)[0]
        return (True, "") if ok else (False, f"{describe(t)} cannot be compared")
    if isinstance(u, Interface):
        from morestack.types.type_set import type_set

        terms = type_set(u)
        if (dynamic and not is_type_param(t)) or terms.is_comparable(seen):
            return True, ""
        return False, "empty type set" if terms.is_empty() else "incomparable types in type set"
    return False, ""


# -- identity --------------------------------------------------------------------------------------


def same_id(obj: Func | Var, pkg: Package | None, name: str, fold_case: bool = False) -> bool:
    """Whether obj is what `name`, written in package pkg, means: unexported names belong to their package."""
    if fold_case and obj.name.casefold() == name.casefold():
        return True
    if obj.name != name:
        return False
    return is_exported(name) or same_package(obj.pkg, pkg)


def same_package(a: Package | None, b: Package | None) -> bool:
    return a is b or (a is not None and b is not None and a.path == b.path)


def is_exported(name: str) -> bool:
    return name[:1].isupper()


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
        from morestack.types.subst import subst

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
    from morestack.types.type_set import identical_terms, type_set

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
    from morestack.types.type_set import identical_terms, union_terms

    return identical_terms(union_terms(x), union_terms(y))
