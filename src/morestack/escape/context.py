"""What a batch of mutually recursive functions shares while its graph is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from morestack.escape import typeinfo as ti
from morestack.escape.devirt import Target
from morestack.escape.graph import Fn, Graph, Hole, Location
from morestack.escape.program import Program
from morestack.escape.result import EscapeResult, Leaks, Message
from morestack.escape.text import Texts
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.types.core.objects import Func, Var

ImportedTags = Callable[[Func], "list[Leaks | None] | None"]
"""The tags of a function of another package; None if it is not known."""


@dataclass(slots=True, eq=False)
class Batch:
    """One strongly connected component of the call graph, with its closures."""

    program: Program
    result: EscapeResult
    texts: Texts
    imported: ImportedTags
    fns: list[Fn]
    targets: dict[ast.Call, Target]
    """Interface calls that are static."""
    graph: Graph = field(default_factory=Graph)
    closures: list[tuple[Hole, ast.Node, Fn]] = field(default_factory=list)
    terminating: dict[ast.Stmt, bool] = field(default_factory=dict)
    """Blocks and ifs known to end, or not to end, in a terminating statement."""
    wrappers: list[tuple[Location, Location]] = field(default_factory=list)
    """(the closure of a go or defer, storage its arguments need)."""
    wrapper_sites: dict[Fn, list[Location]] = field(default_factory=dict)

    def declare(self, v: Var, fn: Fn, loop_depth: int = 1) -> Location:
        """Give a variable its location."""
        loc = self.graph.new(fn, loop_depth, persists=True)
        loc.key = v
        loc.text = v.name
        loc.span = self.program.spans.get(v, v.span)
        self.graph.vars[v] = loc
        if not v.is_param and not v.is_result and ti.size(v.type) > ti.MAX_STACK_VAR_SIZE:
            loc.must_heap = "too large for stack"
        return loc

    def warn(self, span: Span, text: str, stays: bool = False) -> None:
        """Report; `stays`: that something does not escape."""
        self.result.messages.append(Message(span, text, stays))
