"""Which loops are counted, and which get a check on their back edge."""

from __future__ import annotations

import re

import pytest

from morestack.ir.loops import back_edges, is_counted
from morestack.ir.module import Function
from morestack.ir.parse import parse_module
from morestack.opt.leaves import find_leaves
from morestack.opt.loop_checks import with_checks

COUNTED = {
    "up": "%3:bool = slt %1.i, %0.n\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = add %1.i, i64 1\n  jump -> b1",
    "down": "%3:bool = sle i64 0, %1.i\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = sub %1.i, i64 2\n  jump -> b1",
    "by a copy": "%3:bool = ne %1.i, %0.n\n  branch %3 -> b2, b3\nb2:\n  %4:i64 = add %1.i, i64 1\n"
    "  %1.i:i64 = copy %4\n  jump -> b1",
    "a limit computed each round": "%5:i64 = shl %0.n, i64 1\n  %3:bool = slt %1.i, %5\n  branch %3 -> b2, b3\nb2:\n"
    "  %1.i:i64 = add %1.i, i64 1\n  jump -> b1",
}
OPEN = {
    "halved": "%3:bool = ne %1.i, i64 0\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = ashr %1.i, i64 1\n  jump -> b1",
    "a limit that changes": "%3:bool = slt %1.i, %0.n\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = add %1.i, i64 1\n"
    "  %0.n:i64 = add %0.n, i64 1\n  jump -> b1",
    "no way out": "%1.i:i64 = add %1.i, i64 1\n  jump -> b1",
    "a step of nothing": "%3:bool = slt %1.i, %0.n\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = add %1.i, i64 0\n"
    "  jump -> b1",
    "a test that a round may miss": "%3:bool = slt %0.n, i64 5\n  branch %3 -> b4, b2\nb4:\n"
    "  %6:bool = slt %1.i, i64 9\n  branch %6 -> b2, b3\nb2:\n  %1.i:i64 = add %1.i, i64 1\n  jump -> b1",
}


def loop(name: str, body: str) -> str:
    """A function over %0.n and %1.i; other registers may have any single digit."""
    numbers = {d: str(k) for k, d in enumerate(dict.fromkeys(re.findall(r"%([2-9])", body)), 2)}
    body = re.sub(r"%([2-9])", lambda m: "%" + numbers[m[1]], body)
    head = f"func @{name}(%0.n:i64) () {{\nb0:\n  %1.i:i64 = copy i64 0\n  jump -> b1"
    return f"{head}\nb1:\n  {body}\nb3:\n  return\n}}\n"


def with_round(instr: str) -> str:
    """A counted loop with an instruction in it."""
    return COUNTED["up"].replace("b2:\n", f"b2:\n  {instr}\n")


def function(body: str) -> Function:
    return parse_module('module "main"\n' + loop("main.f", body)).functions["main.f"]


def checks(f: Function) -> int:
    out = with_checks(f, lambda name: name == "main.checks", lambda name: name == "main.allocates")
    return sum(i.aux == "preempt" for b in out.blocks for i in b.instrs)


@pytest.mark.parametrize("name", COUNTED)
def test_counted(name: str) -> None:
    f = function(COUNTED[name])
    (loop,) = back_edges(f)
    assert is_counted(loop)
    assert with_checks(f, lambda _: False, lambda _: False) is f


@pytest.mark.parametrize("name", OPEN)
def test_not_counted(name: str) -> None:
    f = function(OPEN[name])
    (loop,) = back_edges(f)
    assert not is_counted(loop)
    before = [list(b.instrs) for b in f.blocks]
    assert checks(f) == 1
    assert [b.instrs for b in f.blocks] == before, "the input was changed"


@pytest.mark.parametrize(
    ("instr", "count"),
    [
        ("%9:ptr = rt[newobject] nil", 1),
        ("call[@main.allocates]", 1),
        ("call[@main.harmless]", 0),
        ("call[@main.checks]", 0),
        ("%9:ptr = copy nil\n  callclosure[() ()] %9", 1),
        ("rt[printnl]", 0),
    ],
)
def test_counted_loops_that_may_allocate_have_a_check(instr: str, count: int) -> None:
    assert checks(function(with_round(instr))) == count


def test_a_round_that_may_miss_the_call_has_a_check() -> None:
    body = (
        "%3:bool = ne %1.i, %0.n\n  branch %3 -> b2, b3\nb2:\n  %1.i:i64 = ashr %1.i, i64 1\n"
        "  %4:bool = slt %1.i, i64 3\n  branch %4 -> b4, b1\nb4:\n  call[@main.checks]\n  jump -> b1"
    )
    assert checks(function(body)) == 1
    assert checks(function(body.replace("b4, b1", "b4, b4"))) == 0


def test_leaves_do_not_allocate_in_loops() -> None:
    module = parse_module(
        'module "main"\nfunc @main.one() () {\nb0:\n  %0:ptr = rt[newobject] nil\n  return\n}\n'
        + loop("main.many", with_round("%9:ptr = rt[newobject] nil"))
        + loop("main.outer", with_round("call[@main.one]"))
        + loop("main.plain", with_round("rt[printnl]"))
        + "func @main.main() () {\nb0:\n  call[@main.one]\n  call[@main.many] i64 1\n  call[@main.outer] i64 1\n"
        "  call[@main.plain] i64 1\n  return\n}\n"
    )
    leaves = {name: f.leaf for name, f in find_leaves(module).functions.items() if f.leaf is not None}
    assert set(leaves) == {"main.one", "main.plain"}
    assert leaves["main.one"].allocates and not leaves["main.plain"].allocates
