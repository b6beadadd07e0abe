"""Reading the memory of another process, or of a core, by address.

`Memory` has two operations. `read` is for single structures and raises `MemoryGone`. `gather` is for a hundred
thousand of them: numpy arrays of addresses and sizes go to the kernel as they are (process_vm_readv takes 1,024
ranges a call), and what cannot be read is marked, not raised.

Invariants: reading stops nothing and writes nothing. A range that vanishes while it is read loses that range only:
process_vm_readv stops at the first bad range, so the call is repeated behind it. Rejected: one pread of
/proc/PID/mem a range, 5 times as slow; it remains the fallback where a seccomp filter forbids process_vm_readv.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from morestack.process.errors import MemoryGone, ProcessError

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

IOV_MAX = 1024


@dataclass(frozen=True, slots=True)
class Mapping:
    """One range of an address space."""

    start: int
    end: int
    offset: int
    permissions: str
    path: str


@dataclass(slots=True, eq=False)
class Gathered:
    """What `gather` read: range i is `data[starts[i] : starts[i] + sizes[i]]`, where `good[i]`."""

    data: Bytes
    starts: I64
    sizes: I64
    good: Flags


class Memory(Protocol):
    """An address space."""

    mappings: Sequence[Mapping]

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes; MemoryGone where they are not all there."""

    def gather(self, addresses: U64, sizes: I64) -> Gathered:
        """Many ranges at once."""


def word(memory: Memory, address: int) -> int:
    """The 8 bytes at an address, as a number."""
    return int(struct.unpack("<Q", memory.read(address, 8))[0])


def layout_of(sizes: I64) -> tuple[I64, int]:
    """Where each range starts in one buffer that holds them all, and the buffer's size."""
    ends = np.cumsum(sizes, dtype=np.int64)
    return ends - sizes, int(ends[-1]) if len(ends) else 0


class AddressSpace:
    """Which addresses are mapped, and how: asked for many addresses at once."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        self.mappings = sorted(mappings, key=lambda m: m.start)
        self._starts = [m.start for m in self.mappings]

    def find(self, address: int) -> Mapping | None:
        """The mapping an address lies in."""
        i = bisect_right(self._starts, address) - 1
        return self.mappings[i] if i >= 0 and address < self.mappings[i].end else None

    def writable(self, addresses: U64) -> Flags:
        """Which addresses lie in memory that may be written."""
        kept = [m for m in self.mappings if "w" in m.permissions]
        if not kept:
            return np.zeros(len(addresses), np.bool_)
        starts = np.array([m.start for m in kept], np.uint64)
        ends = np.array([m.end for m in kept], np.uint64)
        i = np.searchsorted(starts, addresses, side="right").astype(np.int64) - 1
        return np.asarray((i >= 0) & (addresses < ends[np.maximum(i, 0)]), np.bool_)


def parse_maps(text: str) -> list[Mapping]:
    """The mappings /proc/PID/maps lists."""
    found = []
    for line in text.splitlines():
        parts = line.split(None, 5)
        start, _, end = parts[0].partition("-")
        path = parts[5] if len(parts) > 5 else ""
        found.append(Mapping(int(start, 16), int(end, 16), int(parts[2], 16), parts[1], path))
    return found


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


_libc = ctypes.CDLL(None, use_errno=True)


class ProcessMemory:
    """The memory of a live process, through /proc/PID/mem and process_vm_readv."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._file = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        except OSError as error:
            raise refusal(pid, error) from None
        try:
            self.mappings: Sequence[Mapping] = parse_maps(Path(f"/proc/{pid}/maps").read_text())
        except OSError as error:
            os.close(self._file)
            raise refusal(pid, error) from None
        if not self.mappings:
            os.close(self._file)
            raise ProcessError(f"process {pid} has no memory: it has ended, or it is a thread of the kernel")
        self._vectored = hasattr(_libc, "process_vm_readv")

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def read(self, address: int, size: int) -> bytes:
        try:
            found = os.pread(self._file, size, address)
        except (OSError, OverflowError, ValueError):
            raise MemoryGone(f"{address:#x}") from None
        if len(found) != size:
            raise MemoryGone(f"{address:#x}")
        return found

    def gather(self, addresses: U64, sizes: I64) -> Gathered:
        starts, whole = layout_of(sizes)
        data = np.empty(whole, np.uint8)
        good = np.ones(len(addresses), np.bool_)
        if not len(addresses) or not whole:
            return Gathered(data, starts, sizes, good)
        remote = np.empty((len(addresses), 2), np.uint64)
        remote[:, 0] = addresses
        remote[:, 1] = sizes.astype(np.uint64)
        at, base = 0, data.ctypes.data
        while at < len(addresses):
            if not self._vectored:
                good[at] = self._one(data, int(addresses[at]), int(starts[at]), int(sizes[at]))
                at += 1
                continue
            n = min(IOV_MAX, len(addresses) - at)
            wanted = int(starts[at + n - 1] + sizes[at + n - 1] - starts[at])
            local = _IoVec(base + int(starts[at]), wanted)
            got = _libc.process_vm_readv(
                ctypes.c_int(self.pid),
                ctypes.byref(local),
                ctypes.c_ulong(1),
                ctypes.c_void_p(remote.ctypes.data + at * 16),
                ctypes.c_ulong(n),
                ctypes.c_ulong(0),
            )
            if got == wanted:
                at += n
                continue
            if got < 0:
                code = ctypes.get_errno()
                if code == errno.ESRCH:
                    raise ProcessError(f"process {self.pid} ended while it was read")
                if code != errno.EFAULT:
                    self._vectored = False
                    continue
                got = 0
            # The kernel stopped in the first range that cannot be read; ranges before it are whole.
            ends = starts[at : at + n] + sizes[at : at + n] - starts[at]
            bad = at + int(np.searchsorted(ends, got, side="right"))
            good[bad] = False
            at = bad + 1
        return Gathered(data, starts, sizes, good)

    def _one(self, data: Bytes, address: int, start: int, size: int) -> bool:
        try:
            data[start : start + size] = np.frombuffer(self.read(address, size), np.uint8)
        except MemoryGone:
            return False
        return True


_libc.process_vm_readv.restype = ctypes.c_ssize_t


def refusal(pid: int, error: OSError) -> ProcessError:
    """What the kernel refused, and which setting decides it."""
    if isinstance(error, FileNotFoundError | ProcessLookupError):
        return ProcessError(f"there is no process {pid}")
    if not isinstance(error, PermissionError):
        return ProcessError(f"process {pid} cannot be read: {error.strerror}")
    reasons = []
    try:
        owner = os.stat(f"/proc/{pid}").st_uid
        if os.geteuid() not in (0, owner):
            reasons.append(f"it belongs to user {owner}: run as that user, or give CAP_SYS_PTRACE (sudo)")
    except OSError:
        pass
    try:
        scope = int(Path("/proc/sys/kernel/yama/ptrace_scope").read_text())
    except (OSError, ValueError):
        scope = 0
    if scope == 3:
        reasons.append("kernel.yama.ptrace_scope is 3: nobody may read another process until the next boot")
    elif scope and os.geteuid() != 0:
        reasons.append(
            f"kernel.yama.ptrace_scope is {scope}: run with CAP_SYS_PTRACE (sudo), or set it to 0 "
            "(sysctl kernel.yama.ptrace_scope=0)"
        )
    if not reasons:
        reasons.append(
            "it needs CAP_SYS_PTRACE: in a container add it (docker run --cap-add SYS_PTRACE, "
            "securityContext.capabilities in Kubernetes), or run as the process's user if it is dumpable"
        )
    return ProcessError(f"process {pid} may not be read: " + "; ".join(reasons))
