"""Queries about the runtime that a program may make, and the few settings it may change."""

from morestack.dialect.machine import Array, Literal, Ptr, export, func_ptr, i32, i64, local, struct, u64
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.idle import checkmcount
from morestack.runtime.sched.procresize import procresize
from morestack.runtime.sched.sched import with_world_stopped
from morestack.runtime.stack.newstack import maxstacksize
from morestack.runtime.sys.allp import goroutines_alive
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_SCHED, lock, unlock
from morestack.runtime.sys.os import SIGTRAP, raise_signal, sched_getaffinity
from morestack.runtime.sys.system import finalizers_run

MASK_WORDS = u64(128)
MOST_THREADS = i64(0x7FFF_FFFF)


@struct
class CpuMask:
    """A cpu_set_t for 8192 processors."""

    words: Array[u64, Literal[128]]


@export
def breakpoint(g: Ptr[G]) -> None:
    """Stop in a debugger."""
    raise_signal(SIGTRAP)


@export
def setmaxstacksize(g: Ptr[G], size: i64) -> i64:
    """debug.SetMaxStack. Returns the previous limit."""
    before = i64(maxstacksize.value)
    maxstacksize.value = u64(size)
    return before


@export
def setmaxthreads(g: Ptr[G], n: i64) -> i64:
    """debug.SetMaxThreads. Returns the previous limit. If there already are more threads, the program ends."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    before = i64(sched.at.maxmcount)
    sched.at.maxmcount = u64(min(max(n, i64(0)), MOST_THREADS))
    checkmcount()
    unlock(sched.ptr.field(Sched.lock))
    return before


@export
def gcount(g: Ptr[G]) -> i64:
    """The number of goroutines."""
    return i64(goroutines_alive() - u64(finalizers_run.value))


def set_procs(g: Ptr[G]) -> None:
    """Change the number of processors for GOMAXPROCS. The world is stopped."""
    g.at.sched.ret = u64(sched.at.nprocs)
    procresize(g.at.m, g.at.extra.at.world_arg)


@export
def gomaxprocs(g: Ptr[G], n: i64) -> i64:
    """runtime.GOMAXPROCS: use n processors from now on, if n is positive. Returns the previous number."""
    if n <= 0 or u64(n) == u64(sched.at.nprocs):
        return i64(sched.at.nprocs)
    return with_world_stopped(g, func_ptr(set_procs), u64(n))


@export
def ncpu(g: Ptr[G]) -> i64:
    """How many processors this process may run on."""
    mask = local(CpuMask)
    if sched_getaffinity(i32(0), u64(MASK_WORDS * 8), mask.addr) < 0:
        return i64(1)
    n = i64(0)
    for i in range(MASK_WORDS):
        word = mask.at.words[i]
        while word != 0:
            word = u64(word & (word - 1))
            n = i64(n + 1)
    return n if n > 0 else i64(1)
