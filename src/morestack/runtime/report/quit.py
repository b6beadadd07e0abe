"""Output that must wait until the program's threads have stopped: all goroutines, after a fatal error or SIGQUIT.

        a goroutine dies: it prints itself, `stop`       SIGQUIT: the engine calls `quit`
                     |                                           |
                     +---- every thread reaches a safe point, or is given up ----+
                                                |
                              the engine calls `lasttraceback`, then `jointhreads`

So no thread reads the stack of a running one. A thread that never reaches a safe point keeps its `curg`, and that
goroutine's stack is not read, as in Go.

Rejected: Go's method, in which the dying thread freezes the others and prints their goroutines itself. The engine ends
the threads anyway.
"""

from morestack.dialect.machine import Ptr, atomic_load, atomic_store, cstr, export, nil, ptr_at, static, u32, u64
from morestack.runtime.mem.allg import allg_at, allg_count
from morestack.runtime.stack.traceback import frames_wanted, others_of, put_others, traceback_crash
from morestack.runtime.sys.fatal import die, died
from morestack.runtime.sys.layout import G_RUNNING, G
from morestack.runtime.sys.print import begin, end, put_hex, puts

quitting = static(u32)


def quit_init() -> None:
    """Reset: no signal has arrived."""
    quitting.value = u32(0)


@export
def quit(g: Ptr[G]) -> None:
    """Handle SIGQUIT: end the program with status 2, and show all goroutines."""
    atomic_store(quitting.ptr, u32(1))
    atomic_store(frames_wanted.ptr, u32(1))
    die()


def last_pc() -> u64:
    """The pc at which some running goroutine stopped. The program has many PCs, and the signal did not interrupt one of
    its threads."""
    for i in range(allg_count()):
        if allg_at(i).at.status == G_RUNNING:
            return allg_at(i).at.sched.pc
    return u64(0)


@export
def crashes(g: Ptr[G]) -> u64:
    """Whether the program has failed and is to end by SIGABRT."""
    return u64(traceback_crash.value) if died.value != 0 else u64(0)


@export
def lasttraceback(g: Ptr[G]) -> None:
    """Print what had to wait until the program's threads have stopped."""
    begin()
    if atomic_load(quitting.ptr) != 0:
        puts(cstr(b"SIGQUIT: quit\nPC="))
        put_hex(last_pc())
        puts(cstr(b" m=0 sigcode=0\n"))
        put_others(nil(G))
    elif others_of.value != 0:
        put_others(ptr_at(G, others_of.value))
    end()
