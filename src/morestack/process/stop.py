"""Stopping all threads of a process for as long as it is read, and their registers.

PTRACE_SEIZE and PTRACE_INTERRUPT: no signal is sent, a system call that was interrupted is resumed, and if this
program dies, the kernel lets the other one run. Threads that start while others are being stopped are found by
listing again until nothing is new.

Invariants: whatever happens inside `stopped`, every thread is let go; a signal that arrived meanwhile is delivered
then. All ptrace requests come from one thread, as the kernel demands.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from morestack.process.core import Thread
from morestack.process.errors import ProcessError
from morestack.process.memory import refusal

SEIZE, INTERRUPT, GETREGSET, DETACH = 0x4206, 0x4207, 0x4204, 17
WALL = 0x40000000
NT_PRSTATUS = 1
EVENT_STOP = 128
DEADLINE = 3.0

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def _ptrace(request: int, tid: int, address: int = 0, data: int | None = 0) -> int:
    """0, or the error's number."""
    ctypes.set_errno(0)
    return ctypes.get_errno() if _libc.ptrace(request, tid, address, data) == -1 else 0


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


@contextmanager
def stopped(pid: int) -> Iterator[list[Thread]]:
    """All threads stand still inside this block; yields their registers."""
    held: dict[int, int] = {}  # the signal to deliver when the thread is let go
    try:
        fresh = _threads(pid)
        if not fresh:
            raise ProcessError(f"there is no process {pid}")
        while fresh:
            for tid in fresh:
                _seize(pid, tid, held)
            fresh = [tid for tid in _threads(pid) if tid not in held]
        yield [thread for tid in held if (thread := _registers(tid)) is not None]
    finally:
        for tid, signal in held.items():
            _ptrace(DETACH, tid, 0, signal)


def _seize(pid: int, tid: int, held: dict[int, int]) -> None:
    code = _ptrace(SEIZE, tid)
    if code == errno.ESRCH:
        held[tid] = 0
        return
    if code:
        tracer = _tracer(pid)
        if tracer:
            raise ProcessError(f"process {pid} cannot be stopped: process {tracer} traces it (a debugger?)")
        raise refusal(pid, PermissionError(code, os.strerror(code)))
    held[tid] = 0
    _ptrace(INTERRUPT, tid)
    end = time.monotonic() + DEADLINE
    while True:
        try:
            found, status = os.waitpid(tid, WALL | os.WNOHANG)
        except ChildProcessError:
            return
        if found:
            if os.WIFSTOPPED(status):
                held[tid] = 0 if status >> 16 == EVENT_STOP else os.WSTOPSIG(status)
            return
        if time.monotonic() > end:
            raise ProcessError(
                f"process {pid} cannot be stopped: thread {tid} does not answer (it waits in the kernel)"
            )
        time.sleep(0.0002)


def _tracer(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("TracerPid:"):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


def _registers(tid: int) -> Thread | None:
    buffer = ctypes.create_string_buffer(512)
    vector = _IoVec(ctypes.addressof(buffer), len(buffer))
    if _ptrace(GETREGSET, tid, NT_PRSTATUS, ctypes.addressof(vector)):
        return None
    words = struct.unpack_from("<34Q", buffer.raw)
    if os.uname().machine == "aarch64":
        return Thread(tid, words[32], words[31], words[30])
    return Thread(tid, words[16], words[19])
