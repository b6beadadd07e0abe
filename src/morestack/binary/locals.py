"""What makes a frame big: the variables that have a place in it, with their types.

From DWARF where the binary has it: variables whose location is on the stack, those of inlined functions too. A
variable that is in registers at times counts with the bytes that it has on the stack at others. In a stripped binary
the runtime's table of stack objects remains: sizes and places of variables whose address is taken and that hold
pointers, without names.

Slots may be shared by variables that are not in use at the same time, so the bytes can add up to more than the frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from morestack.binary.dwarf import (
    AT_LOCATION,
    AT_NAME,
    INLINED,
    PARAMETER,
    VARIABLE,
    Damaged,
    Dwarf,
    Entry,
    sleb,
    uleb,
)
from morestack.binary.errors import BinaryError
from morestack.binary.file import Binary
from morestack.binary.pclntab import Func

FBREG, CFA, PIECE, REGX, PLUS_UCONST = 0x91, 0x9C, 0x93, 0x90, 0x23
STACK_OBJECTS = 2  # of funcdata
BELOW_CFA = {"amd64": 16, "arm64": 8}  # from the caller's SP down to where stack objects count from
LARGE = 128  # bytes of a variable whose place is not recorded
LONGEST_LIST = 100_000


@dataclass(frozen=True, slots=True)
class Local:
    """A variable with `bytes` on the stack, at `offset` from the caller's SP; `of` is the inlined function it is of.

    `offset` is None for a large variable whose place the compiler did not record (Go 1.20 to 1.24 lose it when the
    address is taken): it may lie in the frame.
    """

    name: str
    type: str
    bytes: int
    offset: int | None
    of: str | None = None


def locals_of(binary: Binary, function: Func) -> list[Local]:
    """A function's variables in its frame, the largest first."""
    found: list[Local] | None = None
    if binary.dwarf is not None:
        try:
            found = _described(binary.dwarf, function)
        except (Damaged, BinaryError, IndexError, ValueError):
            found = None
    if found is None:
        try:
            found = _objects(binary, function)
        except BinaryError:
            found = []
    return sorted(found, key=lambda local: (-local.bytes, local.offset or 0, local.name))


def unnamed(function: Func, found: Iterable[Local]) -> int:
    """Bytes of a frame that none of these variables covers: saved registers, outgoing arguments, and temporaries, among
    them the arrays behind slices that do not escape. (Variables without a recorded place may be in them.)"""
    low = 0
    covered = 0
    for start, end in sorted((local.offset, local.offset + local.bytes) for local in found if local.offset is not None):
        start = max(start, low if covered else start)
        if end > start:
            covered += end - start
            low = end
    return max(0, function.frame_bytes - covered)


def _described(dwarf: Dwarf, function: Func) -> list[Local] | None:
    entry = dwarf.function(function.name, function.entry, function.end - function.entry)
    if entry is None:
        return None
    found: dict[tuple[str, int | None, str | None], Local] = {}
    for variable, inside in dwarf.below(entry):
        if variable.tag not in (VARIABLE, PARAMETER):
            continue
        location = variable.values.get(AT_LOCATION)
        if location is None:
            continue
        type_, size = dwarf.type_of(variable)
        slots: dict[int, int] = {}
        for expression in _expressions(dwarf, variable, location):
            for offset, bytes_ in _slots(expression, size):
                if offset < 0:
                    slots[offset] = max(bytes_, slots.get(offset, 0))
        lost = location == b"" and variable.tag == VARIABLE and LARGE <= size <= function.frame_bytes
        if not slots and not lost:
            continue
        name = dwarf.attribute(variable, AT_NAME)
        inlined = next((e for e in reversed(inside) if e.tag == INLINED), None)
        of = dwarf.attribute(inlined, AT_NAME) if inlined is not None else None
        local = Local(
            name if isinstance(name, str) else "?",
            type_,
            size if lost else min(sum(slots.values()), size or sum(slots.values())),
            None if lost else min(slots),
            of if isinstance(of, str) else None,
        )
        if local.bytes:
            found[(local.name, local.offset, local.of)] = local
    return list(found.values())


def _expressions(dwarf: Dwarf, variable: Entry, location: object) -> Iterator[bytes]:
    """The location expressions of a variable: one, or those of a list by ranges of code."""
    if isinstance(location, bytes):
        yield location
        return
    if not isinstance(location, int):
        return
    lists = dwarf.loclists
    at = location
    if not dwarf.version_4:
        for _ in range(LONGEST_LIST):
            kind = lists[at]
            at += 1
            if kind == 0:
                return
            if kind in (1, 2, 3, 4):  # base_addressx, startx_endx, startx_length, offset_pair
                _, at = uleb(lists, at)
                if kind != 1:
                    _, at = uleb(lists, at)
            elif kind == 6:  # base_address
                at += 8
            elif kind == 7:  # start_end
                at += 16
            elif kind == 8:  # start_length
                _, at = uleb(lists, at + 8)
            elif kind != 5:
                raise Damaged
            if kind in (1, 6):
                continue
            size, at = uleb(lists, at)
            yield lists[at : at + size]
            at += size
        return
    for _ in range(LONGEST_LIST):
        first, second = (int.from_bytes(lists[at + k : at + k + 8], "little") for k in (0, 8))
        at += 16
        if at > len(lists) or first == second == 0:
            return
        if first == (1 << 64) - 1:
            continue
        size = int.from_bytes(lists[at : at + 2], "little")
        yield lists[at + 2 : at + 2 + size]
        at += 2 + size


def _slots(expression: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Offset and bytes of the parts of a variable that an expression puts on the stack."""
    at = 0
    offset: int | None = None
    while at < len(expression):
        op = expression[at]
        at += 1
        if op == FBREG:
            offset, at = sleb(expression, at)
        elif op == CFA:
            offset = 0
        elif op == PLUS_UCONST:
            more, at = uleb(expression, at)
            offset = offset + more if offset is not None else None
        elif op == PIECE:
            bytes_, at = uleb(expression, at)
            if offset is not None:
                yield offset, bytes_
            offset = None
        elif op == REGX:
            _, at = uleb(expression, at)
        elif not 0x50 <= op <= 0x6F:
            return  # an address, or something computed
    if offset is not None:
        yield offset, size


def _objects(binary: Binary, function: Func) -> list[Local]:
    """The runtime's stack objects: how many, then offset, size, bytes with pointers, and the type's bits of each."""
    at = binary.pclntab.funcdata(function.index, STACK_OBJECTS)
    if at is None:
        return []
    count = binary.image.word(at)
    if not 0 < count < 100_000:
        return []
    data = binary.read(at + 8, 16 * count)
    found: list[Local] = []
    for k in range(0, len(data), 16):
        offset, size = (int.from_bytes(data[k + i : k + i + 4], "little", signed=True) for i in (0, 4))
        if offset < 0 and size > 0:
            found.append(Local("", "", size, offset - BELOW_CFA[binary.goarch]))
    return found
