"""Walking many goroutines' stacks at once, by the function table's stack deltas.

All goroutines of a part take one step in each round, on numpy arrays: number the program counters, add the deltas,
fetch the return addresses. Paths are nodes of one tree that grows from the innermost frame outwards, so equal paths
are one node, and a round costs as much as it meets different places. What remains after 64 rounds, when it is little,
is walked one by one: a recursion a million frames deep would take a million rounds.

The rules are those of the runtime's own unwinder. On amd64 the frame's top is SP + delta and holds the return
address. On arm64 the caller's SP is SP + delta and the return address is at SP, except that a function which has not
saved it yet has it in the link register. A walk is complete when it arrives at a function that is marked as a stack's
top (goexit). A function that writes SP in a way no table describes (gogo, mcall) ends it early.

Only [SP, top) of a stack is read, in parts of some 16 MB, never the free part below.

Invariants: every step moves SP upwards within the stack's bounds, or the walk ends as broken; a very long path keeps
its first and last `KEPT` frames and counts the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from morestack.process.code import AT_ENTRY, INJECTED, SP_WRITE, TOP, VALID, Code
from morestack.process.errors import MemoryGone
from morestack.process.memory import I64, U64, Flags, Memory
from morestack.process.model import Frame, Path

PART = 16 << 20
ROUNDS, FEW = 64, 64
KEPT = 512
WINDOW = 4 << 20
ROOT = 0


class Paths:
    """The tree of all paths seen; a path is its node's number."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._parents: list[int] = [-1]
        self._places: list[int] = [-1]
        self._children: dict[tuple[int, int], int] = {}
        self._frames: dict[int, Path] = {ROOT: ()}

    def child(self, node: int, place: int) -> int:
        """The path that goes on from a node to a place."""
        known = self._children.get((node, place))
        if known is None:
            known = self._children[node, place] = len(self._parents)
            self._parents.append(node)
            self._places.append(place)
        return known

    def children(self, nodes: I64, places: I64) -> I64:
        """The same for many."""
        keys = (nodes << 32) | places
        unique, inverse = np.unique(keys, return_inverse=True)
        found = [self.child(key >> 32, key & 0xFFFFFFFF) for key in unique.tolist()]
        return np.asarray(np.array(found, np.int64)[inverse], np.int64)

    def frames(self, node: int) -> Path:
        """A path's frames, innermost first; the same object for the same node."""
        known = self._frames.get(node)
        if known is None:
            places = []
            at = node
            while at > ROOT:
                places.append(self._places[at])
                at = self._parents[at]
            made: list[Frame] = []
            for place in reversed(places):
                made.extend(self.code.frames(place))
            known = self._frames[node] = tuple(made)
        return known


@dataclass(slots=True, eq=False)
class Starts:
    """Where walks begin: one row a goroutine."""

    pc: U64
    sp: U64
    lr: U64
    hi: U64
    exact: Flags
    """The pc is of the instruction to run next, not a return address."""
    syscall: Flags
    """pc and sp were saved on the way into a system call: what the function does to SP later does not matter."""

    def __len__(self) -> int:
        return len(self.pc)

    def at(self, rows: I64) -> Starts:
        """Some of the rows."""
        return Starts(self.pc[rows], self.sp[rows], self.lr[rows], self.hi[rows], self.exact[rows], self.syscall[rows])


@dataclass(slots=True, eq=False)
class Walks:
    """The walks' ends: one row a goroutine."""

    node: I64
    complete: Flags
    readable: Flags
    elided: I64
    elided_bytes: I64


def walk(memory: Memory, paths: Paths, starts: Starts) -> Walks:
    """Walk all stacks."""
    n = len(starts)
    walks = Walks(
        np.zeros(n, np.int64),
        np.zeros(n, np.bool_),
        np.ones(n, np.bool_),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
    )
    used = starts.hi.astype(np.int64) - starts.sp.astype(np.int64)
    sound = (used >= 0) & (starts.sp % 8 == 0) & (starts.hi % 8 == 0)
    walks.readable[~sound] = False
    for rows in parts(np.nonzero(sound)[0], used):
        if len(rows) == 1 and int(used[rows[0]]) > PART:
            _Deep(memory, paths, starts, int(rows[0])).into(walks)
            continue
        got = memory.gather(starts.sp[rows], used[rows])
        walks.readable[rows[~got.good]] = False
        _Part(memory, paths, starts, rows[got.good], got.data.view(np.uint64), got.starts[got.good] // 8).run(walks)
    return walks


def parts(rows: I64, used: I64) -> Iterator[I64]:
    """The rows in parts that hold at most PART bytes of stack each, or one row."""
    if not len(rows):
        return
    ends = np.cumsum(used[rows])
    first = 0
    while first < len(rows):
        before = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + PART, side="right")))
        yield rows[first:last]
        first = last


class _Part:
    """One part: its stacks' used bytes are in `words`, row i's from `base[i]` on."""

    def __init__(self, memory: Memory, paths: Paths, starts: Starts, rows: I64, words: U64, base: I64) -> None:
        self.memory, self.paths, self.code, self.starts = memory, paths, paths.code, starts
        self.rows, self.words = rows, words
        mine = starts.at(rows)
        self.pc, self.lr = mine.pc.copy(), mine.lr.copy()
        self.sp = np.zeros(len(rows), np.int64)  # bytes above the walk's first SP
        self.size = mine.hi.astype(np.int64) - mine.sp.astype(np.int64)
        self.base, self.exact, self.syscall = base, mine.exact.copy(), mine.syscall
        self.node = np.full(len(rows), ROOT, np.int64)

    def run(self, walks: Walks) -> None:
        """Walk until all have ended."""
        live = np.arange(len(self.rows))
        complete = np.zeros(len(self.rows), np.bool_)
        rounds = 0
        while len(live):
            if rounds >= ROUNDS and len(live) <= FEW:
                for i in live.tolist():
                    _Deep(self.memory, self.paths, self.starts, int(self.rows[i])).into(walks)
                done = np.ones(len(self.rows), np.bool_)
                done[live] = False
                rows = self.rows[done]
                walks.node[rows], walks.complete[rows] = self.node[done], complete[done]
                return
            live = self.step(live, complete, rounds == 0)
            rounds += 1
        walks.node[self.rows], walks.complete[self.rows] = self.node, complete

    def step(self, live: I64, complete: Flags, first: bool) -> I64:
        """One frame of each; returns those that go on."""
        code = self.code
        places = code.numbers(self.pc[live], self.exact[live])
        kinds, deltas = code.kinds[places], code.deltas[places]
        valid = (kinds & VALID) != 0
        live, places, kinds, deltas = live[valid], places[valid], kinds[valid], deltas[valid]
        self.node[live] = self.paths.children(self.node[live], places)
        complete[live[(kinds & TOP) != 0]] = True
        stop = (kinds & TOP) != 0
        writes = (kinds & SP_WRITE) != 0
        stop |= writes & ~self.syscall[live] if first else writes
        frame_top = self.sp[live] + deltas + code.word
        stop |= (frame_top > self.size[live]) | (frame_top < self.sp[live])
        live, kinds, deltas, frame_top = live[~stop], kinds[~stop], deltas[~stop], frame_top[~stop]
        if not code.link_register:
            self.pc[live] = self.words[self.base[live] + (frame_top - 8) // 8]
            self.sp[live] = frame_top
            self.exact[live] = (kinds & INJECTED) != 0
            return live
        return self.step_lr(live, kinds, deltas, frame_top, first)

    def step_lr(self, live: I64, kinds: I64, deltas: I64, frame_top: I64, first: bool) -> I64:
        """The same where the return address may be in the link register (arm64)."""
        from_stack = self.lr[live] == 0
        if first:
            from_stack |= deltas > 0
        room = self.sp[live] + 8 <= self.size[live]
        stuck = (from_stack & ~room) | (~from_stack & (self.pc[live] == self.lr[live]) & (deltas == 0))
        live, kinds, frame_top, from_stack = live[~stuck], kinds[~stuck], frame_top[~stuck], from_stack[~stuck]
        back = self.lr[live].copy()
        at = live[from_stack]
        back[from_stack] = self.words[self.base[at] + self.sp[at] // 8]
        self.pc[live], self.lr[live], self.sp[live] = back, 0, frame_top
        injected = (kinds & INJECTED) != 0
        self.exact[live] = injected
        for i in live[injected].tolist():
            # The signal handler saved the link register below the frame before it called.
            if self.sp[i] + 16 <= self.size[i]:
                saved = int(self.words[self.base[i] + self.sp[i] // 8])
                self.sp[i] += 16
                number = self.code.number(int(self.pc[i]), True)
                if not self.code.kind_list[number] & VALID:
                    self.pc[i] = saved
                elif self.code.delta_list[number] == 0:
                    self.lr[i] = saved
        return live


class _Deep:
    """One long walk, which reads the stack window by window."""

    def __init__(self, memory: Memory, paths: Paths, starts: Starts, row: int) -> None:
        self.memory, self.paths, self.row = memory, paths, row
        self.pc, self.sp, self.lr, self.hi = (int(c[row]) for c in (starts.pc, starts.sp, starts.lr, starts.hi))
        self.exact, self.syscall = bool(starts.exact[row]), bool(starts.syscall[row])
        self._low = self._high = 0
        self._words: memoryview = memoryview(b"").cast("Q")

    def word(self, address: int) -> int:
        """A word of the stack."""
        if not self._low <= address < self._high:
            self._low, self._high = address, min(self.hi, address + WINDOW)
            self._words = memoryview(self.memory.read(address, self._high - address)).cast("Q")
        return self._words[(address - self._low) >> 3]

    def into(self, walks: Walks) -> None:
        """Walk, and store the end in this walk's row."""
        code = self.paths.code
        head: list[int] = []
        tail: deque[int] = deque()
        elided = elided_bytes = 0
        pc, sp, lr, exact, first = self.pc, self.sp, self.lr, self.exact, True
        deltas, kinds, extra = code.delta_list, code.kind_list, code.word
        complete = False
        known: dict[int, int] = {}
        try:
            while True:
                place = known.get(pc) if not exact else None
                if place is None:
                    place = code.number(pc, exact)
                    if not exact:
                        known[pc] = place
                kind = kinds[place]
                if not kind & VALID:
                    break
                if len(head) < KEPT:
                    head.append(place)
                else:
                    tail.append(place)
                    if len(tail) > KEPT:
                        elided += 1
                        elided_bytes += deltas[tail.popleft()] + extra
                if kind & TOP:
                    complete = True
                    break
                if kind & SP_WRITE and not (first and self.syscall):
                    break
                delta = deltas[place]
                top = sp + delta + extra
                if top > self.hi or (top <= sp and not lr):
                    break
                if extra:
                    back = self.word(top - 8)
                elif lr == 0 or (first and delta > 0):
                    back = self.word(sp)
                else:
                    back = lr
                lr = 0
                sp, pc, first, exact = top, back, False, bool(kind & INJECTED)
                if exact and not extra:
                    saved = self.word(sp)
                    sp += 16
                    number = code.number(pc, True)
                    if not kinds[number] & VALID:
                        pc = saved
                    elif deltas[number] == 0:
                        lr = saved
        except (MemoryGone, IndexError):
            walks.readable[self.row] = False
        node = ROOT
        for place in (*head, *tail):
            node = self.paths.child(node, place)
        walks.node[self.row], walks.complete[self.row] = node, complete
        walks.elided[self.row], walks.elided_bytes[self.row] = elided, elided_bytes


__all__ = ["AT_ENTRY", "Paths", "Starts", "Walks", "walk"]
