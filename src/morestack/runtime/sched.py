"""The scheduler: who runs next, how goroutines start, end, wait and wake.

        runnext        the goroutine that was readied last: it runs next, while its data is in the cache
        runq           ring of 256; head and tail only grow, slot = n % 256
        sched.queue    the global queue: what did not fit; looked at every 61st time, and when runq is empty

`schedule` is called from rt.schedule on the thread's own stack, after a goroutine has parked, ended, failed or
yielded. 0 means that the thread gives control back to the engine: the program is over and `exit_code` set.
A goroutine that is still RUNNING has answered a check, or goes on at its gobuf: so panics go from frame to frame.

Invariants
- A goroutine is in at most one queue, and in one exactly when its status is RUNNABLE.
- `curg` is the goroutine whose frame called the runtime, and nil while schedule looks for one.
- All goroutines ever made are in `allgs`; dead ones also in gfree, with a stack of STACK_MIN bytes or none.

Note [Fairness of runnext]: Go lets a goroutine started or woken inherit the time slice, and at its end puts it behind
all others. Here a run of 16 through runnext does the same: the next one goes behind everything that waits, in the
global queue when that holds any. So two goroutines that wake each other do not starve the rest, and one that
starts others faster than they run waits for them before their stacks pile up.
"""

from morestack.dialect.machine import (
    Ptr,
    boolean,
    cstr,
    export,
    i64,
    local,
    nil,
    noinline,
    ptr_at,
    size_of,
    static,
    struct,
    u32,
    u64,
)
from morestack.runtime.allp import allp, allp_n
from morestack.runtime.copystack import copystack, set_guard
from morestack.runtime.discipline import end_stack, new_stack
from morestack.runtime.event import stats
from morestack.runtime.fatal import stop, stopped
from morestack.runtime.hchan import select_finish
from morestack.runtime.layout import (
    G_DEAD,
    G_IDLE,
    G_RUNNABLE,
    G_RUNNING,
    G_WAITING,
    PARKED,
    RUNQ_SIZE,
    WAIT_NONE,
    Defer,
    G,
    M,
    P,
    Panic,
    Spill,
    Sudog,
)  # fmt: skip
from morestack.runtime.lock import RANK_SCHED, lock, notetsleep, unlock
from morestack.runtime.mcache import gc_wanted
from morestack.runtime.mgc import poll
from morestack.runtime.mheap import persistentalloc
from morestack.runtime.mspecial import wake_finalizers
from morestack.runtime.os import nanotime
from morestack.runtime.park import park_commit
from morestack.runtime.print import begin, end, puts
from morestack.runtime.safepoint import let_through, resume
from morestack.runtime.shrinkstack import move_stacks, shrinkstack
from morestack.runtime.timeheap import check_timers, timer_first, timers_alive
from morestack.runtime.traceback import allgs, allgs_last, traceback_all

PENDING_GO_NIL = u64(18)
RUNNEXT_STREAK = u64(16)


@struct
class Sched:
    """What all processors share."""

    lock: u32
    goidgen: u64
    queue_head: Ptr[G]
    queue_tail: Ptr[G]
    queue_size: u64
    goexit_pc: u64


sched = static(Sched)
shrink_at_block = static(u32)


def malg() -> Ptr[G]:
    """A new goroutine structure with a stack to come; in allgs."""
    g = ptr_at(G, persistentalloc(size_of(G)))
    g.at.status = G_DEAD
    if allgs.value == 0:
        allgs.value = g.addr
    else:
        ptr_at(G, allgs_last.value).at.alllink = g
    allgs_last.value = g.addr
    return g


def gfput(pp: Ptr[P], g: Ptr[G]) -> None:
    """Keep a dead goroutine for reuse; its stack too when it has the starting size."""
    end_stack(pp, g)
    g.at.schedlink = pp.at.gfree
    pp.at.gfree = g
    pp.at.gfree_n = u64(pp.at.gfree_n + 1)


def gfget(pp: Ptr[P]) -> Ptr[G]:
    """A goroutine structure with a stack: a dead one's when there is one."""
    g = pp.at.gfree
    if g == nil(G):
        g = malg()
    else:
        pp.at.gfree = g.at.schedlink
        pp.at.gfree_n = u64(pp.at.gfree_n - 1)
    if g.at.stack_lo == 0:
        new_stack(pp, g)
    else:
        stats.at.goroutines_reused = u64(stats.at.goroutines_reused + 1)
    return g


def globrunqput(g: Ptr[G]) -> None:
    """Put a goroutine at the end of the global queue. sched.lock is held."""
    g.at.schedlink = nil(G)
    if sched.at.queue_size == 0:
        sched.at.queue_head = g
    else:
        sched.at.queue_tail.at.schedlink = g
    sched.at.queue_tail = g
    sched.at.queue_size = u64(sched.at.queue_size + 1)


@noinline
def runqputslow(pp: Ptr[P], g: Ptr[G]) -> None:
    """The ring is full: move half of it and g to the global queue."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    for _ in range(RUNQ_SIZE >> 1):
        globrunqput(ptr_at(G, pp.at.runq[pp.at.runqhead % RUNQ_SIZE]))
        pp.at.runqhead = u64(pp.at.runqhead + 1)
    globrunqput(g)
    unlock(sched.ptr.field(Sched.lock))


def runqput_ring(pp: Ptr[P], g: Ptr[G]) -> None:
    """Put a goroutine at the end of the ring."""
    if pp.at.runqtail - pp.at.runqhead == RUNQ_SIZE:
        runqputslow(pp, g)
        return
    pp.at.runq[pp.at.runqtail % RUNQ_SIZE] = g.addr
    pp.at.runqtail = u64(pp.at.runqtail + 1)


def runqput(pp: Ptr[P], g: Ptr[G]) -> None:
    """Make g the next to run; who was to be the next goes to the end of the ring."""
    kicked = pp.at.runnext
    pp.at.runnext = g
    if kicked != nil(G):
        runqput_ring(pp, kicked)


@noinline
def globrunqget(pp: Ptr[P]) -> Ptr[G]:
    """A goroutine of the global queue, or nil; some more move to the ring."""
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    g = sched.at.queue_head
    if g != nil(G):
        sched.at.queue_head = g.at.schedlink
        sched.at.queue_size = u64(sched.at.queue_size - 1)
        room = u64((RUNQ_SIZE - (pp.at.runqtail - pp.at.runqhead)) >> 1)
        while room != 0 and sched.at.queue_size != 0:
            more = sched.at.queue_head
            sched.at.queue_head = more.at.schedlink
            sched.at.queue_size = u64(sched.at.queue_size - 1)
            pp.at.runq[pp.at.runqtail % RUNQ_SIZE] = more.addr
            pp.at.runqtail = u64(pp.at.runqtail + 1)
            room = u64(room - 1)
    unlock(sched.ptr.field(Sched.lock))
    return g


def find_runnable(pp: Ptr[P]) -> Ptr[G]:
    """Take the goroutine that runs next out of its queue; nil when none can run."""
    check_timers(pp)
    if pp.at.schedtick % 61 == 0 and sched.at.queue_size != 0:
        g = globrunqget(pp)
        if g != nil(G):
            return g
    g = pp.at.runnext
    if g != nil(G):
        pp.at.runnext = nil(G)
        if pp.at.runnext_streak < RUNNEXT_STREAK:
            pp.at.runnext_streak = u64(pp.at.runnext_streak + 1)
            return g
        if sched.at.queue_size == 0:  # See Note [Fairness of runnext]
            runqput_ring(pp, g)
        else:
            lock(sched.ptr.field(Sched.lock), RANK_SCHED)
            globrunqput(g)
            unlock(sched.ptr.field(Sched.lock))
    pp.at.runnext_streak = u64(0)
    if pp.at.runqtail != pp.at.runqhead:
        g = ptr_at(G, pp.at.runq[pp.at.runqhead % RUNQ_SIZE])
        pp.at.runqhead = u64(pp.at.runqhead + 1)
        return g
    return globrunqget(pp)


@noinline
def sleep_until_timer() -> None:
    """No goroutine can run: sleep until the first timer is due."""
    note = local(u32)
    first = i64(timer_first())
    now = nanotime()
    if first > now:
        notetsleep(note, i64(first - now))


@noinline
def deadlock() -> None:
    """Nothing can ever run again: report every goroutine, and end the program."""
    begin()
    if stats.at.goroutines != 0 and stats.at.goroutines == stats.at.goroutines_ended:
        puts(cstr(b"fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n"))
    else:
        puts(cstr(b"fatal error: all goroutines are asleep - deadlock!\n"))
    traceback_all()
    end()
    stop(i64(2))


@noinline
def stress_parked(g: Ptr[G]) -> None:
    """Shrink the stack of a goroutine that has just parked, or move it, when asked to."""
    if not shrinkstack(g.at.m.at.p, g) and move_stacks.value != 0:
        copystack(g.at.m.at.p, g, u64(g.at.stack_hi - g.at.stack_lo), False)


def collect_here(pp: Ptr[P], place: u64) -> None:
    """A collection is wanted: collect, and let finalizers run."""
    poll(pp, place)
    g = wake_finalizers()
    if g != nil(G):
        goready(pp, g)


@noinline
def stays(m: Ptr[M], g: Ptr[G]) -> boolean:
    """g has answered a check, or goes on elsewhere because of a panic. Do what is asked for; False: it gives way."""
    s = g.at.spill
    place = g.at.sched.pc
    if s != nil(Spill):
        let_through(g, s.at.frame)
        place = u64(s.at.pc ^ u64(place * 5))
    pp = m.at.p
    if gc_wanted.value != 0:
        collect_here(pp, place)
    if pp.at.preempt == 0:
        return True
    pp.at.preempt = u32(0)
    g.at.status = G_RUNNABLE
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    globrunqput(g)
    unlock(sched.ptr.field(Sched.lock))
    return False


@export
def schedule(g: Ptr[G]) -> u64:
    """The address of the goroutine to switch to, bit 0 set when it goes on in a prologue; or 0. `g` has stopped, or
    is g0 of a thread that begins."""
    m = g.at.m
    if stopped.value != 0:
        m.at.curg = nil(G)
        return u64(0)
    if g.at.status == G_RUNNING and stays(m, g):
        return resume(m, g)
    if shrink_at_block.value != 0 and g.at.status == G_WAITING:
        stress_parked(g)
    park_commit(m)
    pp = m.at.p
    if gc_wanted.value != 0:
        m.at.curg = nil(G)
        collect_here(pp, g.at.sched.pc)
    pp.at.schedtick = u64(pp.at.schedtick + 1)
    gp = find_runnable(pp)
    while gp == nil(G) and timers_alive():
        sleep_until_timer()
        gp = find_runnable(pp)
    if gp == nil(G):
        m.at.curg = nil(G)
        deadlock()
        return u64(0)
    if gp.at.waiting != nil(Sudog):
        select_finish(gp, pp)
    gp.at.status = G_RUNNING
    gp.at.m = m
    m.at.curg = gp
    return resume(m, gp)


def goready(pp: Ptr[P], g: Ptr[G]) -> None:
    """A parked goroutine can run again."""
    g.at.status = G_RUNNABLE
    g.at.waitreason = WAIT_NONE
    runqput(pp, g)


@export
def gosched(g: Ptr[G]) -> i64:
    """Let others run: to the global queue, as Go's Gosched."""
    g.at.status = G_RUNNABLE
    g.at.sched.ret = u64(0)
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    globrunqput(g)
    unlock(sched.ptr.field(Sched.lock))
    return PARKED


@export
def newproc(g: Ptr[G], closure: u64) -> None:
    """Start a goroutine that calls a closure without arguments. g may be g0: the program's first one."""
    if closure == 0:
        g.at.pending = PENDING_GO_NIL
        return
    pp = g.at.m.at.p
    gp = gfget(pp)
    hi = gp.at.stack_hi
    ptr_at(u64, u64(hi - 8))[0] = sched.at.goexit_pc
    ptr_at(u64, u64(hi - 16))[0] = u64(0)
    code = ptr_at(u64, closure)[0]
    gp.at.sched.pc = code
    gp.at.sched.sp = hi
    gp.at.sched.bp = u64(0)
    gp.at.sched.ctxt = closure
    gp.at.sched.ret = u64(0)
    m = g.at.m
    gp.at.gopc = m.at.site
    m.at.site = u64(0)
    gp.at.parentgoid = g.at.goid
    sched.at.goidgen = u64(sched.at.goidgen + 1)
    gp.at.goid = sched.at.goidgen
    gp.at.m = m
    gp.at.status = G_RUNNABLE
    gp.at.waitreason = WAIT_NONE
    gp.at.pending = u64(0)
    gp.at.spill = nil(Spill)
    gp.at.defers = nil(Defer)
    gp.at.panics = nil(Panic)
    gp.at.sigpc = u64(0)
    set_guard(gp)
    stats.at.goroutines = u64(stats.at.goroutines + 1)
    runqput(pp, gp)


@export
def goexit0(g: Ptr[G]) -> None:
    """The goroutine's first function has returned: it is dead, and rt.schedule follows."""
    g.at.status = G_DEAD
    g.at.waiting = nil(Sudog)
    g.at.m.at.curg = nil(G)
    stats.at.goroutines_ended = u64(stats.at.goroutines_ended + 1)
    gfput(g.at.m.at.p, g)


@export
def exit(g: Ptr[G], code: i64) -> None:
    """The program ends with this code."""
    stop(code)


def schedinit_m(goexit_pc: u64) -> Ptr[G]:
    """Make the first M, its g0 and its P; returns g0."""
    sched.at.lock = u32(0)
    sched.at.goidgen = u64(0)
    sched.at.queue_head = nil(G)
    sched.at.queue_tail = nil(G)
    sched.at.queue_size = u64(0)
    sched.at.goexit_pc = goexit_pc
    allgs.value = u64(0)
    allgs_last.value = u64(0)
    g0 = ptr_at(G, persistentalloc(size_of(G)))
    m = ptr_at(M, persistentalloc(size_of(M)))
    pp = ptr_at(P, persistentalloc(size_of(P)))
    g0.at.m = m
    g0.at.status = G_IDLE
    m.at.g0 = g0
    m.at.p = pp
    pp.at.m = m
    allp.at[0] = pp
    allp_n.value = u64(1)
    return g0
