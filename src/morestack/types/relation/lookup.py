"""Fields and methods of a type: selection through embedding, and method sets.

`lookup_field_or_method` searches breadth first, one depth of embedding at a time; what is found at the
shallowest depth wins, two at one depth are ambiguous. `method_set` does the same for all methods at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from morestack.types.core.kinds import is_valid
from morestack.types.core.objects import Func, Package, Var, method_key, same_id
from morestack.types.core.types import Interface, Named, Pointer, Struct, Type
from morestack.types.core.under import as_named, deref, has_pointer_receiver, under
from morestack.types.identity.identical import identical, type_set
from morestack.types.identity.instances import declared_methods


@dataclass(frozen=True, slots=True)
class Found:
    """What a selector denotes.

    With obj None: `index` not empty means the selector is ambiguous, `indirect` that the method exists but
    needs a pointer receiver. Else `indirect` tells that a pointer lies on the path, the receiver included.
    """

    obj: Var | Func | None
    index: tuple[int, ...]
    indirect: bool


NOT_FOUND = Found(None, (), False)


@dataclass(slots=True)
class _Embedded:
    type: Type
    index: tuple[int, ...]
    indirect: bool
    multiples: bool  # the type occurs several times at this depth


def lookup_field_or_method(
    t: Type, addressable: bool, pkg: Package | None, name: str, fold_case: bool = False
) -> Found:
    """The field or method that `x.name` means for x of type t, written in package pkg."""
    named = as_named(t)
    if named is not None:
        u = under(named)
        if isinstance(u, Pointer):
            # Methods cannot belong to a named pointer type: only fields of its base are found.
            found = _lookup(u, False, pkg, name, fold_case)
            return NOT_FOUND if isinstance(found.obj, Func) else found
    return _lookup(t, addressable, pkg, name, fold_case)


def lookup_method(t: Type, addressable: bool, pkg: Package | None, name: str, fold_case: bool = False) -> Found:
    """Like `lookup_field_or_method`, without its exception for named pointer types."""
    return _lookup(t, addressable, pkg, name, fold_case)


def _lookup(t: Type, addressable: bool, pkg: Package | None, name: str, fold_case: bool) -> Found:
    if name == "_":
        return NOT_FOUND
    base, is_pointer = deref(t)
    if is_pointer and isinstance(under(base), Interface):
        return NOT_FOUND  # a pointer to an interface has no methods
    current = [_Embedded(base, (), is_pointer, False)]
    seen: set[Named] = set()  # instances are interned: identical ones are one object
    while current:
        following: list[_Embedded] = []
        obj: Var | Func | None = None
        index: tuple[int, ...] = ()
        indirect = False
        for e in current:
            named = as_named(e.type)
            if named is not None:
                if named in seen:
                    continue  # found at a shallower depth, which hides this one
                seen.add(named)
                i, m = _declared_method(named, pkg, name, fold_case)
                if m is not None:
                    if obj is not None or e.multiples:
                        return Found(None, (*e.index, i), False)
                    obj, index, indirect = m, (*e.index, i), e.indirect
                    continue
            u = under(e.type)
            if isinstance(u, Struct):
                for i, f in enumerate(u.fields):
                    if same_id(f, pkg, name, fold_case):
                        if obj is not None or e.multiples:
                            return Found(None, (*e.index, i), False)
                        obj, index, indirect = f, (*e.index, i), e.indirect
                    elif obj is None and f.embedded and f.type is not None:
                        ft, is_pointer = deref(f.type)
                        following.append(_Embedded(ft, (*e.index, i), e.indirect or is_pointer, e.multiples))
            elif isinstance(u, Interface):
                i, m = type_set(u).lookup(pkg, name, fold_case)
                if m is not None:
                    if obj is not None or e.multiples:
                        return Found(None, (*e.index, i), False)
                    obj, index, indirect = m, (*e.index, i), e.indirect
        if obj is not None:
            if isinstance(obj, Func) and not indirect and not addressable and has_pointer_receiver(obj):
                return Found(None, (), True)
            return Found(obj, index, indirect)
        current = _consolidate(following)
    return NOT_FOUND


def _declared_method(named: Named, pkg: Package | None, name: str, fold_case: bool = False) -> tuple[int, Func | None]:
    for i, m in enumerate(declared_methods(named)):
        if same_id(m, pkg, name, fold_case):
            return i, m
    return -1, None


def _consolidate(embedded: list[_Embedded]) -> list[_Embedded]:
    """Merge entries to one per type, marked if there were several."""
    result: list[_Embedded] = []
    for e in embedded:
        for known in result:
            if known.type is e.type or identical(known.type, e.type):
                known.multiples = True
                break
        else:
            result.append(e)
    return result


def field_path(t: Type, index: tuple[int, ...]) -> str:
    """Return the dotted names of the fields on an index path."""
    names: list[str] = []
    for i in index:
        u = under(t)
        if isinstance(u, Pointer):
            u = under(u.elem)
        if not isinstance(u, Struct) or i >= len(u.fields):
            break
        names.append(u.fields[i].name)
        field_type = u.fields[i].type
        if field_type is None:
            break
        t = field_type
    return ".".join(names)


def has_invalid_embedded_fields(t: Type) -> bool:
    """Whether a struct embeds, at any depth, a type that could not be resolved and may therefore have any method."""
    seen: set[int] = set()
    work = [t]
    while work:
        u = under(work.pop())
        if isinstance(u, Pointer):
            u = under(u.elem)
        if not isinstance(u, Struct) or id(u) in seen:
            continue
        seen.add(id(u))
        for f in u.fields:
            if f.embedded:
                if not is_valid(f.type):
                    return True
                if f.type is not None:
                    work.append(f.type)
    return False


# -- method sets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MethodSelection:
    """One method of a method set.

    `index` is the path of embedded fields, then the method's own number (in the declared methods of its
    type, or in the sorted type set of an interface). `indirect`: a pointer lies on the path, the receiver
    included. `pointer_receiver`: the method is declared on a pointer.
    """

    func: Func
    index: tuple[int, ...]
    indirect: bool
    pointer_receiver: bool

    @property
    def promoted(self) -> bool:
        return len(self.index) > 1


def method_set(t: Type) -> tuple[MethodSelection, ...]:
    """The methods a value of type t has (for `*T` those of T too), in gc's order: exported, then by name."""
    found: dict[tuple[bool, str, str], MethodSelection | None] = {}
    base, is_pointer = deref(t)
    if is_pointer and isinstance(under(base), Interface):
        return ()
    named = as_named(base)
    if named is not None and not is_pointer and isinstance(under(named), Pointer):
        return ()
    current = [_Embedded(base, (), is_pointer, False)]
    seen: set[Named] = set()  # instances are interned: identical ones are one object
    while current:
        level: dict[tuple[bool, str, str], MethodSelection | None] = {}
        following: list[_Embedded] = []
        for e in current:
            named = as_named(e.type)
            if named is not None:
                if named in seen:
                    continue
                seen.add(named)
                for i, m in enumerate(declared_methods(named)):
                    _add_method(level, m, e, i)
            u = under(e.type)
            if isinstance(u, Struct):
                for i, f in enumerate(u.fields):
                    key = method_key_of_field(f)
                    level[key] = None  # a field hides methods of its name, and collides at its own depth
                    if f.embedded and f.type is not None:
                        ft, pointer = deref(f.type)
                        following.append(_Embedded(ft, (*e.index, i), e.indirect or pointer, e.multiples))
            elif isinstance(u, Interface):
                for i, m in enumerate(type_set(u).methods):
                    _add_method(level, m, e, i)
        for key, selection in level.items():
            found.setdefault(key, selection)
        current = _consolidate(following)
    result = [s for _, s in sorted(found.items()) if s is not None and (s.indirect or not s.pointer_receiver)]
    return tuple(result)


def method_key_of_field(f: Var) -> tuple[bool, str, str]:
    return method_key(Func(f.name, None, pkg=f.pkg))


def _add_method(level: dict[tuple[bool, str, str], MethodSelection | None], m: Func, e: _Embedded, i: int) -> None:
    if m.name == "_":
        return
    key = method_key(m)
    if key in level or e.multiples:
        level[key] = None  # ambiguous
        return
    is_interface = isinstance(under(e.type), Interface)
    level[key] = MethodSelection(m, (*e.index, i), e.indirect, not is_interface and has_pointer_receiver(m))
