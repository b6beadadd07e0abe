"""A program in memory: it is linked, run on its own threads, and remains readable for reports.

Goroutines run on threads that the runtime creates. The thread that calls `run` sleeps in the runtime, a tenth of a
second at a time. A signal ends that sleep at once, so that Python's handlers run and Ctrl-C works. When the program
has ended, `run` ends all its threads before it returns, except those in system calls.

Rejected: running goroutines on the calling thread, where a Python signal handler would never run; and a Python thread
as the runtime's first thread, because a program may end while that thread is in a system call, which nothing can
interrupt.
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

from morestack.build.runtime_bundle import Bundle, runtime_bundle
from morestack.engine.disciplines import Discipline, DisciplineError, thread_stack
from morestack.engine.settings import Settings
from morestack.engine.sigquit import on_sigquit
from morestack.llvm.linking import link

if TYPE_CHECKING:
    from morestack.dialect.native import Native

TABLE = "dialect.table"
WAIT_NS = 100_000_000
"""The longest sleep of the calling thread. A signal that arrives just before the sleep begins waits that long."""

CONTIGUOUS = Discipline()
STUBS = ("rt.mstart", "rt.goexit", "rt.lessstack", "rt.panicval", "rt.panicreturn")
"""Stubs that this module calls, or whose addresses the runtime needs."""

ROOTS = "..roots"
"""The suffix of the symbol of a package's root table, after the package path."""


@dataclass(eq=False)
class LinkedProgram:
    """A linked program. `library` keeps the code in memory."""

    library: Any
    cells: dict[str, int]
    bundle: Bundle
    packages: tuple[str, ...]

    @classmethod
    def load(cls, objects: Mapping[str, bytes], progress: Callable[[str], None]) -> LinkedProgram:
        """Link the objects of a program's packages (by import path, including package runtime) with the runtime."""
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
        settings = Settings.read(python_runtime)
        stacks.check_stress(settings.stress_names)
        g0 = self.call("schedinit", self.library["rt.goexit"], settings.processors)
        self._set_up(g0, settings, stacks)
        sys.stdout.flush()
        self.call("sysmonstart", g0, settings.schedtrace)
        if python_runtime:
            self.attach().swap_all()
        if settings.initial_stack:
            self.call("setinitialstack", settings.initial_stack)
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
            faulthandler.disable()  # it would print Python's own stack
            os.abort()
        code = self.call("exitcode", g0)
        if settings.stresses("leaks"):
            code = self.call("checkleaks", g0) or code
        return code & 0xFF

    def _set_up(self, g0: int, settings: Settings, stacks: Discipline) -> None:
        """Before any goroutine is created, give the runtime the tables of the compiled code and the settings of the
        run."""
        if not self.call("setdiscipline", stacks.number, stacks.segment, self.library["rt.lessstack"]):
            raise DisciplineError(f"--discipline {stacks.name}: the system gives no address space for stacks")
        if stacks.name == "thread":
            self.call("setthreads", self.library["rt.mstart"], thread_stack())
        self.call("setreturns", self.library["rt.panicval"], self.library["rt.panicreturn"])
        self.call("seterrors", self.library["rt.errors"])
        for path in self.packages:
            self.call("addroots", self.library[path + ROOTS])
        self.call("setgc", settings.gc_percent, settings.memory_limit, settings.gc_trace, settings.adaptive)
        self.call("settraceback", settings.traceback)
        if settings.stress:
            self.call("setdebug", settings.stress)
        if settings.stresses("schedule"):
            self.call("setschedule", g0, settings.stress_seed)
