"""The monitor: a thread without a processor that watches the others.

- If a thread stays in a system call for longer than one interval, its processor is given to another thread
  (retake_syscall).
- A goroutine that has run for 10 ms is asked to give way (P.preempt, and its guard is poisoned).
- With GODEBUG=schedtrace=N it prints a line every N milliseconds.

It sleeps 20 microseconds between checks. After 50 checks that took no processor, the time doubles with each check, up
to 10 ms. If no processor is busy, it sleeps until one is (pidleget).

It runs natively under --runtime=python too: it must not stop when pdb stops the program.
"""

from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    boolean,
    cas,
    cstr,
    export,
    func_ptr,
    i64,
    load_acquire,
    noinline,
    static,
    store_release,
    u32,
    u64,
)
from morestack.runtime.sched.deadlock import checkdead, deadlock
from morestack.runtime.sched.globrunq import Sched, sched
from morestack.runtime.sched.proc import THREAD_STACK, allocm, handoffp, newosproc, threadend
from morestack.runtime.sched.runq import runq_empty
from morestack.runtime.sched.stw import preempt_one
from morestack.runtime.stack.safepoint import gc_waiting
from morestack.runtime.sys.allp import allp
from morestack.runtime.sys.fatal import stopped
from morestack.runtime.sys.layout import P_IDLE, P_RUNNING, P_SYSCALL, G, M, P
from morestack.runtime.sys.lock import RANK_SCHED, lock, noteclear, notesleep, notetsleep, unlock
from morestack.runtime.sys.os import nanotime
from morestack.runtime.sys.print import begin, end, put_uint, puts

SLICE = i64(10000000)
SHORTEST = i64(20000)
LONGEST = i64(10000000)
LOOKS = u64(50)

_trace_start = static(i64)


def retake_syscall(pp: Ptr[P], now: i64) -> boolean:
    """Take a processor from a system call that lasts longer than one interval. Returns whether it was taken. If nothing
    could run on it, and other threads look for work anyway, it may stay for 10 ms, so that the thread need not find a
    processor again."""
    if pp.at.monitor_syscalltick != pp.at.syscalltick:
        pp.at.monitor_syscalltick = pp.at.syscalltick
        pp.at.monitor_when = now
        return False
    others = load_acquire(sched.ptr.field(Sched.nmspinning)) + load_acquire(sched.ptr.field(Sched.npidle))
    queued = load_acquire(sched.ptr.field(Sched.queue_size)) != 0
    if runq_empty(pp) and not queued and others > 0 and now - pp.at.monitor_when < SLICE:
        return False
    # The thread of the call may return, find no processor and go to sleep, all before handoffp puts this one in the
    # list. That must not look like a deadlock, so count one more thread as running.
    pretend_running(i64(1))
    taken = cas(pp.field(P.status), P_SYSCALL, P_IDLE)
    if taken:
        pp.at.syscalltick = u32(pp.at.syscalltick + 1)
        pp.at.stats.handoffs = u64(pp.at.stats.handoffs + 1)
        handoffp(pp)
    if pretend_running(i64(-1)):
        deadlock()
    return taken


def pretend_running(n: i64) -> boolean:
    """Count n more threads as running. Returns whether none is running then."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    sched.at.nmidlelocked = u64(i64(sched.at.nmidlelocked) - n)
    dead = checkdead()
    unlock(sched.ptr.field(Sched.lock))
    return dead


def retake(now: i64) -> boolean:
    """Check every processor. Returns whether one was taken. Asking a goroutine to give way does not count: otherwise a
    program that only computes would pay for a wake-up every 20 microseconds."""
    taken = False
    for i in range(u64(sched.at.nprocs)):
        pp = allp.at[i]
        status = load_acquire(pp.field(P.status))
        if status == P_SYSCALL:
            taken = retake_syscall(pp, now) or taken
        elif status == P_RUNNING:
            tick = load_acquire(pp.field(P.schedtick))
            if pp.at.monitor_tick != tick:
                pp.at.monitor_tick = tick
                pp.at.monitor_when = now
            elif now - pp.at.monitor_when >= SLICE:
                store_release(pp.field(P.preempt), u32(1))
                preempt_one(pp)
        else:
            pp.at.monitor_when = now
    return taken


@noinline
def put_schedtrace(now: i64) -> None:
    """Print a line like Go's GODEBUG=schedtrace."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    idle = sched.at.npidle
    threads = u64(sched.at.mnext - sched.at.nmfreed)
    idlethreads = sched.at.nmidle
    queue = sched.at.queue_size
    unlock(sched.ptr.field(Sched.lock))
    begin()
    puts(cstr(b"SCHED "))
    put_uint(u64(now - _trace_start.value) // 1000000)
    puts(cstr(b"ms: gomaxprocs="))
    put_uint(u64(sched.at.nprocs))
    puts(cstr(b" idleprocs="))
    put_uint(u64(idle))
    puts(cstr(b" threads="))
    put_uint(threads)
    puts(cstr(b" spinningthreads="))
    put_uint(u64(load_acquire(sched.ptr.field(Sched.nmspinning))))
    puts(cstr(b" needspinning="))
    put_uint(u64(load_acquire(sched.ptr.field(Sched.needspinning))))
    puts(cstr(b" idlethreads="))
    put_uint(idlethreads)
    puts(cstr(b" runqueue="))
    put_uint(queue)
    puts(cstr(b" [ "))
    for i in range(u64(sched.at.nprocs)):
        pp = allp.at[i]
        head = load_acquire(pp.field(P.runqhead))
        put_uint(u64(load_acquire(pp.field(P.runqtail)) - head))
        puts(cstr(b" "))
    puts(cstr(b"] schedticks=[ "))
    for i in range(u64(sched.at.nprocs)):
        put_uint(load_acquire(allp.at[i].field(P.schedtick)))
        puts(cstr(b" "))
    puts(cstr(b"]\n"))
    end()


def monitor_sleep(delay: i64) -> boolean:
    """Sleep. Returns whether it slept because nothing ran. After a stopped world the program continues as before, so a
    collection is not a reason to check more often."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    collecting = gc_waiting.value != 0
    idle = (collecting or sched.at.npidle == sched.at.nprocs) and sched.at.schedtrace == 0
    if idle and stopped.value == 0:
        noteclear(sched.ptr.field(Sched.sysmonnote))
        sched.at.sysmonwait = u32(1)
    unlock(sched.ptr.field(Sched.lock))
    if idle:
        if sched.at.sysmonwait != 0 and stopped.value == 0:
            notesleep(sched.ptr.field(Sched.sysmonnote))
        return not collecting
    notetsleep(sched.ptr.field(Sched.sysmonnote), delay)
    noteclear(sched.ptr.field(Sched.sysmonnote))
    return False


def sysmon(m: Ptr[M]) -> None:
    """The main function of the monitor's thread."""
    quiet = u64(0)
    delay = SHORTEST
    traced = nanotime()
    _trace_start.value = traced
    while atomic_load(stopped.ptr) == 0:
        if quiet == 0:
            delay = SHORTEST
        elif quiet > LOOKS and delay < LONGEST:
            delay = i64(delay * 2)
        if delay > LONGEST:
            delay = LONGEST
        if monitor_sleep(delay):
            quiet = u64(0)
            delay = SHORTEST
        now = nanotime()
        quiet = u64(0) if retake(now) else u64(quiet + 1)
        period = i64(sched.at.schedtrace * 1000000)
        if period != 0 and now - traced >= period:
            traced = now
            put_schedtrace(now)
    threadend(m)


@export
def sysmonstart(g: Ptr[G], schedtrace: u64) -> None:
    """Start the monitor."""
    sched.at.schedtrace = schedtrace
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    m = allocm()
    sched.at.nmsys = u64(sched.at.nmsys + 1)
    unlock(sched.ptr.field(Sched.lock))
    newosproc(m, func_ptr(sysmon), m.addr, THREAD_STACK)
