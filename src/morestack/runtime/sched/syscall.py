"""System calls of Go programs.

        syscall6      the goroutine leaves its processor for the call, which may block
        syscallblock  likewise, and the processor is handed off at once: the call will block
        rawsyscall6   a call that never blocks

        entersyscall        P_RUNNING -> P_SYSCALL; the thread keeps the processor in m.oldp
        retake (sysmon.py)  P_SYSCALL -> P_IDLE after 20 microseconds to 10 ms; stop_the_world: -> P_GCSTOP
        exitsyscall         P_SYSCALL -> P_RUNNING if no thread took it; one compare-and-swap
                            else any idle processor
                            else the goroutine goes to the global queue, and the thread sleeps: the result is PARKED

The thread that changes the status from P_SYSCALL owns the processor. By then the processor may belong to another
thread's system call: the first thread to return takes it, and the other finds that it is gone.

The result of a call is the kernel's, or -1 - errno, so that it is never -1, which is PARKED.

While status is SYSCALL the goroutine's stack may be scanned but not moved, because the kernel may write to it. Memory
that the six arguments point to directly stays alive: they are in m.sysargs, and the collector treats each word as a
pointer. Pointers inside that memory are followed as always, by its own type.

Signals may interrupt calls (EINTR). As in Go, golib/syscall leaves that to its callers.
"""

from morestack.abi.convention import PARKED
from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    atomic_store,
    cas,
    export,
    i32,
    i64,
    nil,
    noinline,
    ptr_at,
    store_release,
    symbol_addr,
    u32,
    u64,
)
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import acquirep, pidleget
from morestack.runtime.sched.proc import handoffp
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.sys.layout import (
    G_RUNNABLE,
    G_RUNNING,
    G_SYSCALL,
    P_GCSTOP,
    P_IDLE,
    P_RUNNING,
    P_SYSCALL,
    G,
    M,
    P,
)
from morestack.runtime.sys.lock import RANK_SCHED, lock, notewakeup, unlock
from morestack.runtime.sys.os import errno_location, strerror, strlen, strsignal
from morestack.runtime.sys.os import syscall6 as call
from morestack.runtime.sys.stress import stress
from morestack.runtime.value.string import GoString, set_string

LAST_ERRNO = i64(132)
LAST_SIGNAL = i64(31)


def entersyscall(g: Ptr[G]) -> None:
    """g is about to leave Go code for a system call. Its gobuf is saved. From now on its thread has no processor."""
    m = g.at.m
    pp = m.at.p
    pp.at.stats.syscalls = u64(pp.at.stats.syscalls + 1)
    pp.at.syscalltick = u32(pp.at.syscalltick + 1)
    store_release(g.field(G.status), G_SYSCALL)
    m.at.oldp = pp
    m.at.p = nil(P)
    pp.at.m = nil(M)
    atomic_store(pp.field(P.status), P_SYSCALL)
    if atomic_load(gc_waiting.ptr) != 0:
        entersyscall_gcwait(pp)


@noinline
def entersyscall_gcwait(pp: Ptr[P]) -> None:
    """A thread is stopping the world, and may have checked pp before it was in a system call."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    if gc_waiting.value != 0 and cas(pp.field(P.status), P_SYSCALL, P_GCSTOP):
        sched.at.stopwait = u32(sched.at.stopwait - 1)
        if sched.at.stopwait == 0:
            notewakeup(sched.ptr.field(Sched.stopnote))
    unlock(sched.ptr.field(Sched.lock))


@noinline
def entersyscallblock(g: Ptr[G]) -> None:
    """Like entersyscall, but the call will block, so another thread gets the processor now."""
    entersyscall(g)
    pp = g.at.m.at.oldp
    if cas(pp.field(P.status), P_SYSCALL, P_IDLE):
        pp.at.stats.handoffs = u64(pp.at.stats.handoffs + 1)
        handoffp(pp)


def exitsyscall(g: Ptr[G], answer: i64) -> i64:
    """The system call has returned. Returns the result of the runtime call."""
    m = g.at.m
    pp = m.at.oldp
    if cas(pp.field(P.status), P_SYSCALL, P_RUNNING):
        m.at.p = pp
        store_release(pp.field(P.m), m)
        store_release(g.field(G.status), G_RUNNING)
        return answer
    return exitsyscall_slow(g, answer)


@noinline
def exitsyscall_slow(g: Ptr[G], answer: i64) -> i64:
    """The processor is gone. Returns PARKED if there is no other: schedule puts g in the global queue."""
    m = g.at.m
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    pp = pidleget() if gc_waiting.value == 0 else nil(P)
    unlock(sched.ptr.field(Sched.lock))
    if pp != nil(P):
        acquirep(m, pp)
        store_release(g.field(G.status), G_RUNNING)
        return answer
    g.at.sched.ret = u64(answer)
    store_release(g.field(G.status), G_RUNNABLE)
    return PARKED


def invoke(number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """Call the kernel."""
    answer = call(number, a, b, c, d, e, f)
    if answer == -1:
        return i64(-1 - i64(errno_location()[0]))
    return answer


def keep(g: Ptr[G], a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> None:
    """Keep alive what the arguments of a system call point to, until it returns."""
    args = g.at.m.at.sysargs
    args[0] = a
    args[1] = b
    args[2] = c
    args[3] = d
    args[4] = e
    args[5] = f


@export
def syscall6(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that may block."""
    stress(g)
    keep(g, a, b, c, d, e, f)
    entersyscall(g)
    return exitsyscall(g, invoke(number, a, b, c, d, e, f))


@export
def syscallblock(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that is known to block."""
    stress(g)
    keep(g, a, b, c, d, e, f)
    entersyscallblock(g)
    return exitsyscall(g, invoke(number, a, b, c, d, e, f))


@export
def rawsyscall6(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that never blocks."""
    pp = g.at.m.at.p
    pp.at.stats.syscalls = u64(pp.at.stats.syscalls + 1)
    return invoke(number, a, b, c, d, e, f)


@export
def errnotext(g: Ptr[G], out: Ptr[GoString], errno: i64) -> None:
    """The C library's text for an error number; empty if it is unknown."""
    if (
        errno < 1 or errno > LAST_ERRNO or errno == 41 or errno == 58
    ):  # strerror would make up a text, in its own memory
        set_string(out, u64(0), i64(0))
        return
    text = strerror(i32(errno))
    set_string(out, text, i64(strlen(text)))


@export
def signaltext(g: Ptr[G], out: Ptr[GoString], signal: i64) -> None:
    """The C library's text for a signal; empty if it is unknown."""
    if signal < 1 or signal > LAST_SIGNAL:
        set_string(out, u64(0), i64(0))
        return
    text = strsignal(i32(signal))
    set_string(out, text, i64(strlen(text)))


@export
def getenv(g: Ptr[G], out: Ptr[GoString], index: i64) -> None:
    """An entry of the process's environment, `name=value`; empty after the last."""
    entries = ptr_at(u64, ptr_at(u64, symbol_addr("environ"))[0])
    text = entries[index]
    set_string(out, text, i64(strlen(text)) if text != 0 else i64(0))
