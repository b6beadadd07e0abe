"""Operators: addresses, comparisons, concatenations; the rest only for what its operands do."""

from __future__ import annotations

from morestack.escape import typeinfo as ti
from morestack.escape.flows.literal import composite, pointer_site
from morestack.escape.flows.state import FlowBuilder
from morestack.escape.graph import Hole
from morestack.syntax import nodes as ast
from morestack.syntax.nodes import BinaryOp, unparen

_COMPARISONS = {BinaryOp.EQL, BinaryOp.NEQ, BinaryOp.LSS, BinaryOp.LEQ, BinaryOp.GTR, BinaryOp.GEQ}


def address(fb: FlowBuilder, k: Hole, n: ast.Unary, x: ast.Expr) -> None:
    """Evaluate `&x` into k."""
    if not isinstance(x, ast.CompositeLit):
        fb.expr(k.addr(n, "address-of"), x)
        return
    loc = pointer_site(fb, k, n, x)
    composite(fb, loc, x)


def binary(fb: FlowBuilder, k: Hole, n: ast.Binary) -> None:
    """Evaluate a binary operation: only concatenations allocate."""
    if n.op is BinaryOp.ADD and ti.is_string(fb.type_of(n)):
        fb.spill(k, n)
        concatenated(fb, n)
        return
    if n.op in _COMPARISONS:
        comparison(fb, n)
        return
    # a chain of a thousand operators leans left: walk down it in a loop
    operands = [n.y]
    left: ast.Expr = n.x
    while True:
        left = unparen(left)
        if not isinstance(left, ast.Binary) or left.op in _COMPARISONS or fb.is_constant(left):
            break
        if ti.is_string(fb.type_of(left)):
            break
        operands.append(left.y)
        left = left.x
    fb.discard(left)
    for y in reversed(operands):
        fb.discard(y)


def concatenated(fb: FlowBuilder, n: ast.Binary) -> None:
    """Visit the operands of a chain of string additions; they never escape through it."""
    operands: list[ast.Expr] = []
    stack: list[ast.Expr] = [n]
    while stack:
        x = unparen(stack.pop())
        if isinstance(x, ast.Binary) and x.op is BinaryOp.ADD and not fb.is_constant(x):
            stack.append(x.y)
            stack.append(x.x)
        else:
            operands.append(x)
    for x in operands:
        fb.discard(x)


def comparison(fb: FlowBuilder, n: ast.Binary) -> None:
    """Both operands become the interface type if one is an interface."""
    xt, yt = fb.type_of(n.x), fb.type_of(n.y)
    common = xt if ti.is_interface(xt) and not fb.is_nil(n.x) and not fb.is_constant(n.x) else None
    if common is None and ti.is_interface(yt) and not fb.is_nil(n.y) and not fb.is_constant(n.y):
        common = yt
    fb.convert(fb.discard_hole(), n.x, common)
    fb.convert(fb.discard_hole(), n.y, common)
