"""Loops of system calls and of kernel thread switches, in the dialect: native code, with no Python in the figures.

        word   whose turn it is, 0 or 1; a thread that is not on turn sleeps on it in the kernel

With both threads on one processor each turn is one switch of kernel threads, because a thread sleeps once it has handed
over the turn.
"""

import platform

from morestack.dialect.machine import Ptr, atomic_load, atomic_store, i64, u32, u64
from morestack.runtime.sys.os import FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE, futex, syscall6

SYS_GETPID = i64(172 if platform.machine() == "aarch64" else 39)


def getpids(count: u64) -> None:
    """The cheapest system call, `count` times."""
    i = u64(0)
    while i < count:
        syscall6(SYS_GETPID, u64(0), u64(0), u64(0), u64(0), u64(0), u64(0))
        i = u64(i + 1)


def take_turns(word: Ptr[u32], me: u32, turns: u64) -> None:
    """Take `turns` turns, each handed to the other thread."""
    other = u32(1 - me)
    i = u64(0)
    while i < turns:
        while atomic_load(word) != me:
            futex(word, FUTEX_WAIT_PRIVATE, other, i64(-1))
        atomic_store(word, other)
        futex(word, FUTEX_WAKE_PRIVATE, u32(1), i64(-1))
        i = u64(i + 1)
