"""Run a test of dialect code twice: as CPython runs it, and compiled.

    side = runtime_sides(stackalloc_module, heap_module)

    def test_order(side):
        assert side(stack_order)(8192) == 2

`side` is a fixture; `side(f)` is the CPython or the native version of a dialect function. Statics are the memory of the
side that runs, zeroed before each test. The native side is compiled with `checked=True`: breaking rule 1 ends the
process with a line on stderr.
"""

import functools
import itertools
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from morestack.dialect import machine, memory, native

_serial = itertools.count()


def dialect_module(source: str, name: str | None = None) -> types.ModuleType:
    """A module made from text; its file exists as long as the test process."""
    name = name or f"dialect_case_{next(_serial)}"
    path = Path(_folder()) / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


@functools.cache
def _folder() -> str:
    holder = tempfile.TemporaryDirectory(prefix="morestack-dialect-")
    _kept.append(holder)
    return holder.name


_kept: list[Any] = []


@functools.cache
def load(modules: tuple[types.ModuleType, ...], symbols: tuple[tuple[str, int], ...]) -> native.Native:
    """The modules, compiled once in a test process."""
    return native.load(list(modules), dict(symbols), checked=True)


class Side:
    """One of the two ways to run dialect functions."""

    def __init__(self, name: str, modules: tuple[types.ModuleType, ...], symbols: dict[str, int]) -> None:
        self.name, self.modules = name, modules
        machine.bind_symbols(symbols)
        self.native = load(modules, tuple(sorted(symbols.items()))) if name == "native" else None

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The side's version of a function."""
        return self.native.function(func) if self.native else func

    def zero_statics(self) -> None:
        """As a program that starts finds them."""
        for module in self.modules:
            for var in machine.statics_of(module).values():
                memory.fill(var.addr, 0, var.kind.size)  # type: ignore[attr-defined]


def runtime_sides(*modules: types.ModuleType, symbols: dict[str, int] | None = None) -> Any:
    """A fixture that runs a test on both sides."""

    @pytest.fixture(params=["python", "native"])
    def side(request: pytest.FixtureRequest) -> Iterator[Side]:
        made = Side(request.param, modules, symbols or {})
        if made.native:
            made.native.bind_statics()
        made.zero_statics()
        yield made
        if made.native:
            made.native.bind_statics(False)

    return side
