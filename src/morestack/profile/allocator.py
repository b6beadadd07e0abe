"""Go's stack sizes, simulated: what a call path costs on a stack that starts at a given size.

The rules are those of the Go runtime (runtime/stack.go, learned by reading it; the names are its own):

- A stack starts at `startingStackSize`: 2 KB, or with GODEBUG=adaptivestackstart=1 (the default since Go 1.19) the
  average use that the last collection scanned, plus the guard, rounded up to a power of two.
- A function's prologue grows the stack when `entry SP - (frame - StackSmall)` is not above `lo + stackGuard`; small
  frames compare SP alone. A function marked nosplit does not check; it is simulated as if it did, which can count at
  most StackSmall bytes too many.
- `newstack` doubles, and doubles on while the new frame does not fit, so one call with a large frame costs one copy.
- `copystack` copies what is in use.
- The collector halves a stack of which less than a quarter is used.

Sizes are of 64-bit Linux; a return address is pushed by the call (amd64) or saved in the frame (arm64), and counted in
`Step.frame_bytes` on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from morestack.process.model import Path

STACK_MIN = 2048
STACK_SMALL = 128
STACK_NOSPLIT = 800
STACK_GUARD = STACK_NOSPLIT + STACK_SMALL
STACK_MAX = 1 << 30
WORD = 8
TOP = 24 + WORD
"""A new stack's highest bytes, which no frame uses, with the return address to goexit."""


class Step(NamedTuple):
    """One physical frame of a path, seen from the outside in."""

    function: str
    frame_bytes: int


class Grown(NamedTuple):
    """One growth: in the prologue of which function, from and to which size, and what was copied."""

    function: str
    old: int
    new: int
    copied: int
    frames: int
    """How many frames were copied and had their pointers adjusted, that of the function which asked included."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a path costs one goroutine."""

    start: int
    size: int
    """Of the stack at the end: the largest, as nothing shrinks meanwhile."""
    growths: tuple[Grown, ...]

    @property
    def copies(self) -> int:
        """How many times the stack was copied."""
        return len(self.growths)

    @property
    def copied(self) -> int:
        """Bytes copied, by all growths."""
        return sum(g.copied for g in self.growths)


def steps(path: Path, full: Callable[[str], int | None] | None = None) -> tuple[Step, ...] | None:
    """The physical frames of a path from the outside in; None when a frame's bytes are not known.

    `full` gives the frame of a function once its prologue has run: where a sample was taken in the prologue, the
    frame at that place is smaller.
    """
    out = []
    for frame in reversed(path):
        if frame.inlined or frame.function == "runtime.goexit":
            continue  # goexit's word is counted in TOP
        size = frame.frame_bytes
        whole = full(frame.function) if full is not None else None
        if size is None and whole is None:
            return None
        out.append(Step(frame.function, max(size or 0, whole or 0)))
    return tuple(out)


def simulate(path: Sequence[Step], start: int = STACK_MIN) -> Outcome:
    """Call the functions of a path one in the other on a stack of `start` bytes."""
    return tour((path,), start)


def tour(paths: Iterable[Sequence[Step]], start: int = STACK_MIN) -> Outcome:
    """Call down one path after the other on the same stack, which keeps what it grew to."""
    size = start
    growths: list[Grown] = []
    for path in paths:
        used = TOP - WORD
        for depth, step in enumerate(path, 1):
            entry = used + WORD
            while entry + max(0, step.frame_bytes - WORD - STACK_SMALL) + STACK_GUARD >= size and size < STACK_MAX:
                new = size * 2
                while new - entry < step.frame_bytes + STACK_GUARD:
                    new *= 2
                growths.append(Grown(step.function, size, new, entry, depth))
                size = new
            used += step.frame_bytes
    return Outcome(start, size, tuple(growths))


def deepest(path: Sequence[Step]) -> int:
    """Bytes in use at the inner end of a path."""
    return TOP + sum(step.frame_bytes for step in path)


def size_for(used: int) -> int:
    """The smallest stack on which this much is in use without a growth."""
    size = STACK_MIN
    while size < used + STACK_GUARD and size < STACK_MAX:
        size *= 2
    return size


def adaptive_start(used: Iterable[tuple[int, int]]) -> int:
    """The size goroutines start with after a collection that scanned stacks with these uses: (bytes, how many)."""
    total = count = 0
    for each, many in used:
        total += each * many
        count += many
    return STACK_MIN if count == 0 else size_for(max(total // count, 1))


def settled(size: int, used: int) -> int:
    """What collections leave of a stack: each halves it while less than a quarter is in use."""
    while size // 2 >= STACK_MIN and used + STACK_NOSPLIT < size // 4:
        size //= 2
    return size
