"""The frames of a binary as plain rows: what `morestack frames` prints.

A `Frame` is a function with its size; a `Statement` is a `go` statement with what it starts and the stack that this
needs through direct calls, in two ways:

- `own_bytes`: calls into the runtime count with the frame of the function called, and no further.
- `worst_bytes`: the runtime's functions are followed too. A goroutine that allocates can be made to help the garbage
  collector on its own stack, so this is 4 KB and more for nearly all.

`recursion` and `indirect` tell what makes both lower bounds; they are of the program's own functions, because the
runtime's own (finding a lock's holder, printing) are in every program. Calls that end in a panic are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from morestack.binary.cache import Arrays, cached
from morestack.binary.depth import Depths
from morestack.binary.errors import BinaryError
from morestack.binary.file import Binary
from morestack.binary.gort import AT_ENTRY, GUARD, GUARD_WINDOWS, RETURN_ADDRESS, SMALL, SYSTEM, next_size
from morestack.binary.graph import CallGraph, call_graph, kept, within
from morestack.binary.pclntab import Func
from morestack.binary.started import started

FAMILY = re.compile(r"(runtime\.call|(runtime\.)?debugCall)\d+$")


@dataclass(frozen=True, slots=True)
class Frame:
    """A function's frame. `stack_size` is the smallest stack it runs on as a goroutine's first function."""

    name: str
    frame_bytes: int
    args_bytes: int | None
    stack_size: int
    file: str
    line: int
    function: Func = field(compare=False)


@dataclass(frozen=True, slots=True)
class PathStep:
    """A function on a path; `used` is the stack in use at its entry, `frame_bytes` its own."""

    name: str
    frame_bytes: int
    used: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the source."""

    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A `go` statement; `function` is the one it stands in, `start` what it starts, None for a func value.

    The main goroutine has a row too, whose place is `main.main` and whose `is_main` is true.
    """

    function: str
    file: str
    line: int
    start: str | None
    own_bytes: int
    own_stack_size: int
    worst_bytes: int
    worst_stack_size: int
    path: tuple[PathStep, ...]
    worst_path: tuple[PathStep, ...]
    recursion: tuple[str, ...]
    indirect: tuple[Place, ...]
    indirect_calls: int
    functions: int
    is_main: bool = False

    @property
    def bounded(self) -> bool:
        """Whether nothing but panics and the runtime can need more."""
        return self.start is not None and not self.recursion and not self.indirect_calls

    @property
    def title(self) -> str:
        """For a reader: where it stands, and what it starts when that has a name of its own."""
        if self.is_main:
            return "the main goroutine"
        made = self.start is None or self.start.startswith(f"{self.function}.")
        return self.function if made else f"{self.function} starts {self.start}"

    @property
    def key(self) -> str:
        """What tells a statement from others across builds: the two functions."""
        return f"{self.function} -> {self.start or 'a func value'}"


class Frames:
    """The frames and `go` statements of one binary."""

    def __init__(self, binary: Binary) -> None:
        self.binary = binary
        self.tab = binary.pclntab
        self.guard = GUARD_WINDOWS if binary.goos == "windows" and binary.goarch == "amd64" else GUARD
        self._sizes = self.tab.frame_bytes
        self._found: _Found | None = None

    def functions(self, pattern: str | None = None, limit: int | None = None, families: bool = True) -> list[Frame]:
        """Functions by frame size, the largest first; equal ones by name.

        Without `families`, the assembly is left out that only lends its frame, one function for each power of two
        (`runtime.call1048576` for reflect, `debugCall65536` for debuggers).
        """
        asked = matcher(pattern)
        names = self.tab.names if asked is not None or limit is None else None
        chosen: list[int] = []
        smallest = 0
        for index in np.argsort(-self._sizes, kind="stable").tolist():
            # whole groups of equal size, so that the order within one is by name
            size = int(self._sizes[index])
            if limit is not None and len(chosen) >= limit and size != smallest:
                break
            name = names[index] if names is not None else self.tab.func(index).name
            if asked is not None and not asked.search(name):
                continue
            if not families and FAMILY.match(name):
                continue
            smallest = size
            chosen.append(index)
        rows = sorted(map(self._frame, chosen), key=lambda row: (-row.frame_bytes, row.name))
        return rows[:limit] if limit is not None else rows

    def _frame(self, index: int) -> Frame:
        function = self.tab.func(index)
        size = int(self._sizes[index])
        alone = next_size(AT_ENTRY[self.binary.goarch] + max(0, size - SMALL) + self.guard + 1)
        return Frame(function.name, size, function.args_bytes, alone, *function.place(), function)

    def statements(self, pattern: str | None = None, limit: int | None = None) -> list[Statement]:
        """`go` statements by the stack that their own functions need, the largest first."""
        found = self._find()
        asked = matcher(pattern)
        rows: list[tuple[int, int, int]] = []
        for number, (place, start) in enumerate(found.starts):
            if asked is not None:
                names = [self.tab.func(self._in(place)).name, self.tab.func(start).name if start >= 0 else ""]
                if not any(asked.search(name) for name in names):
                    continue
            rows.append((self._need(place, start), -number, number))
        rows.sort(reverse=True)
        return [self._statement(*found.starts[number]) for _, _, number in rows[:limit]]

    def _need(self, place: int, start: int) -> int:
        """Own bytes of a statement, before the rest is looked up."""
        if start < 0:
            return 0
        return self._base(place == self.tab.func(start).entry) + self._find().own.known[start]

    def _in(self, place: int) -> int:
        function = self.tab.find(place)
        assert function is not None
        return function.index

    def _statement(self, place: int, start: int) -> Statement:
        found = self._find()
        caller = self.tab.func(self._in(place))
        is_main = place == caller.entry
        spot = caller.inline_stack(place)[0]
        at = (spot.name, spot.file, spot.line)
        if is_main:
            at = (caller.name, *caller.place())
        if start < 0:
            return Statement(*at, None, 0, 0, 0, 0, (), (), (), (), 0, 0)
        own, all_ = found.own, found.all
        reached = own.reached(start)
        places = [address for index in reached for address in own.loose.get(index, ())]
        base = self._base(is_main)
        return Statement(
            *at,
            self.tab.func(start).name,
            base + own.known[start],
            own.stack_size(start, base),
            base + all_.known[start],
            max(all_.stack_size(start, base), own.stack_size(start, base)),
            self._path(own, start, base),
            self._path(all_, start, base),
            self._recursion(own, reached),
            tuple(self._place(address) for address in places[:5]),
            len(places),
            len(reached),
            is_main,
        )

    def _base(self, is_main: bool) -> int:
        """The stack in use when a goroutine's function begins; `main.main` is called by the runtime's own."""
        goarch = self.binary.goarch
        runtime = self.tab.lookup("runtime.main") if is_main else None
        below = runtime.frame_bytes + RETURN_ADDRESS[goarch] if runtime is not None else 0
        return AT_ENTRY[goarch] + below

    def _path(self, depths: Depths, start: int, base: int) -> tuple[PathStep, ...]:
        steps = []
        for step in depths.path(start, base):
            function = self.tab.func(step.index)
            steps.append(PathStep(function.name, int(self._sizes[step.index]), step.used, *function.place()))
        return tuple(steps)

    def _place(self, address: int) -> Place:
        function = self.tab.func(self._in(address))
        frame = function.inline_stack(address)[0]
        return Place(frame.name, frame.file, frame.line)

    def _recursion(self, depths: Depths, reached: Sequence[int]) -> tuple[str, ...]:
        """The recursion that begins nearest to the start."""
        for index in reached:
            mark = depths.component[index]
            if mark in depths.members:
                return tuple(self.tab.func(step).name for step in depths.cycle(mark, index))
        return ()

    def _find(self) -> _Found:
        if self._found is None:
            arrays = cached(self.binary, "calls", ARRAYS, self._arrays)
            graph = CallGraph(
                arrays["first"],
                arrays["callee"],
                arrays["below"],
                arrays["splits"].astype(np.bool_),
                arrays["indirect"],
                arrays["indirect_in"],
                arrays["places"],
            )
            starts = list(zip(arrays["places"].tolist(), arrays["starts"].tolist(), strict=True))
            roots = sorted({start for _, start in starts if start >= 0})
            own = kept(graph, arrays["system"] == 0)
            self._found = _Found(
                starts, Depths(self.tab, own, roots, self.guard), Depths(self.tab, graph, roots, self.guard)
            )
        return self._found

    def _arrays(self) -> Arrays:
        """The call graph, and the `go` statements with what they start (-1: not known)."""
        try:
            return self._read_code()
        except (OverflowError, IndexError, ValueError, MemoryError) as error:
            raise BinaryError(f"{self.binary.path}: its code or its function table is damaged ({error})") from None

    def _read_code(self) -> Arrays:
        tab = self.tab
        graph = call_graph(self.binary)
        by_function: dict[int, set[int]] = {}
        for place in graph.starts.tolist():
            by_function.setdefault(self._in(place), set()).add(place)
        pairs: dict[int, int] = {}
        for index, places in by_function.items():
            for place, function in started(self.binary, tab.func(index), places).items():
                pairs[place] = function.index if function is not None else -1
        main = tab.lookup("main.main")
        if main is not None:
            pairs[main.entry] = main.index
        system = np.fromiter((SYSTEM.match(name) is not None for name in tab.names), np.int64, len(tab))
        graph = within(graph, {start for start in pairs.values() if start >= 0})
        return {
            "first": graph.first,
            "callee": graph.callee,
            "below": graph.below,
            "splits": graph.splits.astype(np.int64),
            "indirect": graph.indirect,
            "indirect_in": graph.indirect_in,
            "places": np.array(sorted(pairs), np.int64),
            "starts": np.array([pairs[place] for place in sorted(pairs)], np.int64),
            "system": system,
        }


def matcher(pattern: str | None) -> re.Pattern[str] | None:
    """A regular expression of the user's."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise BinaryError(f"{pattern}: not a regular expression: {error}") from None


ARRAYS = ("first", "callee", "below", "splits", "indirect", "indirect_in", "places", "starts", "system")


@dataclass(frozen=True, slots=True)
class _Found:
    starts: list[
        tuple[int, int]
    ]  # the call's address (of the main goroutine: main.main), and the row of what it starts
    own: Depths
    all: Depths
