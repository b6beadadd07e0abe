"""What is printed only when the program's threads have stopped: all goroutines, after a fatal error or SIGQUIT.

        a goroutine dies: it prints itself, `stop`       SIGQUIT: the engine calls `quit`
                     |                                           |
                     +---- every thread comes to a safe point, or is given up ----+
                                                |
                              the engine calls `lasttraceback`, then `jointhreads`

So no thread has to look at the stack of another that runs. One that never comes to a safe point keeps its `curg`: that
goroutine's stack is not looked at, as in Go.

Rejected: Go's way, that who dies freezes the others and prints them itself. The engine ends the threads anyway.
"""

from morestack.dialect.machine import Ptr, atomic_load, atomic_store, cstr, export, nil, ptr_at, static, u32, u64
from morestack.runtime.mem.allg import allg_at, allg_count
from morestack.runtime.stack.traceback import frames_wanted, others_of, put_others, traceback_crash
from morestack.runtime.sys.fatal import die, died
from morestack.runtime.sys.layout import G_RUNNING, G
from morestack.runtime.sys.print import begin, end, put_hex, puts

quitting = static(u32)


def quit_init() -> None:
    """No signal has come."""
    quitting.value = u32(0)


@export
def quit(g: Ptr[G]) -> None:
    """SIGQUIT: the program ends with status 2, and all goroutines are shown."""
    atomic_store(quitting.ptr, u32(1))
    atomic_store(frames_wanted.ptr, u32(1))
    die()


def last_pc() -> u64:
    """Where a goroutine that ran stopped: the program has many PCs, and the signal came to none of its threads."""
    for i in range(allg_count()):
        if allg_at(i).at.status == G_RUNNING:
            return allg_at(i).at.sched.pc
    return u64(0)


@export
def crashes(g: Ptr[G]) -> u64:
    """Whether the program has died and is to end by SIGABRT."""
    return u64(traceback_crash.value) if died.value != 0 else u64(0)


@export
def lasttraceback(g: Ptr[G]) -> None:
    """The program's threads have stopped: print what had to wait for that."""
    begin()
    if atomic_load(quitting.ptr) != 0:
        puts(cstr(b"SIGQUIT: quit\nPC="))
        put_hex(last_pc())
        puts(cstr(b" m=0 sigcode=0\n"))
        put_others(nil(G))
    elif others_of.value != 0:
        put_others(ptr_at(G, others_of.value))
    end()
