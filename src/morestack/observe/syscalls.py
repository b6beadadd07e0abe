"""Counts the system calls of a process through the kernel's tracepoint, if the kernel permits it.

`perf_event_open` with `raw_syscalls:sys_enter` counts every kernel entry of this thread and of the threads it starts
afterwards. It requires a readable trace file system and a permissive `perf_event_paranoid`; without them the count is
None, and tables show `-`.

Rejected: ptrace and strace, which slow each call down by a factor of a hundred, and /proc/self/io, which counts only
reads and writes.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from pathlib import Path

TRACEPOINT = 2  # PERF_TYPE_TRACEPOINT
INHERIT = 2  # the bit of perf_event_attr that includes new threads
NUMBER = 241 if platform.machine() == "aarch64" else 298
IDS = tuple(
    Path(root) / "events/raw_syscalls/sys_enter/id" for root in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
)


class SystemCalls:
    """A counter that starts when it is created."""

    def __init__(self) -> None:
        self.fd = -1
        for path in IDS:
            try:
                event = int(path.read_text())
            except (OSError, ValueError):
                continue
            # type, size, config, sample_period, sample_type, read_format, flags, wakeup_events, bp_type, config1
            attributes = struct.pack("<IIQQQQQIIQ", TRACEPOINT, 64, event, 0, 0, 0, INHERIT, 0, 0, 0)
            self.fd = ctypes.CDLL(None).syscall(NUMBER, attributes, 0, -1, -1, 0)
            return

    def close(self) -> None:
        """Stop counting."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def count(self) -> int | None:
        """Return the number of calls so far, or None if they cannot be counted."""
        if self.fd < 0:
            return None
        (value,) = struct.unpack("<Q", os.read(self.fd, 8))
        return int(value)
