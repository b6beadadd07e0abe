"""`run --break FUNCTION`: pdb stops when the program calls a function of the runtime, which runs under CPython.

Native code enters CPython anew for every call of the runtime, on threads that Python did not create, so no trace
function is set. Each entry therefore sets pdb's trace function. Breakpoints set in pdb itself (`b newstack`) also
apply to later calls.

Rejected: replacing the function with one that calls `breakpoint()`. Every `where` would show it, and other
breakpoints would be lost when the call returns.
"""

from __future__ import annotations

import pdb
import sys
from types import FunctionType

from morestack.dialect import callback
from morestack.errors import UserError
from morestack.runtime import modules


class BreakError(UserError):
    """The runtime has no such function; the text is for the user."""


class Stepping(pdb.Pdb):
    """A pdb that waits for a breakpoint in a function."""

    def __init__(self, function: FunctionType) -> None:
        super().__init__(nosigint=True)  # the thread that waits for the program handles signals
        self.reset()
        self.botframe = sys._getframe()
        code = function.__code__
        self.set_break(code.co_filename, code.co_firstlineno, funcname=function.__name__)
        self.set_continue()

    def user_call(self, frame: object, argument_list: object) -> None:
        """Do not stop at the call itself: stop at the first line instead."""


def stop_in(name: str) -> None:
    """Make pdb stop in every call of the runtime function with that name."""
    for module in modules():
        function = vars(module).get(name)
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            callback.trace = Stepping(function).trace_dispatch
            return
    raise BreakError(f"--break {name}: the runtime has no function of that name (src/morestack/runtime has them)")
