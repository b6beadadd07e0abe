"""A Go program to be read: its memory, its binary, and where the runtime's structures are in it.

`open_process` and `open_core` find the binary (`/proc/PID/exe`, which also leads into a container; the path a core
names), where it is loaded, and the layout of the runtime's structures. `morestack.process.snapshot` reads goroutines
through the result, as often as wanted.

Invariant: the binary is the one that runs. Its module record, a variable of the running program, holds the addresses
of its own text; when they differ from what the file says, nothing is read.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from morestack.binary import Binary, BinaryError, open_binary
from morestack.binary.moduledata import LAYOUTS
from morestack.process.code import Code
from morestack.process.core import AT_ENTRY, CoreMemory
from morestack.process.errors import MemoryGone, ProcessError
from morestack.process.layout import (
    STATISTICS,
    STRUCTS,
    Layout,
    cached,
    from_structs,
    from_table,
    remember,
    wait_reasons,
)
from morestack.process.memory import Memory, ProcessMemory, word
from morestack.process.structs import find_structs

MOST_DWARF = 2 << 30
MOST_REASONS = 128


@dataclass(slots=True, eq=False)
class Program:
    """What is needed to read goroutines."""

    source: str
    memory: Memory
    binary: Binary
    bias: int
    layout: Layout
    layout_source: str
    code: Code
    reasons: list[str]
    name: str = ""
    """The binary's path as the program knows it."""
    pid: int | None = None
    core: CoreMemory | None = None
    notes: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Give files back."""
        if isinstance(self.memory, ProcessMemory):
            self.memory.close()


def open_process(pid: int, binary: Path | None = None) -> Program:
    """A live process; `binary` stands in for a stripped executable, when it is the same build."""
    memory = ProcessMemory(pid)
    try:
        executable = Path(f"/proc/{pid}/exe")
        try:
            name = os.readlink(executable)
        except OSError:
            name = "?"
        program = open_binary_of(executable, f"process {pid} ({name})")
        if binary is not None:
            program = same_build(program, open_binary_of(binary, str(binary)), binary)
        entry = auxiliary_entry(Path(f"/proc/{pid}/auxv"))
        ready = assemble(f"process {pid} ({name})", memory, program, entry, pid=pid)
        ready.name = str(binary) if binary is not None else name
        return ready
    except BaseException:
        memory.close()
        raise


def open_core(path: Path, binary: Path | None = None) -> Program:
    """A core file; `binary` where the path it names is not there."""
    memory = CoreMemory(path)
    named = binary
    if named is None:
        entry = memory.entry
        found = [f.path for f in memory.files if f.start <= entry < f.end]
        if not found:
            raise ProcessError(f"{path} does not say which program it is of: give it with --binary")
        named = Path(found[0])
        if not named.exists():
            raise ProcessError(f"{path} is of {named}, which is not there: give that binary with --binary")
    program = open_binary_of(named, str(named))
    if program.goarch != memory.goarch:
        raise ProcessError(f"{path} is a core of a program for {memory.goarch}, {named} is built for {program.goarch}")
    ready = assemble(f"core {path} of {named}", memory, program, memory.entry, core=memory)
    ready.name = str(named)
    if memory.cut:
        ready.notes.append(f"the core is cut short: {memory.cut:,} bytes that it promises are missing")
    return ready


def open_binary_of(path: Path, what: str) -> Binary:
    """The binary at a path; not Go's is an error that says so."""
    try:
        return open_binary(path)
    except BinaryError as error:
        text = str(error)
        raise ProcessError(
            f"{what} cannot be read as a Go program: {text.removeprefix(str(path)).lstrip(': ')}"
        ) from None


def same_build(running: Binary, given: Binary, path: Path) -> Binary:
    """`given`, when it is the same build as what runs."""
    if running.build_id != given.build_id:
        raise ProcessError(
            f"{path} is not the binary that runs: its build id is {given.build_id}, not {running.build_id}"
        )
    return given


def auxiliary_entry(path: Path) -> int:
    """The address of the program's first instruction, as the kernel told it; 0 if not known."""
    try:
        data = path.read_bytes()
    except OSError:
        return 0
    for key, value in struct.iter_unpack("<QQ", data[: len(data) // 16 * 16]):
        if key == AT_ENTRY:
            return int(value)
    return 0


def assemble(
    source: str, memory: Memory, binary: Binary, entry: int, pid: int | None = None, core: CoreMemory | None = None
) -> Program:
    """Put a program together, and check that binary and memory belong together."""
    if binary.image.format != "elf":
        raise ProcessError(f"{binary.path} is not an ELF file: live processes and cores are read on Linux only")
    bias = 0
    if binary.pie and entry:
        bias = entry - struct.unpack("<Q", binary.image.data[24:32])[0]
    check_module(memory, binary, bias, source)  # in memory: what a core leaves out is read from the binary after it
    if core is not None:
        core.read_files_with(file_reader(binary, bias))
    layout, layout_source = learn_layout(binary)
    return Program(
        source=source,
        memory=memory,
        binary=binary,
        bias=bias,
        layout=layout,
        layout_source=layout_source,
        code=Code(binary, bias),
        reasons=reason_texts(memory, binary, bias),
        pid=pid,
        core=core,
    )


def file_reader(binary: Binary, bias: int) -> Callable[[int, int], bytes]:
    """Reads what a core leaves out from the binary."""

    def read(address: int, size: int) -> bytes:
        try:
            return binary.read(address - bias, size)
        except BinaryError:
            raise MemoryGone(f"{address:#x}") from None

    return read


def check_module(memory: Memory, binary: Binary, bias: int, source: str) -> None:
    """Compare the module record in memory with the file's."""
    module = binary.moduledata
    names = LAYOUTS[module.release]
    try:
        for name in ("text", "etext", "pclntable", "ebss"):
            at = module.address + bias + 8 * names.index(name)
            if word(memory, at) != module.words[name] + bias:
                raise ProcessError(
                    f"{source}: {binary.path} is not the binary that runs there, or it has not started yet"
                )
    except MemoryGone:
        raise ProcessError(
            f"{source}: {binary.path} is not loaded where it should be: is it the right binary?"
        ) from None


def learn_layout(binary: Binary) -> tuple[Layout, str]:
    """The layout, and where it is from."""
    known = cached(binary.build_id)
    if known is not None:
        return known, "DWARF (cached)"
    info, abbrev = debug_section(binary, "info"), debug_section(binary, "abbrev")
    if info and abbrev:
        found = from_structs(find_structs(info, abbrev, STRUCTS + STATISTICS))
        if found is not None:
            remember(binary.build_id, found)
            return found, "DWARF"
    layout, name = from_table(binary.go_version, binary.goarch)
    return layout, f"table {name}"


def debug_section(binary: Binary, name: str) -> bytes:
    """A DWARF section, unpacked; empty where there is none."""
    section = binary.image.section(f".debug_{name}", f".zdebug_{name}")
    if section is None:
        return b""
    data = bytes(binary.image.contents(section))
    if section.name.startswith(".z"):
        kind, size, body = 1, int.from_bytes(data[4:12], "big"), data[12:]
    elif section.compressed and len(data) > 24:
        kind, _, size = struct.unpack_from("<IIQ", data)
        body = data[24:]
    else:
        return data
    if kind != 1 or size > MOST_DWARF:
        return b""
    try:
        return zlib.decompressobj().decompress(body, size)
    except zlib.error:
        return b""


def reason_texts(memory: Memory, binary: Binary, bias: int) -> list[str]:
    """The runtime's texts of wait reasons: its own where symbols tell where they are, else the table's."""
    at = binary.symbol("runtime.waitReasonStrings")
    if at is None:
        return wait_reasons(binary.go_version)
    texts = []
    try:
        for i in range(MOST_REASONS):
            start, size = struct.unpack("<QQ", memory.read(at + bias + 16 * i, 16))
            if size > 100 or (size and not start) or (i and not size):
                break
            texts.append(memory.read(start, size).decode("ascii") if size else "")
    except (MemoryGone, UnicodeDecodeError):
        pass
    return texts or wait_reasons(binary.go_version)
