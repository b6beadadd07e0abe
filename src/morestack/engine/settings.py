"""The settings of a run from the environment: one table of variables, and a parser for each value.

`VARIABLES` lists everything that `morestack` reads from the environment. A test compares it with docs/environment.md
and with the names that the source reads. Variables and values known from Go have the same meaning as in Go.

Invariant: `Settings.read` checks every value before the program is set up, so an invalid value never stops a running
program.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

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
)
from morestack.errors import UserError

VARIABLES = {
    "GOMAXPROCS": "processors that run goroutines",
    "GOGC": "how much the heap grows between collections, in percent",
    "GOMEMLIMIT": "the memory below which the collector tries to stay",
    "GOTRACEBACK": "what the traceback of a panic shows",
    "GODEBUG": "gctrace, schedtrace and adaptivestackstart",
    "MORESTACK_DISCIPLINE": "the stack discipline (engine/disciplines.py)",
    "MORESTACK_INITIAL": "bytes of stack that goroutines start with",
    "STRESS": "modes that provoke and check what is rare",
    "STRESS_SEED": "the random schedule of STRESS=schedule",
    "MORESTACK_CACHE": "the folder of compiled objects (build/store.py)",
    "XDG_CACHE_HOME": "where that folder is by default (build/store.py)",
    "MORESTACK_DEBUG": "Python's traceback of an internal error (cli/main.py)",
    "MORESTACK_VERIFY": "verify the IR after every pass (opt/passes.py)",
    "GOROOT": "the Go distribution (build/goroot.py)",
    "PATH": "where the command go is looked for (build/goroot.py, bench/peers.py)",
}
"""Every variable that is read, and its purpose. If a module is named, that module reads the variable; the others are
read here."""

NO_LIMIT = (1 << 63) - 1
MIN_INITIAL, MAX_INITIAL = 2048, 256 << 20
"""The smallest and the largest initial stack size that can be set, in bytes."""

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
"""The names allowed in `$STRESS`, and their flags for the runtime's setdebug."""


class SettingError(UserError):
    """An environment variable has an invalid value; the text is for the user."""


class StressError(SettingError):
    """`$STRESS` names a mode that does not exist; the text is for the user."""


class Settings(NamedTuple):
    """The settings of a run, in the form the runtime expects."""

    processors: int
    gc_percent: int
    memory_limit: int
    gc_trace: int
    adaptive: int
    initial_stack: int
    traceback: int
    schedtrace: int
    stress: int
    stress_names: str
    stress_seed: int

    @classmethod
    def read(cls, python_runtime: bool, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings of a run. Raises SettingError."""

        def value(name: str, default: str = "") -> str:
            return environment.get(name, default)

        stress_names = value("STRESS")
        initial = initial_stack(value("MORESTACK_INITIAL"))
        debug = debug_options(value("GODEBUG"))
        return cls(
            processors=processors(value("GOMAXPROCS"), python_runtime),
            gc_percent=gc_percent(value("GOGC")),
            memory_limit=memory_limit(value("GOMEMLIMIT")),
            gc_trace=int(debug.get("gctrace") == "1"),
            adaptive=0 if initial else int(debug.get("adaptivestackstart", "1") != "0"),
            initial_stack=initial,
            traceback=traceback_level(value("GOTRACEBACK")),
            schedtrace=_decimal(debug.get("schedtrace", "0")) or 0,
            stress=stress_flags(stress_names),
            stress_names=stress_names,
            stress_seed=stress_seed(value("STRESS_SEED", "1")),
        )

    def stresses(self, mode: str) -> bool:
        """Whether this stress mode is on."""
        return bool(self.stress & STRESS[mode])


def _decimal(text: str) -> int | None:
    """Parse ASCII digits as a number; return None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() else None


def processors(text: str, python_runtime: bool) -> int:
    """Return $GOMAXPROCS, else the number of processors this process may use. Under the CPython runtime the default
    is one, because the interpreter lock lets only one thread run, and pdb shows one thread at a time."""
    return _decimal(text) or (1 if python_runtime else len(os.sched_getaffinity(0)))


def gc_percent(text: str) -> int:
    """Return $GOGC in percent, negative for off. As in Go, a value that is not a number counts as 100."""
    if text == "off" or (text.startswith("-") and text[1:].isdecimal()):
        return -1
    percent = _decimal(text)
    return 100 if percent is None else min(percent, 1 << 31)


def memory_limit(text: str) -> int:
    """Return $GOMEMLIMIT in bytes, parsed as in Go."""
    if text in ("", "off"):
        return NO_LIMIT
    digits, factor = text.removesuffix("B"), 1
    for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1):
        if text.endswith(unit + "B"):
            digits, factor = text.removesuffix(unit + "B"), 1 << 10 * power
    number = _decimal(digits)
    if number is None or number * factor > NO_LIMIT:
        raise SettingError(f"GOMEMLIMIT={text}: neither off nor a number of bytes, such as 500MiB")
    return number * factor


def debug_options(text: str) -> dict[str, str]:
    """Return the options in $GODEBUG by name."""
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def initial_stack(text: str) -> int:
    """Return $MORESTACK_INITIAL, a power of two, or 0 if it is not set."""
    if not text:
        return 0
    size = _decimal(text) or 0
    if not MIN_INITIAL <= size <= MAX_INITIAL or size & (size - 1):
        raise SettingError(f"MORESTACK_INITIAL={text}: not a power of two from {MIN_INITIAL} to {MAX_INITIAL}")
    return size


def traceback_level(text: str) -> int:
    """Return the level of $GOTRACEBACK (0: none, 1: frames of the program, 2: also frames of the runtime), plus 4 if
    a panic shows all goroutines, plus 8 if a crash ends with SIGABRT. As in Go, a number is a level with all
    goroutines, and an unknown value counts as 0."""
    level = _decimal(text)
    if level is not None:
        return min(level, 2) + 4
    return {"none": 0, "": 1, "single": 1, "all": 5, "system": 6, "crash": 14}.get(text, 4)


def stress_flags(names: str) -> int:
    """Return the flags for a comma-separated list of stress modes."""
    flags = 0
    for name in filter(None, names.split(",")):
        if name not in STRESS:
            raise StressError(f"STRESS={names}: no stress mode {name} (there are: {', '.join(STRESS)})")
        flags |= STRESS[name]
    return flags


def stress_seed(text: str) -> int:
    """Return $STRESS_SEED, which selects a random schedule."""
    seed = _decimal(text) or 0
    if not 0 < seed < 1 << 63:
        raise SettingError(f"STRESS_SEED={text}: not a positive number")
    return seed
