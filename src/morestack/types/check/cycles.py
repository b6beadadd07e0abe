"""Cycles among declarations: which of them are valid, and how the others are reported."""

from __future__ import annotations

from collections.abc import Sequence

from morestack.source.codes import Code
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.core.kinds import is_generic, is_valid
from morestack.types.core.objects import Const, Object, TypeName, Var
from morestack.types.core.types import INVALID, Alias, Array, Interface, Named, Struct, Type, TypeParam, Union
from morestack.types.core.under import unalias, under
from morestack.types.identity.identical import identical


def direct_cycles(check: Checker) -> None:
    """Report types declared as each other's names: `type A B; type B A`."""
    done: set[TypeName] = set()
    for obj in list(check.decls):
        if not isinstance(obj, TypeName) or obj in done:
            continue
        path: list[TypeName] = []
        at: TypeName | None = obj
        while at is not None and at not in done:
            if at in path:
                for name in path[path.index(at) :]:
                    name.type = INVALID
                report_cycle(check, path[path.index(at) :])
                break
            path.append(at)
            d = check.decls[at].type_decl if at in check.decls else None
            if d is None or not isinstance(d.type, ast.Name):
                break
            following = check.pkg_scope.lookup(d.type.text)
            at = following if isinstance(following, TypeName) else None
        done.update(path)


def valid_cycle(check: Checker, obj: Object) -> bool:
    """Report whether the cycle that obj closes is valid; if not, an error is reported."""
    cycle = check.path[check.path_index[obj] :]
    values = definitions = 0
    for o in cycle:
        if isinstance(o, (Const, Var)):
            values += 1
        elif isinstance(o, TypeName):
            if check.in_type_params and o.type is not None and is_generic(o.type):
                return True
            if not o.is_alias:
                definitions += 1
    if values == len(cycle):  # an initialization cycle, or constants: reported elsewhere
        return True
    if values == 0 and definitions > 0:
        return True
    report_cycle(check, cycle)
    return False


def report_cycle(check: Checker, cycle: Sequence[Object], start: int | None = None) -> None:
    """Report a cycle, from its first declaration in the source."""
    if start is None:
        placed = [o for o in cycle if o.span is not None]
        if not placed:
            return
        first = min(placed, key=lambda o: (o.span.file.path, o.span.start) if o.span is not None else ("", 0))
        start = list(cycle).index(first)
    obj = cycle[start]
    at = obj.span
    if at is None:
        return
    is_type = isinstance(obj, TypeName)
    if isinstance(obj, TypeName) and isinstance(obj.type, Alias):
        obj.type.actual = INVALID
    kind = "invalid recursive type" if is_type else "invalid cycle in declaration"
    if len(cycle) == 1:
        check.error(at, Code.INVALID_DECL_CYCLE, f"{kind}: {obj.name} refers to itself")
        return
    notes: list[str] = []
    for number in range(len(cycle)):
        following = cycle[(start + number + 1) % len(cycle)]
        notes.append(f"{obj.span}: {obj.name} refers to {following.name}")
        obj = following
    joint = " " if is_type else " of "
    check.error(at, Code.INVALID_DECL_CYCLE, f"{kind}{joint}{cycle[start].name}", *notes)


def check_finite(check: Checker, named: Named) -> None:
    """Report a type that contains itself and therefore has no finite size."""
    _finite(check, named, [], [])


def _finite(check: Checker, t: Type | None, nest: list[Named], path: list[Named]) -> bool:
    t = unalias(t) if t is not None else None
    match t:
        case Array(elem=elem):
            return _finite(check, elem, nest, path)
        case Struct(fields=fields):
            return _all_finite(check, [f.type for f in fields], nest, path)
        case Union(terms=terms):
            return _all_finite(check, [term for _, term in terms], nest, path)
        case Interface(embeddeds=embeddeds):
            return _all_finite(check, embeddeds, nest, path)
        case Named():
            return _finite_named(check, t, nest, path)
        case TypeParam():
            if not nest:
                return True
            instance = nest[-1]
            origin = instance.origin or instance
            for p, arg in zip(origin.type_params, instance.type_args, strict=False):
                if p is t:
                    return _finite(check, arg, nest[:-1], path)
        case _:  # no other type contains its elements
            pass
    return True


def _all_finite(check: Checker, types: Sequence[Type | None], nest: list[Named], path: list[Named]) -> bool:
    return all(_finite(check, t, nest, path) for t in types)


def _placed(check: Checker, t: Named) -> TypeName:
    """Return the name of t; for an instance, in the form and at the place of its first use."""
    span = check.instance_spans.get(t)
    return t.obj if span is None else TypeName(check.type_str(t), t, span, t.obj.pkg)


def size_is_known(check: Checker, t: Type | None) -> bool:
    """Whether t is complete and finite and therefore has a size; if t is on a cycle, the cycle is reported."""
    while isinstance(t, Alias):
        if t.obj in check.path_index:
            report_cycle(check, check.path[check.path_index[t.obj] :])
            return False
        t = t.actual
    match t:
        case Array(elem=elem):
            return size_is_known(check, elem)
        case Struct(fields=fields):
            return all(size_is_known(check, f.type) for f in fields)
        case Named():
            if t in check.sized_types:
                return True
            if t.obj in check.path_index:
                report_cycle(check, check.path[check.path_index[t.obj] :])
                return False
            if (t.origin or t).underlying is INVALID or not _finite(check, t, [], []):
                return False
            with check.on_path(t.obj):
                known = size_is_known(check, under(t))
            if known:
                check.sized_types.add(t)
            return known
        case _:  # all other types have fixed sizes
            return True


def _finite_named(check: Checker, t: Named, nest: list[Named], path: list[Named]) -> bool:
    if t in check.valid_types or not is_valid(t):
        return True
    for e in nest:
        if identical(e, t):
            (t.origin or t).underlying = INVALID
            for start, p in enumerate(path):
                if identical(p, t):
                    report_cycle(check, [_placed(check, n) for n in path[start:]], 0)
                    break
            return False
    origin = t.origin or t
    if origin.obj.pkg is not check.pkg:
        return True
    if not _finite(check, origin.underlying, [*nest, t], [*path, t]):
        return False
    if t.origin is None and not t.type_params:
        check.valid_types.add(t)
    return True


def is_complete(check: Checker, t: Type) -> bool:
    """Whether the declaration of t is far enough along for t to be inspected; if not, the cycle is reported."""
    at: Type | None = t
    while isinstance(at, (Named, Alias)):
        if at.obj in check.path_index:
            report_cycle(check, check.path[check.path_index[at.obj] :])
            return False
        at = at.actual if isinstance(at, Alias) else at.underlying
    return True
