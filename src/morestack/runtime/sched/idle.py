"""Idle processors and idle threads: two lists under sched.lock, and the limit of threads.

An idle processor (P_IDLE, no m) is in `sched.pidle`, an idle thread sleeps on its `park` note and is in `sched.midle`.
"""

from morestack.dialect.machine import Ptr, atomic_add, cstr, nil, store_release, u32, u64
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.runq import runq_empty
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import P_IDLE, P_RUNNING, M, P
from morestack.runtime.sys.lock import notewakeup
from morestack.runtime.sys.print import begin, end, put_uint, puts


def pidleput(pp: Ptr[P]) -> None:
    """Put a processor without work and without a thread in the idle list. sched.lock is held."""
    if not runq_empty(pp):
        throw(cstr(b"pidleput: P has non-empty run queue"))
    pp.at.m = nil(M)
    pp.at.status = P_IDLE
    pp.at.link = sched.at.pidle
    sched.at.pidle = pp
    atomic_add(sched.ptr.field(Sched.npidle), u32(1))


def pidleget() -> Ptr[P]:
    """Take an idle processor, or return nil. sched.lock is held. It wakes the monitor, which has something to watch
    again."""
    pp = sched.at.pidle
    if pp != nil(P):
        sched.at.pidle = pp.at.link
        pp.at.link = nil(P)
        atomic_add(sched.ptr.field(Sched.npidle), -1)
        wake_sysmon()
    return pp


def pidleget_spinning() -> Ptr[P]:
    """Take an idle processor for a spinning thread. If there is none, set needspinning for the next thread that gives
    one up. sched.lock is held."""
    pp = pidleget()
    if pp == nil(P):
        store_release(sched.ptr.field(Sched.needspinning), u32(1))
    return pp


def wake_sysmon() -> None:
    """Wake the monitor if it sleeps because nothing ran. sched.lock is held."""
    if sched.at.sysmonwait != 0:
        sched.at.sysmonwait = u32(0)
        notewakeup(sched.ptr.field(Sched.sysmonnote))


def mput(m: Ptr[M]) -> None:
    """Put a thread that is about to sleep in the idle list. sched.lock is held."""
    m.at.schedlink = sched.at.midle
    sched.at.midle = m
    sched.at.nmidle = u64(sched.at.nmidle + 1)


def mget() -> Ptr[M]:
    """Take an idle thread, or return nil. sched.lock is held."""
    m = sched.at.midle
    if m != nil(M):
        sched.at.midle = m.at.schedlink
        sched.at.nmidle = u64(sched.at.nmidle - 1)
    return m


def mcount() -> u64:
    """How many threads there are. sched.lock is held."""
    return u64(sched.at.mnext - sched.at.nmfreed)


def checkmcount() -> None:
    """End the program if it has too many threads: probably each of its goroutines blocks in a system call."""
    if mcount() > sched.at.maxmcount + sched.at.nmsys:
        begin()
        puts(cstr(b"runtime: program exceeds "))
        put_uint(sched.at.maxmcount)
        puts(cstr(b"-thread limit\n"))
        end()
        throw(cstr(b"thread exhaustion"))


def acquirep(m: Ptr[M], pp: Ptr[P]) -> None:
    """Give m a processor, so that it can run Go code."""
    if pp.at.m != nil(M) or pp.at.status != P_IDLE:
        throw(cstr(b"acquirep: already in go"))
    m.at.p = pp
    pp.at.m = m
    store_release(pp.field(P.status), P_RUNNING)


def releasep(m: Ptr[M]) -> Ptr[P]:
    """Take m's processor from it."""
    pp = m.at.p
    if pp == nil(P) or pp.at.m != m or pp.at.status != P_RUNNING:
        throw(cstr(b"releasep: invalid p state"))
    m.at.p = nil(P)
    pp.at.m = nil(M)
    store_release(pp.field(P.status), P_IDLE)
    return pp
