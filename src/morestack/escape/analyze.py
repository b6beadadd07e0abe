"""Escape analysis of a package: batches bottom-up over the call graph, then decisions and messages.

Invariants the decisions keep: no pointer to a stack object is stored in the heap, and none outlives the
object. Whatever is undecidable goes to the heap.

Batches are the strongly connected components of the static call graph, callees first; a closure is in the batch of
the function around it. The order, and with it the order of messages, is gc's.
"""

from __future__ import annotations

from collections.abc import Iterator

from morestack.escape import typeinfo as ti
from morestack.escape.context import Batch, ImportedTags
from morestack.escape.devirt import devirtualize
from morestack.escape.flows.call import results_of, tuple_of
from morestack.escape.flows.dispatch import SYNTAX
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import ESCAPES, MUTATES, Fn, Hole, Location
from morestack.escape.leaks import describe, optimize, to_heap
from morestack.escape.program import Program
from morestack.escape.result import EscapeResult, Leaks, Message, Site
from morestack.escape.scan import scan
from morestack.escape.solve import solve
from morestack.escape.text import Texts
from morestack.syntax import nodes as ast
from morestack.syntax.convert import deep_recursion
from morestack.syntax.nodes import unparen
from morestack.types.core.info import CheckedPackage, Mode
from morestack.types.core.objects import Func, Var
from morestack.types.core.types import Kind


def _unknown(_: Func) -> list[Leaks | None] | None:
    return None


def analyze(pkg: CheckedPackage, imported: ImportedTags = _unknown) -> EscapeResult:
    """Decide stack or heap for every variable and allocation of a checked package."""
    result = EscapeResult()
    program = scan(pkg)
    for fn, captures in program.captures.items():
        if isinstance(fn.node, ast.Range):
            result.range_captures[fn.node] = tuple(captures)
    texts = Texts(program, pkg.pkg)
    with deep_recursion():
        order = batches(program)
        targets = devirtualize(program, texts, order, result)
        for fns in order:
            _Analysis(Batch(program, result, texts, imported, fns, targets)).run()
    return result


def batches(program: Program) -> list[list[Fn]]:
    """Tarjan's components, callees first; a closure never is the root of one."""
    ids: dict[Fn, int] = {}
    done = 1 << 60
    counter = 0
    stack: list[Fn] = []
    result: list[list[Fn]] = []
    # frames: function, its id, least id reached, what is left to visit
    frames: list[tuple[Fn, int, list[int], Iterator[Fn | Func]]] = []

    def enter(fn: Fn) -> None:
        nonlocal counter
        counter += 2
        ids[fn] = counter - 1
        stack.append(fn)
        frames.append((fn, counter - 1, [counter], iter(program.refers[fn])))

    for root in program.fns:
        if root in ids:
            continue
        enter(root)
        while frames:
            fn, ident, least, rest = frames[-1]
            for ref in rest:
                callee = program.by_func.get(ref) if isinstance(ref, Func) else ref
                if callee is None:
                    continue
                if callee not in ids:
                    enter(callee)
                    break
                least[0] = min(least[0], ids[callee])
            else:
                frames.pop()
                low = least[0]
                if not fn.is_closure and low in (ident, ident + 1):
                    at = stack.index(fn)
                    component = stack[at:]
                    del stack[at:]
                    for member in component:
                        ids[member] = done
                    result.append(component)
                if frames:
                    parent = frames[-1][2]
                    parent[0] = min(parent[0], low)
    return result


class _Analysis:
    """One batch, from syntax to decisions."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.graph = batch.graph

    def run(self) -> None:
        for fn in self.batch.fns:
            self.declare(fn)
        for fn in self.batch.fns:
            if fn.node is None:
                self.globals()
            elif not fn.is_closure:
                FlowBuilder(self.batch, fn, SYNTAX).body(fn)
        for hole, node, fn in self.batch.closures:
            self.capture(hole, node, fn)
        for loc in self.graph.locations:
            if loc.must_heap:
                self.graph.flow(Hole(self.graph.heap, -1, None, True), loc)
        solve(self.graph, self.batch.result)
        self.finish()

    def declare(self, fn: Fn) -> None:
        """Give the variables of a function their locations."""
        for v in fn.params:
            self.batch.declare(v, fn).param = True
        for i, v in enumerate(fn.results):
            self.batch.declare(v, fn).result_index = i + 1
        for v in fn.locals:
            self.batch.declare(v, fn)

    def globals(self) -> None:
        """The package's variables are initialized by a function of their own; they all are on the heap."""
        program = self.batch.program
        builder = FlowBuilder(self.batch, self.batch.fns[0], SYNTAX)
        for lhs, rhs in program.globals_init:
            if len(lhs) == 1:
                blank = lhs[0].name == "_"
                builder.convert(builder.discard_hole() if blank else builder.heap(), rhs, lhs[0].type)
            else:
                t = tuple_of(builder.type_of(rhs), len(lhs))
                for v, result in zip(lhs, results_of(builder, rhs, t, rhs), strict=False):
                    builder.operand(builder.heap(), result, v.type)

    def capture(self, hole: Hole, node: ast.Node, fn: Fn) -> None:
        """Let captured variables flow into the closure, by value where that cannot be told apart."""
        for v in self.batch.program.captures.get(fn, ()):
            loc = self.graph.vars.get(v)
            if loc is None:
                continue
            k = hole
            if not loc.addrtaken and not loc.reassigned and ti.fits_by_value(v.type):
                self.batch.result.by_value.add(v)
            else:
                k = k.addr(node, "reference")
            self.graph.flow(k.note(node, "captured by a closure"), loc)

    # -- results -----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Decide, tag and report."""
        result = self.batch.result
        # gc analyses the closure of a `go` or `defer` without operands as a function of its own, before this one
        apart = [loc for loc in self.graph.locations if loc.fn is not None and loc.fn.is_bare_wrapper]
        for loc in apart:
            self.decide(loc)
        for fn in self.batch.fns:
            fn.tags = [self.tag(fn, v, i) for i, v in enumerate(fn.params)]
            if fn.func is not None:
                result.params[fn.func] = [None if t.heap == 0 else t for t in fn.tags]
        for loc in self.graph.locations:
            if loc.fn is None or not loc.fn.is_bare_wrapper:
                self.decide(loc)
        for closure, loc in self.batch.wrappers:
            if closure.attrs & ESCAPES and isinstance(loc.key, tuple):
                self.record(loc.key, True)

    def tag(self, fn: Fn, v: Var, index: int) -> Leaks:
        """The tag of a parameter; reports it too."""
        if fn.body is None:
            return self.external_tag(fn, v, index)
        if not ti.has_pointers(v.type) or v.name in ("", "_"):
            return Leaks()
        loc = self.graph.vars[v]
        optimize(loc.leaks)
        if not loc.attrs & ESCAPES and v.span is not None and not fn.outermost().is_generic:
            texts = describe(loc.leaks, v.name, self.result_names(fn))
            for text in texts:
                self.batch.warn(v.span, text)
            if not texts:
                self.batch.warn(v.span, f"{v.name} does not escape", stays=True)
        return loc.leaks

    def external_tag(self, fn: Fn, v: Var, index: int) -> Leaks:
        """A function without a body may do anything, unless `//go:noescape` says it does not."""
        named = v.name != ""
        if ti.is_kind(v.type, Kind.UINTPTR):
            if v.span is not None:
                self.batch.warn(v.span, f"assuming {v.name if named else f'arg#{index + 1}'} is unsafe uintptr")
            return Leaks()
        if not ti.has_pointers(v.type):
            return Leaks()
        noescape = "go:noescape" in fn.pragmas
        if named and v.span is not None:
            self.batch.warn(v.span, f"{v.name} does not escape" if noescape else f"leaking param: {v.name}", noescape)
        return Leaks(mutator=0, callee=0) if noescape else to_heap()

    def result_names(self, fn: Fn) -> list[str]:
        """The names of results, as messages print them."""
        return [v.name if v.name not in ("", "_") else f"~r{i}" for i, v in enumerate(fn.results)]

    def decide(self, loc: Location) -> None:
        """Record and report whether one location escapes."""
        result = self.batch.result
        escapes = bool(loc.attrs & ESCAPES)
        key = loc.key
        if isinstance(key, Var):
            (result.heap_vars if escapes else result.stack_vars).add(key)
            if escapes:
                self.report(loc, f"moved to heap: {loc.show()}")
        elif key is not None:
            self.record(key, escapes)
            if loc.is_temp:
                if escapes:
                    self.report(loc, f"moved to heap: {loc.show()}")
            elif not loc.silent and not self.is_static_data(loc, key):
                self.report_fate(loc, escapes)
            if self.is_string_to_bytes(key) and not loc.attrs & MUTATES:
                result.zero_copy.add(key[0])
                self.report(loc, "zero-copy string->[]byte conversion")
        elif not loc.silent:
            self.report_fate(loc, escapes)

    def record(self, key: tuple[ast.Node, Site], escapes: bool) -> None:
        """Keep a site's decision, under the operand's own node too if it is in parentheses."""
        result = self.batch.result
        node, site = key
        while True:
            if escapes:
                result.stack_sites.discard((node, site))
                result.heap_sites.add((node, site))
            else:
                result.stack_sites.add((node, site))
            if not isinstance(node, ast.Paren):
                return
            node = node.x

    def is_string_to_bytes(self, key: tuple[ast.Node, Site]) -> bool:
        """Is it `[]byte(s)`? If nothing writes to the bytes, they can be the string's own."""
        node = key[0]
        if not isinstance(node, ast.Call) or key[1] is not Site.VALUE or len(node.args) != 1:
            return False
        info = self.batch.program.info
        fun, arg, whole = info.types.get(unparen(node.fun)), info.types.get(node.args[0]), info.types.get(node)
        if fun is None or fun.mode is not Mode.TYPE or arg is None or whole is None:
            return False
        return ti.is_string(arg.type) and ti.is_kind(ti.element(whole.type), Kind.UINT8)

    def report_fate(self, loc: Location, escapes: bool) -> None:
        """Report whether a location escapes."""
        self.report(loc, f"{loc.show()} {'escapes to heap' if escapes else 'does not escape'}", not escapes)

    def report(self, loc: Location, text: str, stays: bool = False) -> None:
        """Add a message, unless the function is not compiled."""
        if loc.span is not None and not (loc.fn is not None and loc.fn.outermost().is_unused):
            self.batch.result.messages.append(Message(loc.span, text, stays))

    def is_static_data(self, loc: Location, key: tuple[ast.Node, Site]) -> bool:
        """Does gc lay this value of a package variable out at compile time, and so report nothing?"""
        if loc.fn is None or loc.fn.node is not None:
            return False
        return key[1] is not Site.VARIADIC and key[0] in self.batch.program.static
