"""A program in memory: linked, run on threads of its own, and left readable for reports.

Goroutines run on threads the runtime makes; the thread that calls `run` sleeps in the runtime, a tenth of a second at a
time. A signal ends that sleep at once, so that Python's handlers run and Ctrl-C works. When the program is over, all
its threads are ended before `run` returns, but for those in system calls.

Rejected: running goroutines on the calling thread (a Python signal handler would never run); a Python thread as the
first of the runtime's (a program may end while that one is in a system call, which nothing ends).
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import struct as packing
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from morestack.abi.settings import (
    STRESS_CHECK_ESCAPE,
    STRESS_GC,
    STRESS_LEAKS,
    STRESS_LOCK_ORDER,
    STRESS_MOVESTACK,
    STRESS_POISON,
    STRESS_PROTECT,
    STRESS_SCHEDULE,
    STRESS_SHRINK,
)  # fmt: skip
from morestack.build.runtime_bundle import Bundle, runtime_bundle
from morestack.engine.disciplines import Discipline, DisciplineError, thread_stack
from morestack.engine.sigquit import on_sigquit
from morestack.errors import UserError
from morestack.llvm.linking import link

if TYPE_CHECKING:
    from morestack.dialect.native import Native

TABLE = "dialect.table"
NO_LIMIT = (1 << 63) - 1
WAIT_NS = 100_000_000
"""How long one sleep of the calling thread takes at most: a signal that comes just before it begins waits so long."""

CONTIGUOUS = Discipline()
STUBS = ("rt.mstart", "rt.goexit", "rt.lessstack", "rt.panicval", "rt.panicreturn")
"""Stubs whose addresses the runtime is told, or that are called from here."""
MAX_INITIAL = 256 << 20
"""The largest stack goroutines can be told to start with."""

ROOTS = "..roots"
"""What follows a package's path in the name of its table of roots."""
STRESS = {
    "movestack": STRESS_MOVESTACK,
    "poison": STRESS_POISON,
    "shrink": STRESS_SHRINK,
    "gc": STRESS_GC,
    "checkescape": STRESS_CHECK_ESCAPE,
    "lockorder": STRESS_LOCK_ORDER,
    "protect": STRESS_PROTECT,
    "leaks": STRESS_LEAKS,
    "schedule": STRESS_SCHEDULE,
}
"""Names in `$STRESS`, and their flags for the runtime's setdebug."""


class StressError(UserError):
    """`$STRESS` names a mode that does not exist; the text is for the user."""


def stress_flags(names: str) -> int:
    """The flags for a comma-separated list of stress modes."""
    flags = 0
    for name in filter(None, names.split(",")):
        if name not in STRESS:
            raise StressError(f"STRESS={names}: no stress mode {name} (there are: {', '.join(STRESS)})")
        flags |= STRESS[name]
    return flags


class SettingError(UserError):
    """An environment variable has a value that means nothing; the text is for the user."""


def memory_limit(text: str) -> int:
    """$GOMEMLIMIT in bytes, as Go reads it."""
    if text in ("", "off"):
        return NO_LIMIT
    number, factor = text.removesuffix("B"), 1
    for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1):
        if text.endswith(unit + "B"):
            number, factor = text.removesuffix(unit + "B"), 1 << 10 * power
    if not (number.isascii() and number.isdecimal()) or int(number) * factor > NO_LIMIT:
        raise SettingError(f"GOMEMLIMIT={text}: neither off nor a number of bytes, such as 500MiB")
    return int(number) * factor


def gc_settings(gogc: str, gomemlimit: str, godebug: str) -> tuple[int, int, int, int]:
    """$GOGC in percent (negative: off), $GOMEMLIMIT, and what $GODEBUG says of gctrace and adaptivestackstart (1). As
    in Go a GOGC that is no number counts as 100."""
    off = gogc == "off" or (gogc.startswith("-") and gogc[1:].isdecimal())
    percent = -1 if off else min(int(gogc), 1 << 31) if gogc.isascii() and gogc.isdecimal() else 100
    debug = dict(part.split("=", 1) for part in godebug.split(",") if "=" in part)
    trace, adaptive = int(debug.get("gctrace") == "1"), int(debug.get("adaptivestackstart", "1") != "0")
    return percent, memory_limit(gomemlimit), trace, adaptive


def stress_seed(text: str) -> int:
    """$STRESS_SEED: which random schedule."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 63):
        raise SettingError(f"STRESS_SEED={text}: not a positive number")
    return int(text)


def initial_stack(text: str) -> int:
    """$MORESTACK_INITIAL: bytes of stack that goroutines start with, a power of two; 0 when it is not set."""
    if not text:
        return 0
    size = int(text) if text.isascii() and text.isdecimal() else 0
    if not 2048 <= size <= MAX_INITIAL or size & (size - 1):
        raise SettingError(f"MORESTACK_INITIAL={text}: not a power of two from 2048 to {MAX_INITIAL}")
    return size


def traceback_settings(gotraceback: str) -> int:
    """$GOTRACEBACK: the level (0: none, 1: frames of the program, 2: the runtime's too), 4 when a panic shows all
    goroutines, 8 when a program that dies ends by SIGABRT. As in Go, a number is a level with all goroutines, and what
    is unknown counts as 0."""
    if gotraceback.isdecimal():
        return min(int(gotraceback), 2) + 4
    named = {"none": 0, "": 1, "single": 1, "all": 5, "system": 6, "crash": 14}
    return named.get(gotraceback, 4)


def processors(gomaxprocs: str, python_runtime: bool) -> int:
    """How many processors a program begins with: $GOMAXPROCS, else as many as this process may use. Under the CPython
    runtime one: the interpreter's lock lets no more run, and pdb shows one thread at a time."""
    if gomaxprocs.isascii() and gomaxprocs.isdecimal() and int(gomaxprocs) > 0:
        return int(gomaxprocs)
    return 1 if python_runtime else len(os.sched_getaffinity(0))


def schedtrace(godebug: str) -> int:
    """Milliseconds between the lines that GODEBUG=schedtrace=N asks for; 0: none."""
    debug = dict(part.split("=", 1) for part in godebug.split(",") if "=" in part)
    period = debug.get("schedtrace", "0")
    return int(period) if period.isdecimal() else 0


@dataclass(eq=False)
class LinkedProgram:
    """A linked program. `library` keeps the code in memory."""

    library: Any
    cells: dict[str, int]
    bundle: Bundle
    packages: tuple[str, ...]

    @classmethod
    def load(cls, objects: Mapping[str, bytes], progress: Callable[[str], None]) -> LinkedProgram:
        """Link the objects of a program's packages, package runtime's among them, by import path, with the runtime."""
        bundle = runtime_bundle(progress)
        progress("linking")
        exports = [TABLE, *STUBS, "rt.errors", "runtime.main"]
        exports += [path + ROOTS for path in objects]
        library = link([bundle.runtime, bundle.stubs, *objects.values()], exports)
        table = ctypes.string_at(library[TABLE], 8 * len(bundle.cells))
        cells = dict(zip(bundle.cells, packing.unpack(f"<{len(bundle.cells)}Q", table), strict=True))
        return cls(library, cells, bundle, tuple(objects))

    def call(self, name: str, *args: int) -> int:
        """Call an exported runtime function that takes and returns integers and addresses."""
        (address,) = packing.unpack("<Q", ctypes.string_at(self.cells[name], 8))
        prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * len(args))
        return int(prototype(address)(*args))

    def attach(self) -> Native:
        """Let the CPython side of the runtime work on this program's memory."""
        from morestack.dialect.native import attach
        from morestack.runtime import modules

        native = attach(modules(), self.library[TABLE], self.library)
        native.bind_statics()
        return native

    def run(
        self,
        python_runtime: bool = False,
        around: AbstractContextManager[object] | None = None,
        stacks: Discipline = CONTIGUOUS,
    ) -> int:
        """Run the program to its end and return its exit code. KeyboardInterrupt passes through.

        `around` is entered just before the thread of the first goroutine starts, and left when the threads have ended.
        """
        flags = stress_flags(os.environ.get("STRESS", ""))
        stacks.check_stress(os.environ.get("STRESS", ""))
        initial = initial_stack(os.environ.get("MORESTACK_INITIAL", ""))
        *settings, adaptive = gc_settings(*(os.environ.get(name, "") for name in ("GOGC", "GOMEMLIMIT", "GODEBUG")))
        procs = processors(os.environ.get("GOMAXPROCS", ""), python_runtime)
        g0 = self.call("schedinit", self.library["rt.goexit"], procs)
        if not self.call("setdiscipline", stacks.number, stacks.segment, self.library["rt.lessstack"]):
            raise DisciplineError(f"--discipline {stacks.name}: the system gives no address space for stacks")
        if stacks.name == "thread":
            self.call("setthreads", self.library["rt.mstart"], thread_stack())
        self.call("setreturns", self.library["rt.panicval"], self.library["rt.panicreturn"])
        self.call("seterrors", self.library["rt.errors"])
        for path in self.packages:
            self.call("addroots", self.library[path + ROOTS])
        self.call("setgc", *settings, 0 if initial else adaptive)
        self.call("settraceback", traceback_settings(os.environ.get("GOTRACEBACK", "")))
        if flags:
            self.call("setdebug", flags)
        if flags & STRESS_SCHEDULE:
            self.call("setschedule", g0, stress_seed(os.environ.get("STRESS_SEED", "1")))
        sys.stdout.flush()
        self.call("sysmonstart", g0, schedtrace(os.environ.get("GODEBUG", "")))
        if python_runtime:
            self.attach().swap_all()
        if initial:
            self.call("setinitialstack", initial)
        closure = (ctypes.c_uint64 * 1)(self.library["runtime.main"])
        with around or nullcontext(), on_sigquit(lambda: self.call("quit", g0)):
            self.call("newproc", g0, ctypes.addressof(closure))
            self.call("startprogram", g0, self.library["rt.mstart"])
            while not self.call("waitend", g0, WAIT_NS):
                pass  # a signal's Python handler runs here
            self.call("endthreads", g0)
        self.call("sumcrossings", g0)
        self.call("lasttraceback", g0)
        self.call("jointhreads", g0)
        if self.call("crashes", g0):
            faulthandler.disable()  # it would print where Python is
            os.abort()
        code = self.call("exitcode", g0)
        if flags & STRESS["leaks"]:
            code = self.call("checkleaks", g0) or code
        return code & 0xFF
