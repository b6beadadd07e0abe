"""The program's end. The thread that ends it calls `stop` (fatal.py), which wakes the engine's thread. That thread does
the rest here.

        endthreads       every thread sees `stopped` at its next safe point, and calls threadend
        lasttraceback    tracebacks that had to wait for that are printed (quit.py)
        jointhreads      they return from rt.mstart, and are joined

endthreads repeatedly asks running goroutines to stop, and wakes sleeping threads. A thread in a system call may stay
there forever. endthreads does not wait for it, and the process must end (os._exit) before it returns. So a later run in
this process may begin only if no thread is left (schedinit's caller checks the result). While frames are still to be
printed, threads sleep in threadend, because a thread's stack may hold the frames (thread.py), and the system frees it
when the thread returns.
"""

from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    export,
    i64,
    load_acquire,
    nil,
    u32,
    u64,
)
from morestack.runtime.gc.mgcworker import stop_helpers
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.stw import EVERYBODY, preempt_all
from morestack.runtime.stack.traceback import frames_wanted
from morestack.runtime.sys.fatal import endnote, stopped
from morestack.runtime.sys.layout import G_SYSCALL, G, M
from morestack.runtime.sys.lock import noteclear, notetsleep, notewakeup
from morestack.runtime.sys.os import FUTEX_WAKE_PRIVATE, futex, nanotime, pthread_join

PATIENCE = i64(2000000000)
PATIENCE_SYSCALL = i64(2000000)
ASK_AGAIN = i64(200000)


@export
def waitend(g: Ptr[G], ns: i64) -> u64:
    """Sleep until the program has ended, for at most ns nanoseconds, or until a signal. Returns whether it has
    ended."""
    notetsleep(endnote.ptr, ns)
    return u64(atomic_load(stopped.ptr))


def wake_threads() -> u64:
    """Wake all threads and ask all goroutines to stop. Returns how many threads are in a system call."""
    calls = u64(0)
    m = load_acquire(sched.ptr.field(Sched.allm))
    while m != nil(M):
        notewakeup(m.field(M.park))
        g = load_acquire(m.field(M.curg))
        if g != nil(G) and load_acquire(g.field(G.status)) == G_SYSCALL and atomic_load(m.field(M.done)) == 0:
            calls = u64(calls + 1)
        m = m.at.alllink
    preempt_all()
    atomic_add(sched.ptr.field(Sched.world), u32(1))
    futex(sched.ptr.field(Sched.world), FUTEX_WAKE_PRIVATE, EVERYBODY, i64(-1))
    notewakeup(sched.ptr.field(Sched.sysmonnote))
    return calls


@export
def endthreads(g: Ptr[G]) -> u64:
    """The program has ended: end its threads. Returns how many did not end because they are in system calls."""
    atomic_store(sched.ptr.field(Sched.ending), u32(1))
    start = nanotime()
    before = atomic_load(sched.ptr.field(Sched.live))
    while True:
        noteclear(endnote.ptr)
        live = atomic_load(sched.ptr.field(Sched.live))
        if live == 0:
            break
        calls = wake_threads()
        now = nanotime()
        if live < before:  # there may be many thousands
            start = now
            before = live
        waited = i64(now - start)
        if waited > PATIENCE or (waited > PATIENCE_SYSCALL and u64(atomic_load(sched.ptr.field(Sched.live))) <= calls):
            break
        notetsleep(endnote.ptr, ASK_AGAIN)
    return u64(atomic_load(sched.ptr.field(Sched.live)))


@export
def jointhreads(g: Ptr[G]) -> None:
    """Nothing more will be printed: wait until the threads in threadend have returned."""
    atomic_store(frames_wanted.ptr, u32(0))
    futex(frames_wanted.ptr, FUTEX_WAKE_PRIVATE, EVERYBODY, i64(-1))
    m = sched.at.allm
    while m != nil(M):
        if atomic_load(m.field(M.done)) != 0:
            pthread_join(m.at.thread, u64(0))
        m = m.at.alllink
    if sched.at.gone != 0:
        pthread_join(sched.at.gone, u64(0))
    stop_helpers()
