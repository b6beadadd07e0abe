"""Which frame objects a function reads again, at each suspension."""

from __future__ import annotations

import pytest

from morestack.codegen.frame.layout import plan
from morestack.codegen.frame.objects import LAST_BIT, mask_bits
from morestack.ir.module import Object
from morestack.ir.parse import parse_module
from morestack.ir.types import PTR

CALL = "call[@main.g]"
CASES = {
    "read after the first call": (f"{CALL}\n  %1:ptr = load %0\n  {CALL}", [1, 0]),
    "written whole before it is read": (f"{CALL}\n  store %0, ptr 0\n  {CALL}\n  %1:ptr = load %0", [0, 1]),
    "its address is a value of its own": (f"%1:ptr = index[8] %0, %2.n\n  {CALL}\n  store %1, ptr 0", [0]),
    "what a parking call is given": ("%1:i64 = rt[chanrecv] ptr 0, %0", [1]),
    "read in the next round": (f"jump -> b1\nb1:\n  {CALL}\n  %1:ptr = load %0\n  jump -> b1", [1]),
    "a new one each round": (
        f"jump -> b1\nb1:\n  %3:ptr = addr[$1]\n  store %3, ptr 0\n  {CALL}\n  %1:ptr = load %3\n  {CALL}\n"
        "  jump -> b1",
        [2, 0],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_objects_read_again(name: str) -> None:
    body, want = CASES[name]
    if "-> b1" not in body:
        body += "\n  return"
    text = f"""module "main"
func @main.f(%2.n:i64) () {{
  object $0:ptr
  object $1:ptr
b0:
  %0:ptr = addr[$0]
  store %0, ptr 0
  {body}
}}
func @main.g() () {{
b0:
  return
}}
"""
    module = parse_module(text)
    lay = plan(module.functions["main.f"], module)
    assert [lay.used_mask(lay.suspended[s.head]) for s in lay.segments if s.is_continuation] == want


def test_many_objects_share_the_last_bit() -> None:
    objects = [Object(k, PTR, "") for k in range(40)]
    assert mask_bits(objects, 1 << 3 | 1 << 35) == 1 << 3 | 1 << LAST_BIT
    assert mask_bits(objects[1:], 1 << 3) == 1 << 2
