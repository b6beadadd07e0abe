"""Why something escapes: the path of flows from it to what outlives it, kept while solving.

The paths are gc's (`-m=2`): each step a flow `dst = &src`, with the expressions that made it. The first
reason found is kept. Rejected: searching for the shortest path afterwards; the graph no longer has the
edges of locations that escaped.
"""

from __future__ import annotations

from morestack.escape.graph import Edge, Location
from morestack.escape.result import EscapeResult, Reason, Step
from morestack.source.span import Span


def _name(loc: Location) -> str:
    if loc.fn is None:
        return loc.show()
    if loc.key is None:
        return "{temp}"
    if loc.result_index and loc.show() in ("", "_"):
        return f"~r{loc.result_index - 1}"
    return loc.show() if loc.is_var else f"{{storage for {loc.show()}}}"


def _step(dst: Location, src: Location, edge: Edge) -> Step:
    notes: list[tuple[Span, str, str]] = []
    note = edge.notes
    while note is not None:
        span = note.where.span
        notes.append((span, " ".join(span.text().split()), note.why))
        note = note.next
    return Step(_name(dst), _name(src), edge.derefs, notes)


def _path(root: Location, loc: Location) -> list[Step]:
    steps: list[Step] = []
    visited: set[Location] = set()
    while loc is not root and loc not in visited:
        visited.add(loc)
        dst, edge = loc.dst, loc.dst_edge
        if dst is None or edge is None:
            break
        steps.append(_step(dst, loc, edge))
        loc = dst
    return steps


def _record(
    result: EscapeResult, loc: Location, steps: list[Step], root: str, what: str, is_leak: bool = False
) -> None:
    if loc.key is None or loc.span is None:
        return
    told = result.reasons.get(loc.key)
    if told is not None and not told.is_leak:  # an escape says more than a leak
        return
    function = loc.fn.name if loc.fn is not None else ""
    result.reasons[loc.key] = Reason(loc.span, what, function, steps, root, is_leak)


def explain_path(result: EscapeResult, root: Location, loc: Location) -> None:
    """Keep how loc's address reaches root, which outlives it."""
    if loc.key is not None:
        _record(result, loc, _path(root, loc), _name(root), f"{loc.show()} escapes to heap")


def explain_leak(result: EscapeResult, root: Location, loc: Location, derefs: int) -> None:
    """Keep how a parameter's value, dereferenced derefs times, reaches root."""
    if loc.key is not None and loc.key not in result.reasons:
        what = f"parameter {loc.show()} leaks to {_name(root)} with derefs={derefs}"
        _record(result, loc, _path(root, loc), _name(root), what, is_leak=True)


def explain_flow(result: EscapeResult, loc: Location, dst: Location, edge: Edge) -> None:
    """Keep the single flow that made loc escape while the graph was built."""
    if loc.key is not None:
        _record(result, loc, [_step(dst, loc, edge)], _name(dst), f"{loc.show()} escapes to heap")


def sentences(reason: Reason) -> list[str]:
    """The reason in words, one flow a line, with the source lines that made it."""
    lines = [f"{reason.span}: {reason.what} in {reason.function}:"]
    for step in reason.steps:
        stars = "&" if step.derefs < 0 else "*" * step.derefs
        if step.derefs < 0:
            how = f"{step.dst} gets the address of {step.src}"
        elif step.derefs == 0:
            how = f"{step.dst} gets the value of {step.src}"
        else:
            how = f"{step.dst} gets {stars}{step.src}"
        lines.append(f"  {how}")
        lines.extend(f"    by {text} ({why}) at {span}" for span, text, why in step.notes)
    return lines
