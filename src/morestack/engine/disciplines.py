"""The disciplines a program's stacks can follow: the one list for commands, tests and reports.

A discipline decides where stacks come from and what happens when one is full (docs/disciplines.md). Compiled code is
the same under all of them. Only what can be run is listed, the default first.
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
"""What the runtime calls them."""
SEGMENTS = (4096, 8192)
MOVING = ("movestack", "shrink")
"""Stress modes that move stacks: they need stacks that can be moved."""
UNLIMITED_STACK = 2 << 20
"""ARCH_STACK_DEFAULT_SIZE of glibc."""
VARIABLE = "MORESTACK_DISCIPLINE"


def disciplines() -> tuple[str, ...]:
    """The names, in the order reports show them."""
    return tuple(DISCIPLINES)


class DisciplineError(UserError):
    """A discipline that does not exist, cannot be had, or does not go with something else; the text is for the user."""


@dataclass(frozen=True, slots=True)
class Discipline:
    """How stacks grow; `segment` is the size of segments in bytes, for the segmented ones."""

    name: str = "contiguous"
    segment: int = SEGMENTS[0]

    @property
    def number(self) -> int:
        """What the runtime calls it."""
        return NUMBERS[self.name]

    def check_stress(self, names: str) -> None:
        """Raise DisciplineError for stress modes that move stacks, if these stacks never move."""
        for name in MOVING:
            if self.name != "contiguous" and name in names.split(","):
                raise DisciplineError(
                    f"STRESS={names}: {name} moves stacks, and those of --discipline {self.name} do not move"
                )


def thread_stack() -> int:
    """Bytes of stack a thread gets: RLIMIT_STACK, or when that is unlimited what glibc then takes."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return UNLIMITED_STACK if soft == resource.RLIM_INFINITY else soft


def choose(name: str | None = None, segment: int | None = None) -> Discipline:
    """The discipline of that name, else what $MORESTACK_DISCIPLINE says (name or name:segment), else the default."""
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
