"""A kernel thread for each goroutine, made by newproc, whose stack holds the goroutine's frames.

        lowest     guard page, glibc's
        bottom     |                                |
        lo         | given to the goroutine so far  |  committed by page faults
        hi         | its frames                     |  hi - bottom: RLIMIT_STACK
                   +--------------------------------+
                   | C frames of runtime and leaves |  THREAD_TOP
        highest    | the thread's control block     |

Goroutine and thread are locked to each other for life (lockosthread.py). So the kernel switches between them, by a
futex, and GOMAXPROCS limits how many run at a time. Threads without a goroutine only look for work while all others
sleep. glibc allocates the stack, and gets it back when the thread ends; it keeps 40 MB of stacks for new threads. When
a goroutine ends, its thread ends too.

The guard is at lo and moves down by doubling, as under reserve (reserve.py), so the runtime knows how many bytes may
hold pages. Below bottom a kernel thread would fault, but the prologue's check finds that first.

Rejected
- Letting the kernel alone choose which thread runs, without processors. Everything that is kept per processor (run
  queues, allocator caches, stopping the world) would need locks or thread-local memory, and GOMAXPROCS would have no
  meaning.
- Stacks of our own (pthread_attr_setstack): the address would be known before the thread is made, but glibc handles
  guard pages, reuse, and when the memory of an ended thread may be used again, and that is part of the cost of a
  thread.
- A pool of threads that outlive their goroutines: a go statement would not show the cost of a thread.
- Frames on the same stack pointer as C's: compiled code keeps its own, and tail calls leave C's where it is.
"""

from morestack.dialect.machine import Ptr, cstr, export, local, static, u64
from morestack.runtime.mem.extra import extra_of
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.proc import ThreadAttr, allocm, newosproc
from morestack.runtime.stack.reserve import use_thread_stack
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, unlock
from morestack.runtime.sys.os import pthread_attr_destroy, pthread_attr_getstack, pthread_getattr_np

THREAD_TOP = u64(1 << 20)
THREAD_LIMIT = u64(25000)
"""The limit of threads unless debug.SetMaxThreads sets another. Go's 10,000 is meant for threads in system calls. This
one is below the defaults of Linux for a process: 32,768 thread numbers, and 65,530 mappings, two for each stack."""

thread_stack = static(u64)
"""Bytes for frames in a thread's stack: whole pages."""
PAGE = u64(4096)


@export
def setthreads(mstart: u64, stack: u64) -> None:
    """Give each goroutine a thread, which starts at rt.mstart, with `stack` bytes for frames. Called before there are
    goroutines."""
    sched.at.mstart_pc = mstart
    sched.at.maxmcount = THREAD_LIMIT
    thread_stack.value = u64(max(stack, PAGE) & ~(PAGE - 1))


def own_thread(pp: Ptr[P], g: Ptr[G]) -> None:
    """Create a thread for g, which has no stack, and give g the thread's stack. The thread sleeps until g is to run."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    m = allocm()
    unlock(sched.ptr.field(Sched.lock))
    m.at.lockedg = g
    extra_of(g).at.lockedm = m
    g.at.m = m
    newosproc(m, sched.at.mstart_pc, m.at.g0.addr, u64(thread_stack.value + THREAD_TOP))
    hi = u64(stack_end(m) - THREAD_TOP)
    use_thread_stack(pp, g, u64(hi - thread_stack.value), hi)


def stack_end(m: Ptr[M]) -> u64:
    """The highest address of the stack of m's thread."""
    attr = local(ThreadAttr)
    lowest = local(u64)
    size = local(u64)
    if pthread_getattr_np(m.at.thread, attr.addr) != 0:
        throw(cstr(b"pthread_getattr_np: the stack of a new thread is not known"))
    pthread_attr_getstack(attr.addr, lowest, size)
    pthread_attr_destroy(attr.addr)
    return u64(lowest[0] + size[0])
