"""Each frame's bytes, from the stack deltas of the binary that a profile was taken from.

The binary also names what a profile leaves out: calls inlined there, and the wrappers the compiler makes for `go`
statements, which tell the statement's place.

A profile of another build would give wrong figures without a sign, so the names that the profile has are compared
with the binary's at the same addresses; that also finds where a position-independent binary was loaded.

Invariant: `Frame.frame_bytes` reaches from a frame's stack pointer to its caller's. On amd64 that is the delta and the
word of the return address, on arm64 the delta.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from morestack.process.model import Frame, Path, Place
from morestack.profile.errors import ProfileError
from morestack.profile.statement import WRAPPER

if TYPE_CHECKING:
    from morestack.binary import Binary, Func

PAGE = 0x1000
PROBES = 200
"""Addresses that are compared with the profile's names."""
AGREE = 0.9
STARTED = re.compile(r"\.(gowrap|func)\d+(\.\d+)*$")
"""Functions the compiler made for a `go` statement or a literal: nothing calls them through a wrapper."""


class Sizer:
    """A binary, asked for the frames at addresses of one profile at a time."""

    def __init__(self, binary: Binary) -> None:
        self.binary = binary
        self.table = binary.pclntab
        self.word = 8 if binary.goarch == "amd64" else 0
        self.bias = 0
        self.notes: list[str] = []
        self.frames_at: dict[tuple[int, int], Path] = {}

    def calibrate(self, named: Iterable[tuple[int, str]]) -> None:
        """Find the load bias from addresses of functions with known names; refuse a profile of another build."""
        probes: dict[int, str] = {}
        for address, name in named:
            if name and not name.startswith("0x"):
                probes[address] = name
                if len(probes) >= PROBES:
                    break
        self.frames_at.clear()
        self.bias = 0
        if not probes or self.agreeing(probes, 0) >= AGREE:
            return
        votes: Counter[int] = Counter()
        for address, name in probes.items():
            function = self.table.lookup(name)
            if function is not None:
                first = (address - function.entry) // PAGE * PAGE
                votes.update({first, first - (function.end - function.entry) // PAGE * PAGE})
        for bias, _ in votes.most_common(3):
            if self.agreeing(probes, bias) >= AGREE:
                self.bias = bias
                return
        share = max([self.agreeing(probes, 0), *(self.agreeing(probes, b) for b, _ in votes.most_common(3))])
        raise ProfileError(
            f"the profile is not of {self.binary.path}: of {len(probes)} functions {share:.0%} lie where it says; "
            "give the binary that it was taken from"
        )

    def agreeing(self, probes: dict[int, str], bias: int) -> float:
        """The share of names that the binary has at these addresses too."""
        hits = 0
        for address, name in probes.items():
            function = self.table.find(address - bias)
            if function is not None:
                # what a profile shows as the outermost may be inlined in a wrapper it hides
                hits += function.name == name or any(f.name == name for f in function.inline_stack(address - bias))
        return hits / len(probes)

    def frames(self, address: int, pc: int) -> Path:
        """The frames of the call at an address, whose state is that at pc: inlined ones, then the one they are in.

        For a frame that called another, `address` is in the call and `pc` behind it. Nothing where the address is not
        in the binary.
        """
        key = (address, pc)
        known = self.frames_at.get(key)
        if known is None:
            known = self.frames_at[key] = self.find(address, pc)
        return known

    def find(self, address: int, pc: int) -> Path:
        """Look an address up."""
        function = self.table.find(address - self.bias)
        if function is None:
            return ()
        *inner, outer = function.inline_stack(address - self.bias)
        size = self.size(function, address, pc)
        calls = [Frame(f.name, f.file, f.line, pc, 0, True) for f in inner]
        return (*calls, Frame(outer.name, outer.file, outer.line, pc, size))

    def size(self, function: Func, address: int, pc: int) -> int:
        """From a frame's stack pointer at pc to its caller's.

        Behind a call that does not return, and behind an instruction at which the runtime preempted, pc may be past
        the function's last: then the delta at the address holds.
        """
        at = pc - self.bias
        table = function.sp_table()
        value = table.at(at - function.entry) if at < function.end else None
        return (function.sp_delta(address - self.bias) if value is None else value) + self.word

    def path(self, pcs: list[int]) -> Path:
        """The path of return addresses as a debug=1 profile lists them, where inlined calls have their own."""
        out: list[Frame] = []
        i = 0
        while i < len(pcs):
            frames = self.frames(pcs[i] - 1, pcs[i])
            if not frames:
                self.note(f"Some addresses are not in {self.binary.path}: their frames' bytes are missing.")
                out.append(Frame(f"{pcs[i]:#x}", pc=pcs[i]))
                i += 1
                continue
            function = self.table.find(pcs[i] - 1 - self.bias)
            out += frames
            i += 1
            for _ in frames[:-1]:
                if i < len(pcs) and self.table.find(pcs[i] - 1 - self.bias) is function:
                    i += 1
        while out and out[-1].function == "runtime.goexit":
            out.pop()
        return self.complete(tuple(out))

    def at_offset(self, name: str, offset: int, innermost: bool) -> tuple[int, int] | None:
        """The link-time address and the frame's bytes at an offset in a function, as dumps print them."""
        function = self.table.lookup(name)
        if function is None or not 0 <= offset <= function.end - function.entry:
            self.note(f"Some functions of the dump are not in {self.binary.path}.")
            return None
        pc = function.entry + offset
        value = function.sp_table().at(offset)
        return pc, (function.sp_delta(pc - 1) if value is None and offset else value or 0) + self.word

    def full(self, name: str) -> int | None:
        """The frame of a function once its prologue has run, with the word of the return address."""
        function = self.table.lookup(name)
        return None if function is None else function.frame_bytes + self.word

    @cached_property
    def wrappers(self) -> list[tuple[Place, str, Frame]]:
        """The wrappers that `go` statements start: the statement, the function called, the wrapper's frame."""
        from morestack.binary.frames import Frames

        found = []
        for row in Frames(self.binary).statements():
            wrapper = self.table.lookup(row.start) if row.start is not None and WRAPPER.match(row.start) else None
            if wrapper is not None:
                # where the call is inlined, profiles show the wrapper's frame as that of the function called
                pure = len(row.path) > 1 and self.table.inline_tree(wrapper.index) is None
                frame = Frame(wrapper.name, row.file, row.line, 0, wrapper.frame_bytes + self.word)
                found.append((Place(row.function, row.file, row.line), row.path[1].name if pure else "", frame))
        return found

    def wrapped(self, path: Path, creator: Place | None) -> Path:
        """A path of a dump, which hides wrappers, with that of the `go` statement it names."""
        root = path[-1] if path else None
        if root is None or creator is None:
            return path
        here = [
            (called, frame)
            for place, called, frame in self.wrappers
            if (place.function, place.line) == (creator.function, creator.line)
        ]
        if len(here) != 1 or (not root.inlined and here[0][0] != root.function):
            return path
        return (*path, here[0][1])

    def complete(self, path: Path) -> Path:
        """A path with the wrapper of its `go` statement, which profiles hide where it has a frame of its own.

        Nothing is added where several statements start the same function.
        """
        root = path[-1] if path else None
        if root is None or root.inlined or root.function.startswith("runtime.") or STARTED.search(root.function):
            return path
        wrappers = [frame for _, called, frame in self.wrappers if called == root.function]
        return (*path, wrappers[0]) if len(wrappers) == 1 else path

    def note(self, text: str) -> None:
        """Remember what a reader must know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def take_notes(self) -> list[str]:
        """The notes since the last call."""
        notes, self.notes = self.notes, []
        return notes
