"""What unwinding needs to know of a program counter: the stack delta there and how the walk goes on; and its frames.

Each program counter gets a small number the first time it is seen, and arrays by that number: a hundred thousand
goroutines stand at a few hundred places, so the function table is asked a few hundred times.

A place is a program counter and whether it was *exact*: a return address belongs to the call before it, but where a
signal interrupted the function, the address is the instruction itself (see Note [Exact addresses]).

Note [Exact addresses]: sigpanic, asyncPreempt and debugCallV2 are called by a signal handler, not by the function
below them. So the address below them is of an instruction that was about to run, and lines are looked up at it, not
before it.
"""

from __future__ import annotations

import re

import numpy as np

from morestack.binary import Binary, BinaryError
from morestack.process.layout import wrapper_id
from morestack.process.memory import I64, U64
from morestack.process.model import Frame, Path, Place

VALID, TOP, SP_WRITE, INJECTED, AT_ENTRY = 1, 2, 4, 8, 16
INJECTED_CALLS = ("runtime.sigpanic", "runtime.asyncPreempt", "runtime.debugCallV1", "runtime.debugCallV2")
PCSP = 4
WRAPPER = re.compile(r"\.gowrap\d+$|·dwrap·\d+$")
"""Functions the compiler writes for `go f(x)`: they call f with the arguments they keep."""


class Code:
    """The code of one loaded program."""

    def __init__(self, binary: Binary, bias: int) -> None:
        self.binary = binary
        self.bias = bias
        self.text = binary.text_start + bias, binary.text_end + bias
        self.link_register = binary.goarch == "arm64"
        self.word = 0 if self.link_register else 8
        self.wrapper_id = wrapper_id(binary.go_version)
        self.pcs: list[int] = []
        self.exact: list[bool] = []
        self.delta_list: list[int] = []
        self.kind_list: list[int] = []
        self._numbers: dict[tuple[int, bool], int] = {}
        self._deltas: I64 = np.zeros(0, np.int64)
        self._kinds: I64 = np.zeros(0, np.int64)
        self._frames: dict[int, tuple[Frame, ...]] = {}
        self._places: dict[int, Place | None] = {}
        self._starts: dict[int, Place | None] = {}
        self._inner: dict[tuple[int, int], Place | None] = {}
        self._kept: list[Path] = []

    def number(self, pc: int, exact: bool) -> int:
        """The number of a place."""
        known = self._numbers.get((pc, exact))
        if known is not None:
            return known
        delta, kind = self._look(pc)
        number = self._numbers[pc, exact] = len(self.pcs)
        self.pcs.append(pc)
        self.exact.append(exact)
        self.delta_list.append(delta)
        self.kind_list.append(kind)
        return number

    def _look(self, pc: int) -> tuple[int, int]:
        if not self.text[0] <= pc <= self.text[1]:
            return 0, 0
        func = self.binary.pclntab.find(pc - self.bias)
        if func is None:
            return 0, 0
        try:
            if not int(self.binary.pclntab.record[PCSP][func.index]):
                return 0, 0  # code of another compiler
            delta = func.sp_delta(pc - self.bias)
            name = func.name
        except BinaryError:
            return 0, 0
        kind = VALID
        if func.is_top:
            kind |= TOP
        if func.writes_sp and name != "runtime.cgocallback":
            kind |= SP_WRITE
        if name in INJECTED_CALLS:
            kind |= INJECTED
        if pc - self.bias == func.entry:
            kind |= AT_ENTRY
        return delta, kind

    def numbers(self, pcs: U64, exact: bool | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> I64:
        """The numbers of many places."""
        keys = (pcs << np.uint64(1)) | np.asarray(exact, np.uint64)
        unique, inverse = np.unique(keys, return_inverse=True)
        found = [self.number(key >> 1, bool(key & 1)) for key in unique.tolist()]
        return np.asarray(np.array(found, np.int64)[inverse], np.int64)

    @property
    def deltas(self) -> I64:
        """Stack deltas by number."""
        if len(self._deltas) != len(self.delta_list):
            self._deltas = np.array(self.delta_list, np.int64)
        return self._deltas

    @property
    def kinds(self) -> I64:
        """Kinds by number."""
        if len(self._kinds) != len(self.kind_list):
            self._kinds = np.array(self.kind_list, np.int64)
        return self._kinds

    def bytes_of(self, number: int) -> int:
        """The size of the frame at a place: up to the caller's stack pointer."""
        return self.delta_list[number] + self.word

    def frames(self, number: int) -> tuple[Frame, ...]:
        """The functions at a place, innermost first; the last is the one that has the frame."""
        known = self._frames.get(number)
        if known is not None:
            return known
        pc = self.pcs[number]
        func = self.binary.pclntab.find(pc - self.bias)
        if func is None or not self.kind_list[number] & VALID:
            found: tuple[Frame, ...] = (Frame(f"{pc:#x}", pc=pc),)
        else:
            at = pc - self.bias
            if not self.exact[number] and at > func.entry:
                at -= 1
            size = self.bytes_of(number)
            try:
                levels = func.inline_stack(at)
                found = tuple(
                    Frame(level.name, level.file, level.line, pc, size if last else 0, not last)
                    for level, last in zip(levels, [False] * (len(levels) - 1) + [True], strict=True)
                )
            except BinaryError:
                found = (Frame(func.name, pc=pc, frame_bytes=size),)
        self._frames[number] = found
        return found

    def statement(self, gopc: int) -> Place | None:
        """The `go` statement that ended in this return address."""
        if gopc not in self._places:
            func = self.binary.pclntab.find(gopc - self.bias) if self.text[0] <= gopc <= self.text[1] else None
            place = None
            if func is not None:
                at = gopc - self.bias
                try:
                    level = func.inline_stack(at - 1 if at > func.entry else at)[0]
                    place = Place(level.name, level.file, level.line)
                except BinaryError:
                    place = Place(func.name)
            self._places[gopc] = place
        return self._places[gopc]

    def function(self, entry: int) -> Place | None:
        """The function that starts at an address."""
        if entry not in self._starts:
            func = self.binary.pclntab.find(entry - self.bias) if self.text[0] <= entry <= self.text[1] else None
            place = None
            if func is not None:
                try:
                    file, line = func.line(func.entry)
                    place = Place(func.name, file, func.start_line or line)
                except BinaryError:
                    place = Place(func.name)
            self._starts[entry] = place
        return self._starts[entry]

    def started(self, entry: int, path: Path) -> Place | None:
        """The function a `go` statement names: the one that starts at `entry`, or the one that wrapper calls."""
        key = entry, id(path)
        if key not in self._inner:
            self._kept.append(path)  # so that its id stays its own
            self._inner[key] = self._started(entry, path)
        return self._inner[key]

    def _started(self, entry: int, path: Path) -> Place | None:
        start = self.function(entry)
        func = self.binary.pclntab.find(entry - self.bias) if start is not None else None
        if start is None or func is None or len(path) < 3:
            return start
        if not WRAPPER.search(start.function) and func.func_id != self.wrapper_id:
            return start
        for k in range(len(path) - 1, 0, -1):
            if path[k].function == start.function:
                return self._start_of(path[k - 1])
        return start

    def _start_of(self, frame: Frame) -> Place:
        """Where the function of a frame begins."""
        func = self.binary.pclntab.find(frame.pc - self.bias)
        line = 0
        if func is not None:
            try:
                for level in func.inline_stack(max(func.entry, frame.pc - self.bias - 1)):
                    if level.name == frame.function:
                        line = level.start_line
            except BinaryError:
                pass
        return Place(frame.function, frame.file, line)
