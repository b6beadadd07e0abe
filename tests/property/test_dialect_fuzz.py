"""CPython and native code agree on random programs of the dialect: results, memory and statics.

The short form runs in the suite; `MORESTACK_FUZZ=long` makes thousands of programs. A failure names its seed:
`Generator(seed).program(FUNCTIONS)` is the module.
"""

import ctypes
import os
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morestack.dialect import machine, memory, native
from morestack.llvm.passes import Passes
from tests.property.dialect_programs import PARAMS, Generator, limits
from tests.runtime_sides import dialect_module

LONG = os.environ.get("MORESTACK_FUZZ") == "long"
FUNCTIONS = 6
ARGUMENTS = 8


def arguments(rng: random.Random) -> list[Any]:
    """One value for each parameter after the first."""
    values: list[Any] = []
    for kind in list(PARAMS.values())[1:]:
        if kind == "f64":
            values.append(rng.choice((0.0, -0.0, 1.0, -1.5, 1e-300, 1e300, float("inf"), rng.uniform(-1e6, 1e6))))
        elif kind == "boolean":
            values.append(rng.random() < 0.5)
        else:
            low, high = limits(kind)
            values.append(rng.choice((low, high, 0, 1, high // 2 + 1, rng.randint(low, high), rng.randint(0, 9))))
    return values


class Arena:
    """Two records that point to each other, and the statics of a module."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.rec = module, module.Rec
        self.size = machine.size_of(self.rec)
        self.keep = ctypes.create_string_buffer(2 * self.size + 16)
        self.addr = (ctypes.addressof(self.keep) + 15) & ~15
        self.first = machine.ptr_at(self.rec, self.addr)

    def fill(self, rng: random.Random) -> None:
        """Random contents: integers anything, booleans 0 or 1, floats ordinary."""
        content = rng.randbytes(2 * self.size)
        ctypes.memmove(self.addr, content, 2 * self.size)
        ctypes.memset(self.module.state.addr, 0, self.size)
        self.module.word.value = rng.getrandbits(64)
        other = self.first.add(1)
        for p, q in ((self.first, other), (other, self.first), (self.module.state.ptr, self.first)):
            p.at.next, p.at.fx, p.at.fs, p.at.ft = q, rng.uniform(-9e9, 9e9), 0.5, rng.random() < 0.5
            p.at.inner.gx = rng.uniform(-10, 10)

    def state(self) -> bytes:
        """Everything a function may have changed."""
        static = ctypes.string_at(self.module.state.addr, self.size)
        return ctypes.string_at(self.addr, 2 * self.size) + static + self.module.word.value.to_bytes(8, "little")


def run(arena: Arena, call: Callable[..., Any], seed: int) -> tuple[Any, bytes]:
    """The result and the memory after a call."""
    rng = random.Random(seed)
    arena.fill(rng)
    result = call(arena.first, *arguments(rng))
    return "nan" if result != result else result, arena.state()


def compare(seed: int, functions: int = FUNCTIONS) -> int:
    """Make a program and compare the sides on it; returns the number of evaluations."""
    source = Generator(seed).program(functions)
    module = dialect_module(source)
    arena = Arena(module)
    done = 0
    # plain as the product compiles it; checked proves that the generator, and so CPython, broke no rule
    for checked in (False, True):
        program = native.load([module], checked=checked, passes=Passes.NONE if checked else Passes.DIALECT)
        for n in range(functions):
            func = getattr(module, f"f{n}")
            compiled = program.function(func)
            for k in range(ARGUMENTS):
                wanted = run(arena, func, seed + k)
                program.bind_statics()
                found = run(arena, compiled, seed + k)
                program.bind_statics(False)
                assert found[0] == wanted[0], f"seed {seed}, f{n}, arguments {k}: {found[0]!r}, CPython {wanted[0]!r}"
                assert found[1] == wanted[1], f"seed {seed}, f{n}, arguments {k}: memory differs"
                done += 1
    return done


@pytest.mark.slow
@settings(max_examples=600 if LONG else 10, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1))
def test_sides_agree(seed: int) -> None:
    compare(seed)


def test_one_program() -> None:
    assert compare(1, 2) == 2 * 2 * ARGUMENTS


def test_memory_is_the_real_one() -> None:
    word = ctypes.c_uint64(7)
    assert memory.u64_view[ctypes.addressof(word) >> 3] == 7
