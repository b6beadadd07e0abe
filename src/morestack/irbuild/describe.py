"""Keeps the descriptors of a type the same in every module that has one, by listing all its methods.

Each module that needs a descriptor contains it, and the linker keeps one of the copies. A type that several packages
can describe therefore lists its methods in all of them, whether or not this package converts it to an interface.
Types that only main can name are left alone. Rejected: emitting descriptors of defined types only in their own
package, as gc does, because a package would have to be compiled again for the types that other packages derive from
its types.
"""

from __future__ import annotations

from collections.abc import Iterator

from morestack.ir.representation import interface_methods, ir_type, is_interface, under
from morestack.irbuild.module import ModuleBuilder
from morestack.types.core.objects import Func
from morestack.types.core.types import Array, Chan, Interface, Map, Named, Pointer, Signature, Slice, Struct, Type
from morestack.types.core.under import signature_of, unalias
from morestack.types.relation.lookup import method_set

MAP_INLINE = 128
"""Map keys and elements larger than this are stored behind pointers."""


def describe_imported(mod: ModuleBuilder) -> bool:
    """List the methods of every type described here that other packages may also describe; return whether any were
    added."""
    main = mod.pkg.name == "main"
    if main and all(p.path == "unsafe" for p in mod.pkg.imports):
        return False
    before = len(mod.module.methods)
    seen: set[str] = set()
    work: list[Type] = list(mod.module.go_types.values())
    for concrete, iface in mod.module.itabs.values():
        work += concrete, iface
    while work:
        t = unalias(work.pop())
        name = mod.link_string(t)
        if name in seen:
            continue
        seen.add(name)
        work.extend(_parts(t))
        if is_interface(t) or (main and _is_mains(mod, t)) or not method_set(t):
            continue
        mod.dynamic_type(t)
        work.extend(m.type for m in mod.module.methods.get("type." + name, ()))
    return len(mod.module.methods) > before


def _is_mains(mod: ModuleBuilder, t: Type) -> bool:
    """Whether t is a type defined by main, or a pointer to one."""
    if isinstance(t, Pointer):
        t = unalias(t.elem)
    return isinstance(t, Named) and t.obj.pkg is mod.pkg


def _parts(t: Type) -> Iterator[Type]:
    """Yield the types that the descriptor of t refers to."""
    match under(t):
        case Array(elem=elem):
            yield elem
            yield Slice(elem)
        case Chan(elem=elem) | Pointer(elem=elem) | Slice(elem=elem):
            yield elem
        case Map(key=key, elem=elem):
            for part in (key, elem):
                yield part
                if ir_type(part).size > MAP_INLINE:
                    yield Pointer(part)
        case Signature(params=params, results=results):
            yield from (v.type for v in (*params.vars, *results.vars) if v.type is not None)
        case Interface() as u:
            yield from (_plain(m) for m in interface_methods(u))
        case Struct(fields=fields):
            yield from (f.type for f in fields if f.type is not None)
        case _:
            pass


def _plain(m: Func) -> Signature:
    s = signature_of(m)
    return Signature(s.params, s.results, s.variadic)
