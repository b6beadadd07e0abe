"""The stack disciplines: the single list of them for commands, tests and reports.

A discipline decides how stacks are allocated and what happens when a stack is full (docs/disciplines.md). Compiled
code is the same under all of them. The list has only disciplines that can be used, the default first.
"""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass

from morestack.abi.settings import CONTIGUOUS, RESERVE, SEGMENTED, SEGMENTED_KEEP, THREAD
from morestack.errors import UserError

DISCIPLINES = {
    "contiguous": "one block a goroutine, copied to a block of twice the size when it is full",
    "segmented": "a chain of segments: a call that does not fit runs on a new one, freed when it returns",
    "segmented-keep": "segments, the last one left kept for the next call, and a few frames moved to the new one",
    "thread": "a kernel thread a goroutine, with a stack as the system gives threads; every switch is the kernel's",
    "reserve": "a large range of addresses a goroutine, grown in place; page faults take memory for it",
}
NUMBERS = {
    "contiguous": CONTIGUOUS,
    "segmented": SEGMENTED,
    "segmented-keep": SEGMENTED_KEEP,
    "thread": THREAD,
    "reserve": RESERVE,
}
"""The runtime's numbers for them."""
SEGMENTS = (4096, 8192)
MOVING = ("movestack", "shrink")
"""Stress modes that move stacks, and therefore need stacks that can be moved."""
UNLIMITED_STACK = 2 << 20
"""ARCH_STACK_DEFAULT_SIZE of glibc."""
VARIABLE = "MORESTACK_DISCIPLINE"


def disciplines() -> tuple[str, ...]:
    """Return the names, in the order in which reports show them."""
    return tuple(DISCIPLINES)


class DisciplineError(UserError):
    """A discipline does not exist, is not available, or conflicts with another option; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Discipline:
    """How stacks grow; `segment` is the size of segments in bytes, for segmented stacks."""

    name: str = "contiguous"
    segment: int = SEGMENTS[0]

    @property
    def number(self) -> int:
        """The runtime's number for it."""
        return NUMBERS[self.name]

    def check_stress(self, names: str) -> None:
        """Raise DisciplineError if a stress mode moves stacks, but these stacks never move."""
        for name in MOVING:
            if self.name != "contiguous" and name in names.split(","):
                raise DisciplineError(
                    f"STRESS={names}: {name} moves stacks, and those of --discipline {self.name} do not move"
                )


def thread_stack() -> int:
    """Return the size of a thread's stack in bytes: RLIMIT_STACK or, if that is unlimited, glibc's default."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return UNLIMITED_STACK if soft == resource.RLIM_INFINITY else soft


def choose(name: str | None = None, segment: int | None = None) -> Discipline:
    """Return the discipline with that name, else that of $MORESTACK_DISCIPLINE (name or name:segment), else the
    default."""
    if name is None:
        name, _, size = os.environ.get(VARIABLE, disciplines()[0]).partition(":")
        if segment is None and size:
            if not (size.isascii() and size.isdecimal()):
                raise DisciplineError(f"{VARIABLE}: {size} is not the size of a segment")
            segment = int(size)
    if name not in DISCIPLINES:
        raise DisciplineError(f"no stack discipline {name} (there are: {', '.join(DISCIPLINES)})")
    if segment is None:
        return Discipline(name)
    if not name.startswith("segmented"):
        raise DisciplineError(f"--segment is for segmented stacks, not --discipline {name}")
    if segment not in SEGMENTS:
        raise DisciplineError(f"segments have {' or '.join(map(str, SEGMENTS))} bytes, not {segment}")
    return Discipline(name, segment)
