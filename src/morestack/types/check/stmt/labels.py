"""Labels and branches: the targets of break, continue, goto and fallthrough.

gc reports errors in labels while parsing, before it checks types. `check_labels` therefore runs first, over all
function bodies, and fills `info.branch_targets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from morestack.source.codes import Code
from morestack.source.span import Span
from morestack.syntax import nodes as ast
from morestack.syntax.format import expr_string
from morestack.types.check.checker import Checker
from morestack.types.core.objects import Label

_Loop = ast.For | ast.Range
_Breakable = ast.For | ast.Range | ast.Switch | ast.TypeSwitch | ast.Select


@dataclass(eq=False, slots=True)
class _Block:
    """A block, the labels declared in it, and the labeled statement whose body it is."""

    parent: _Block | None
    start: Span
    labeled: ast.Labeled | None


@dataclass(frozen=True, slots=True)
class _Targets:
    """The targets of unlabeled branches. `case` is the clause of the innermost switch, -1 outside one."""

    breaks: _Breakable | None = None
    continues: _Loop | None = None
    case: int = -1


@dataclass(eq=False, slots=True)
class _Known:
    """A declared label and the block it is declared in."""

    label: Label
    block: _Block
    stmt: ast.Labeled


@dataclass(eq=False, slots=True)
class _Labels:
    """The labels of one function."""

    check: Checker
    known: dict[str, _Known] = field(default_factory=dict)

    def error(self, span: Span, message: str) -> None:
        self.check.error(span, Code.BRANCH, message)


def check_labels(check: Checker) -> None:
    """Check the branches of all functions that have any; an outer function comes before its function literals."""
    for file in check.files:
        for body in sorted(file.branching, key=lambda b: b.span.start):
            _check_function(check, body)


def _check_function(check: Checker, body: ast.Block) -> None:
    labels = _Labels(check)
    for jump in _block(labels, None, _Targets(), None, body.span, body.stmts):
        name = jump.label
        if name is None:
            continue
        known = labels.known.get(name.text)
        if known is None:
            labels.error(name.span, f"label {name.text} not defined")
        else:
            known.label.used = True
            labels.error(name.span, f"goto {name.text} jumps into block starting at {known.block.start}")
    for known in labels.known.values():
        if not known.label.used and known.label.span is not None:
            labels.error(known.label.span, f"label {known.label.name} defined and not used")


def _declare(labels: _Labels, b: _Block, s: ast.Labeled) -> None:
    name = s.label.text
    other = labels.known.get(name)
    if other is not None:
        labels.error(s.label.span, f"label {name} already defined at {other.label.span}")
        return
    label = Label(name, s.label.span, s)
    labels.known[name] = _Known(label, b, s)
    labels.check.info.defs[s.label] = label


def _encloses(block: _Block, b: _Block | None) -> bool:
    while b is not None:
        if b is block:
            return True
        b = b.parent
    return False


def _use(labels: _Labels, name: ast.Name) -> _Known | None:
    known = labels.known.get(name.text)
    if known is not None:
        known.label.used = True
        labels.check.info.uses[name] = known.label
    return known


def _innermost(s: ast.Stmt) -> ast.Stmt:
    while isinstance(s, ast.Labeled):
        s = s.stmt
    return s


@dataclass(eq=False, slots=True)
class _Walk:
    """The state of the walk over one block: its forward gotos, and those that jump over a variable declaration."""

    forward: list[ast.Branch] = field(default_factory=list)
    over_variable: list[ast.Branch] = field(default_factory=list)
    variable: str = ""
    variable_at: Span | None = None

    def declare_variable(self, name: str, at: Span) -> None:
        self.variable, self.variable_at = name, at
        self.over_variable = list(self.forward)


def _block(
    labels: _Labels,
    parent: _Block | None,
    targets: _Targets,
    labeled: ast.Labeled | None,
    start: Span,
    body: Sequence[ast.Stmt],
) -> list[ast.Branch]:
    """Check the statements of a block; return the gotos whose labels have not been seen yet."""
    b = _Block(parent, start.at(start.start), labeled)
    state = _Walk()
    stmts = list(body)
    while stmts and isinstance(stmts[-1], ast.Empty):
        stmts.pop()
    for number, s in enumerate(stmts):
        inner_label: ast.Labeled | None = None
        while isinstance(s, ast.Labeled):
            if s.label.text != "_":
                _declare(labels, b, s)
                _resolve_forward(labels, state, s)
                inner_label = s
            s = s.stmt
        _stmt(labels, b, targets, inner_label, s, number + 1 == len(stmts), state)
    return state.forward


def _resolve_forward(labels: _Labels, state: _Walk, s: ast.Labeled) -> None:
    remaining: list[ast.Branch] = []
    for jump in state.forward:
        if jump.label is None or jump.label.text != s.label.text:
            remaining.append(jump)
            continue
        _use(labels, jump.label)
        labels.check.info.branch_targets[jump] = s
        if jump in state.over_variable:
            where = f"declaration of {state.variable} at {state.variable_at}"
            labels.error(jump.label.span, f"goto {s.label.text} jumps over {where}")
    state.forward = remaining


def _stmt(
    labels: _Labels,
    b: _Block,
    targets: _Targets,
    labeled: ast.Labeled | None,
    s: ast.Stmt,
    is_last: bool,
    state: _Walk,
) -> None:
    def inner(to: _Targets, start: Span, body: Sequence[ast.Stmt]) -> None:
        state.forward += _block(labels, b, to, labeled, start, body)

    plain = _Targets(targets.breaks, targets.continues)
    match s:
        case ast.DeclStmt(decls=decls):
            for d in decls:
                if isinstance(d, ast.VarDecl):
                    state.declare_variable(d.names[0].text, d.span.at(d.span.start))
                    break
        case ast.Define(lhs=lhs, op_pos=op_pos):
            name = ", ".join(expr_string(e) for e in lhs)
            state.declare_variable(name, s.span.at(op_pos))
        case ast.Branch():
            _branch(labels, b, targets, s, is_last, state)
        case ast.Block(stmts=stmts):
            inner(plain, s.span, stmts)
        case ast.If(then=then, els=els):
            inner(plain, then.span, then.stmts)
            if els is not None:
                inner(plain, els.span, [els])
        case ast.For(body=body) | ast.Range(body=body):
            inner(_Targets(s, s), body.span, body.stmts)
        case ast.Switch(clauses=clauses) | ast.TypeSwitch(clauses=clauses):
            for number, c in enumerate(clauses):
                inner(_Targets(s, targets.continues, number), c.span, c.body)
        case ast.Select(clauses=comms):
            for comm in comms:
                inner(_Targets(s, targets.continues), comm.span, comm.body)
        case _:  # other statements contain no branches of this function
            pass


def _branch(labels: _Labels, b: _Block, targets: _Targets, s: ast.Branch, is_last: bool, state: _Walk) -> None:
    if s.label is None:
        _unlabeled(labels, targets, s, is_last)
        return
    name = s.label
    if s.kind is ast.BranchKind.GOTO:
        known = _use(labels, name)
        if known is not None and _encloses(known.block, b):
            labels.check.info.branch_targets[s] = known.stmt
        else:
            state.forward.append(s)
        return
    word = s.kind.value
    known = _use(labels, name)
    if known is None:
        labels.error(name.span, f"{word} label not defined: {name.text}")
        return
    at: _Block | None = b
    while at is not None and at.labeled is not known.stmt:
        at = at.parent
    target = _innermost(known.stmt) if at is not None else None
    allowed = _Breakable if s.kind is ast.BranchKind.BREAK else _Loop
    if target is None or not isinstance(target, allowed):
        labels.error(name.span, f"invalid {word} label {name.text}")
    else:
        labels.check.info.branch_targets[s] = target


def _unlabeled(labels: _Labels, targets: _Targets, s: ast.Branch, is_last: bool) -> None:
    found: ast.Stmt | None = None
    message = ""
    if s.kind is ast.BranchKind.BREAK:
        found, message = targets.breaks, "break is not in a loop, switch, or select"
    elif s.kind is ast.BranchKind.CONTINUE:
        found, message = targets.continues, "continue is not in a loop"
    elif s.kind is ast.BranchKind.FALLTHROUGH:
        message = "fallthrough statement out of place"
        switch = targets.breaks
        if isinstance(switch, ast.TypeSwitch):
            message = "cannot fallthrough in type switch"
        elif isinstance(switch, ast.Switch) and targets.case >= 0 and is_last:
            if targets.case + 1 < len(switch.clauses):
                return
            message = "cannot fallthrough final case in switch"
    if found is not None:
        labels.check.info.branch_targets[s] = found
    elif message:
        labels.error(s.span, message)
