"""Which `go` statement started a goroutine, as far as its path tells.

Dumps and live processes know it. Profiles do not record it, but the compiler leaves its name: `go f(x)` becomes a
function `caller.gowrap1` at the statement's line, and `go func() {...}()` a closure `caller.func1`. A function started
as it is (`go f()` without arguments) leaves no trace of the statement: then `go` and its name stand for it.
"""

from __future__ import annotations

import re

from morestack.process.model import Goroutine, Path, Place

WRAPPER = re.compile(r"^(.*?)\.gowrap\d+$")
MAIN = "runtime.main"


def root(path: Path) -> Place | None:
    """The function a path starts in."""
    for frame in reversed(path):
        if frame.function != "runtime.goexit":
            return Place(frame.function, frame.file, frame.line)
    return None


def creator(path: Path) -> Place | None:
    """The `go` statement that a path's outermost function was made for; None where it tells none."""
    start = root(path)
    wrapped = WRAPPER.match(start.function) if start is not None else None
    return Place(wrapped[1], start.file, start.line) if start is not None and wrapped else None


def statement(path: Path) -> str:
    """A name for the `go` statement that a path comes from."""
    start = root(path)
    if start is None:
        return "unknown"
    if start.function == MAIN:
        return "the main goroutine"
    if start.function == "runtime.mstart" or start.function.startswith("runtime.mcall"):
        return "the scheduler"
    wrapped = WRAPPER.match(start.function)
    if wrapped:
        inner = next((f for f in reversed(path) if f.function not in (start.function, "runtime.goexit")), None)
        called = f" ({short(inner.function)})" if inner is not None else ""
        return f"{wrapped[1]} {place(start)}{called}"
    return f"go {start.function}"


def of_goroutine(goroutine: Goroutine) -> str:
    """A name for the `go` statement of a goroutine; the one its record tells, else the one its path tells."""
    creator = goroutine.creator
    if creator is None:
        return statement(goroutine.path)
    # a process's record tells the start, and without the wrapper; paths may end before it
    recorded = goroutine.start if goroutine.stack_hi is not None else None
    start = recorded or root(goroutine.path) or goroutine.start
    if start is None:
        return f"{creator.function} {place(creator)}"
    outer = (f for f in reversed(goroutine.path) if f.function != "runtime.goexit")
    inner = next((f for f in outer if not WRAPPER.match(f.function)), None)
    name = start.function if inner is None or not WRAPPER.match(start.function) else inner.function
    return f"{creator.function} {place(creator)} ({short(name)})"


def place(at: Place) -> str:
    """The last part of a file's name, with the line."""
    return f"{at.file.rsplit('/', 1)[-1]}:{at.line}" if at.file else ""


def short(function: str) -> str:
    """A function without its package's path: `http.(*conn).serve`."""
    head, bracket, tail = function.partition("[")
    return head.rsplit("/", 1)[-1] + bracket + tail
