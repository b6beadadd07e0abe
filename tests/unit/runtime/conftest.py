"""Every test that takes `rt` runs twice: on the runtime as CPython runs it, and on the native one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from morestack import runtime
from morestack.dialect.machine import bind_statics, ptr_at
from morestack.dialect.native import Native, load
from morestack.runtime.sys.layout import G
from tests.unit.runtime.fake_stack import GOEXIT, PANICRETURN, PANICVAL, code


@functools.cache
def native() -> Native:
    return load(runtime.modules(), checked=True)


class Runtime:
    """The runtime's functions, on one side; `g0` after a fresh schedinit."""

    def __init__(self, side: str) -> None:
        self.side = side
        for module in runtime.modules():
            bind_statics(module, None)
        if side == "native":
            native().bind_statics()
        self.goexit = code(GOEXIT)
        self.g0 = self.schedinit(self.goexit, 1)
        self.setreturns(code(PANICVAL), code(PANICRETURN))
        self.settraceback(1)

    def schedule(self, g: Any) -> Any:
        """Who runs next, wherever it goes on."""
        return ptr_at(G, self.switch(g) & ~1)

    def switch(self, g: Any) -> int:
        """The answer of the runtime's `schedule`."""
        return int(self.__getattr__("schedule")(g))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        for module in runtime.modules():
            func = vars(module).get(name)
            if func is not None and getattr(func, "__module__", "") == module.__name__:
                return native().function(func) if self.side == "native" else func
        raise AttributeError(name)


@pytest.fixture(params=["python", "native"])
def rt(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    side = Runtime(request.param)
    yield side
    side.setdebug(0)
    side.reserve_init()  # gives the addresses of stacks back: LLVM's linker finds no place when few are left
    for module in runtime.modules():
        bind_statics(module, None)
