"""Instantiation cycles: generic code that would need infinitely many, ever larger type arguments.

The graph has a vertex for each type parameter and for each local type of a generic function, which is implicitly
parameterized by the function's type parameters. An edge from P to Q says that Q is instantiated with a type that
mentions P; its weight is 1 if that type is larger than P itself, else 0. A path as long as the graph contains a cycle
of positive weight: each round makes the type argument larger. The idea is that of go/types (Bellman-Ford for the
heaviest paths); here the edges come from the instances recorded during checking.
"""

from __future__ import annotations

from dataclasses import dataclass

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.types.check.checker import Checker
from morestack.types.core.info import Info
from morestack.types.core.objects import Func, Package, TypeName
from morestack.types.core.types import Named, Type, TypeParam
from morestack.types.core.under import as_named, components, deref, signature_of, unalias
from morestack.types.identity.typestring import relative_to, type_string


@dataclass(slots=True)
class _Vertex:
    obj: TypeName
    weight: int = 0
    previous: int = -1  # the last edge of the heaviest path here
    length: int = 0


@dataclass(frozen=True, slots=True)
class _Edge:
    target: int
    source: int
    weight: int
    span: Span | None
    type: Type


class _Graph:
    def __init__(self, pkg: Package) -> None:
        self.pkg = pkg
        self.vertices: list[_Vertex] = []
        self.edges: list[_Edge] = []
        self.numbers: dict[TypeName, int] = {}
        self.canonical: dict[TypeParam, TypeParam] = {}
        """From the receiver parameters of a method to the type parameters of the receiver's type."""
        self.plain: set[Type] = set()
        """Types that are known to mention neither type parameters nor local types."""

    def vertex(self, obj: TypeName) -> int:
        number = self.numbers.setdefault(obj, len(self.vertices))
        if number == len(self.vertices):
            self.vertices.append(_Vertex(obj))
        return number

    def param(self, p: TypeParam) -> int:
        return self.vertex(self.canonical.get(p, p).obj)

    def local(self, t: Named) -> int | None:
        """Return the vertex of a local type that depends on the type parameters around it."""
        origin = t.origin or t
        if not origin.outer_params:
            return None
        known = origin.obj in self.numbers
        number = self.vertex(origin.obj)
        if not known:
            for p in origin.outer_params:
                self.edges.append(_Edge(number, self.param(p), 1, origin.obj.span, p))
        return number

    def assign(self, p: TypeParam, arg: Type, span: Span) -> None:
        """Note that p is instantiated as arg."""
        if p.obj.pkg is not self.pkg:
            return  # a cycle lies within one package: type arguments are never generic
        pending: list[Type | None] = [arg]
        seen: set[Type] = set()
        edges = len(self.edges)
        while pending:
            t = pending.pop()
            if t is None or t in seen or t in self.plain:
                continue
            seen.add(t)
            t = unalias(t)
            source: int | None = None
            if isinstance(t, TypeParam):
                source = self.param(t)
            elif isinstance(t, Named):
                source = self.local(t)
                pending.extend(t.type_args)
            else:
                pending.extend(components(t))
            if source is not None:
                self.edges.append(_Edge(self.param(p), source, 0 if t is arg else 1, span, arg))
        if len(self.edges) == edges:
            self.plain |= seen

    def heavy_cycle(self) -> list[_Edge] | None:
        """Return the edges of a cycle of positive weight in reverse order, or None if no such cycle exists."""
        changed = True
        while changed:
            changed = False
            for number, edge in enumerate(self.edges):
                source, target = self.vertices[edge.source], self.vertices[edge.target]
                if source.weight + edge.weight <= target.weight:
                    continue
                target.previous = number
                target.length = source.length + 1
                if target.length == len(self.vertices):
                    return self._walk_back(edge.target)
                target.weight = source.weight + edge.weight
                changed = True
        return None

    def _walk_back(self, at: int) -> list[_Edge]:
        path: list[int] = []
        while at not in path:
            path.append(at)
            at = self.edges[self.vertices[at].previous].source
        return [self.edges[self.vertices[v].previous] for v in path[path.index(at) :]]


def check_instantiations(check: Checker) -> None:
    """Report an instantiation cycle; `local_types` must have run.

    This check is skipped after other errors: no code is generated for instances that violate their constraints.
    """
    if check.diagnostics:
        return
    found = find_instantiation_cycle(check.pkg, check.info)
    if found is not None and found[0].span is not None:
        _, steps = found
        notes = [f"{span}: {text}" for span, text in steps]
        check.error(found[0].span, Code.INVALID_INSTANCE_CYCLE, "instantiation cycle:", *notes)


def find_instantiation_cycle(pkg: Package, info: Info) -> tuple[TypeName, list[tuple[Span | None, str]]] | None:
    """Return the type parameter or local type where a cycle is reported, and the steps of the cycle."""
    if not info.instances:
        return None
    graph = _Graph(pkg)
    for sig in info.signatures.values():
        if sig.recv_type_params and sig.recv is not None and sig.recv.type is not None:
            receiver = as_named(deref(sig.recv.type)[0])
            if receiver is not None and receiver.origin is not None:
                graph.canonical.update(zip(sig.recv_type_params, receiver.origin.type_params, strict=False))
    for name, instance in info.instances.items():
        for p, arg in zip(_params(info, name, instance.type), instance.type_args, strict=False):
            graph.assign(p, arg, name.span)
    cycle = graph.heavy_cycle()
    if cycle is None:
        return None
    notes: list[tuple[Span | None, str]] = []
    for edge in cycle:
        obj = graph.vertices[edge.target].obj
        verb = "instantiated as" if isinstance(obj.type, TypeParam) else "implicitly parameterized by"
        notes.append((edge.span, f"{obj.name} {verb} {type_string(edge.type, relative_to(pkg))}"))
    return graph.vertices[cycle[0].target].obj, notes


def _params(info: Info, name: ast.Name, result: Type) -> tuple[TypeParam, ...]:
    if isinstance(result, Named) and result.origin is not None:
        return result.origin.type_params
    obj = info.uses.get(name)
    return signature_of(obj).type_params if isinstance(obj, Func) else ()
