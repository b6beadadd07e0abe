"""The scheduler: which goroutine runs next, and how goroutines start, end, wait and wake.

        runnext, ring   the processor's own queue (runq.py)
        global queue    goroutines that gave way or did not fit (globrunq.py); checked first every 61st time
        the others'     stolen from if there is nothing else (findrunnable.py)

`schedule` is called from rt.schedule on the thread's own stack, after a goroutine has parked, ended, failed or yielded.
A result of 0 means that the thread ends: the program has ended, or a goroutine locked to the thread has. A goroutine
that is still RUNNING has reached a failed check, or continues at its gobuf; a panic goes from frame to frame this way.
A goroutine that is RUNNABLE gives way. It is put in the global queue only here, after the last access to it.

Invariants
- A goroutine is in at most one queue, and in one exactly when its status is RUNNABLE.
- `curg` is the goroutine whose frame called the runtime, and nil while its thread looks for one.
- Once a goroutine is in a queue, or its lock is released (park.py), only the thread that takes it out may access it.
- Requests are checked after the next goroutine has been chosen: it keeps its thread while the world is stopped.

Note [Time slices]: a goroutine started or woken by another inherits its time slice (runnext; schedtick stays). After 10
ms the monitor sets P.preempt, and the running goroutine gives way at its next check. Two goroutines that wake each
other may take turns without reaching a check, or one may start others and wait only for the last. So runnext moves
behind all waiting goroutines when the slice is over and, unlike in Go, after 16 in a row. With Go's rule alone, a
program that starts goroutines in batches piled up 10 ms of them: 87 bytes and 450 ns for each instead of 67 ns. For the
same reason, and again unlike in Go, a goroutine that has filled the ring with new goroutines gives way. The new ones
then run while their stacks are in the cache, and those that end at once leave their stacks to the next. This makes
starting a million waiting goroutines a third faster.
"""

from morestack.abi.convention import PARKED, STACK_PREEMPT
from morestack.abi.pending import PENDING_GO_NIL
from morestack.abi.settings import THREAD
from morestack.dialect.machine import (
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    boolean,
    call_ptr,
    export,
    i64,
    load_acquire,
    memset,
    nil,
    noinline,
    ptr_at,
    signature,
    size_of,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.gc.mgc import collect, collection_due
from morestack.runtime.gc.mspecial import wake_finalizers
from morestack.runtime.mem.allg import allg_init
from morestack.runtime.mem.extra import extra_of, extra_reset, lockedm_of, spill_of, world_fn_of
from morestack.runtime.mem.mcache import gc_wanted
from morestack.runtime.sched.findrunnable import find_runnable, global_work, steal_work
from morestack.runtime.sched.gfree import gfget, gfput
from morestack.runtime.sched.globrunq import Sched, globrunqput, sched
from morestack.runtime.sched.hchan import select_finish
from morestack.runtime.sched.idle import acquirep, pidleput
from morestack.runtime.sched.lockosthread import mexit, startlockedm, stoplockedm, switchlockedm
from morestack.runtime.sched.park import park_commit
from morestack.runtime.sched.proc import allocm, newm, resetspinning, threadend, wakep
from morestack.runtime.sched.procresize import procs_init
from morestack.runtime.sched.runq import runnext_take, runq_empty, runq_full, runqget_ring, runqput, runqput_ring
from morestack.runtime.sched.stw import gcstopm, start_the_world, stop_the_world
from morestack.runtime.sched.thread import own_thread
from morestack.runtime.sched.timeheap import check_timers
from morestack.runtime.stack.copystack import copystack, set_guard
from morestack.runtime.stack.discipline import discipline
from morestack.runtime.stack.safepoint import gc_waiting, let_through, resume
from morestack.runtime.stack.shrinkstack import move_stacks, shrinkstack
from morestack.runtime.sys.allp import allp
from morestack.runtime.sys.fatal import stop, stopped
from morestack.runtime.sys.layout import (
    G_DEAD,
    G_RUNNABLE,
    G_RUNNING,
    G_WAITING,
    P_RUNNING,
    WAIT_NONE,
    Defer,
    G,
    M,
    P,
    Spill,
    Sudog,
)
from morestack.runtime.sys.lock import RANK_SCHED, lock, unlock
from morestack.runtime.sys.rand import fastrand

GOID_BATCH = u64(16)
RUNNEXT_STREAK = u64(16)
MAX_THREADS = u64(10000)

shrink_at_block = static(u32)
random_schedule = static(u32)
"""Nonzero if choices that programs must not rely on are made at random (STRESS=schedule)."""


@signature
def world_function(g: Ptr[G]) -> None: ...


@noinline
def stress_parked(g: Ptr[G]) -> None:
    """Under stress, shrink or move the stack of a goroutine that has just parked."""
    if not shrinkstack(g.at.m.at.p, g) and move_stacks.value != 0:
        copystack(g.at.m.at.p, g, u64(g.at.stack_hi - g.at.stack_lo), False)


def collect_here(m: Ptr[M]) -> None:
    """Collect, unless another thread has done so meanwhile, and let finalizers run."""
    if stop_the_world(m):
        if gc_wanted.value != 0:
            collect(m.at.p)
        start_the_world(m)
        g = wake_finalizers()
        if g != nil(G):
            goready(m.at.p, g)


def give_way(m: Ptr[M], g: Ptr[G]) -> None:
    """Put g at the end of the global queue."""
    g.at.status = G_RUNNABLE
    lock(sched.ptr.field(Sched.lock), RANK_SCHED)
    globrunqput(g)
    unlock(sched.ptr.field(Sched.lock))
    if load_acquire(sched.ptr.field(Sched.npidle)) != 0:
        wakep()


@noinline
def left(m: Ptr[M], g: Ptr[G], status: u32) -> boolean:
    """Handle a g that has given way or ended, or is g0 of a new thread. Returns False if the thread ends."""
    if status == G_RUNNABLE:
        pp = m.at.p
        if pp != nil(P):
            pp.at.stats.yields = u64(pp.at.stats.yields + 1)
        give_way(m, g)
    elif status == G_DEAD:
        pp = m.at.p
        pp.at.stats.goroutines_ended = u64(pp.at.stats.goroutines_ended + 1)
        locked = lockedm_of(g) != nil(M)
        if locked:
            g.at.extra.at.lockedm = nil(M)
        gfput(pp, g)
        if locked:
            m.at.lockedg = nil(G)
            m.at.curg = nil(G)
            mexit(m, ready_now(m) if discipline.value == THREAD else nil(G))
            return False
    elif m.at.nextp != nil(P) and m.at.lockedg == nil(G):  # otherwise it is for that goroutine (mpark takes it)
        acquirep(m, m.at.nextp)
        m.at.nextp = nil(P)
    return True


@noinline
def random_next(m: Ptr[M], pp: Ptr[P]) -> Ptr[G]:
    """STRESS=schedule: a goroutine from any queue, or nil to choose as usual. runnext may lose its turn."""
    choice = fastrand(m) & 3
    if choice == 0:
        return global_work(pp, u64(0))
    if choice == 1:
        return steal_work(m) if sched.at.nprocs > 1 and runq_empty(pp) else runqget_ring(pp)
    if choice == 2:
        g = runnext_take(pp)
        if g != nil(G):
            runqput_ring(pp, g)
    return nil(G)


@noinline
def random_preempt(m: Ptr[M], g: Ptr[G]) -> None:
    """STRESS=schedule: one time in four, let the next goroutine give way at its first check."""
    if fastrand(m) & 3 == 0:
        m.at.p.at.preempt = u32(1)
        g.at.stackguard0 = STACK_PREEMPT


def runs_next(m: Ptr[M], pp: Ptr[P]) -> Ptr[G]:
    """Take a goroutine from pp's own queue or, now and then, from the global one. Returns nil if pp's is empty."""
    check_timers(pp)
    if random_schedule.value != 0:
        chosen = random_next(m, pp)
        if chosen != nil(G):
            pp.at.schedtick = u64(pp.at.schedtick + 1)
            return chosen
    if pp.at.schedtick % 61 == 0 and load_acquire(sched.ptr.field(Sched.queue_size)) != 0:
        g = global_work(pp, u64(0))
        if g != nil(G):
            pp.at.schedtick = u64(pp.at.schedtick + 1)
            return g
    g = runnext_take(pp)
    if g != nil(G):
        if pp.at.preempt == 0 and pp.at.runnext_streak < RUNNEXT_STREAK:
            pp.at.runnext_streak = u64(pp.at.runnext_streak + 1)
            return g
        if load_acquire(sched.ptr.field(Sched.queue_size)) == 0:  # See Note [Time slices]
            runqput_ring(pp, g)
        else:
            give_way(m, g)
    pp.at.runnext_streak = u64(0)
    g = runqget_ring(pp)
    if g != nil(G):
        pp.at.schedtick = u64(pp.at.schedtick + 1)
        pp.at.preempt = u32(0)
    return g


def ready_now(m: Ptr[M]) -> Ptr[G]:
    """Take a goroutine from the processor's queue or the global one, without waiting, or return nil."""
    pp = m.at.p
    g = runs_next(m, pp)
    if g == nil(G):
        g = global_work(pp, u64(0))
        if g != nil(G):
            pp.at.schedtick = u64(pp.at.schedtick + 1)
            pp.at.preempt = u32(0)
    return g


@noinline
def pick_own(m: Ptr[M]) -> Ptr[G]:
    """Under the discipline `thread`: wait until the goroutine of m is to run, and return it. Other ready goroutines run
    first. Returns nil if the program has ended."""
    g = ready_now(m) if m.at.p != nil(P) else nil(G)
    if g == m.at.lockedg:
        return g
    if g != nil(G):
        switchlockedm(m, g)
    else:
        m.at.curg = nil(G)
        stoplockedm(m)
    return m.at.lockedg if m.at.p != nil(P) else nil(G)


@noinline
def pick_slow(m: Ptr[M]) -> Ptr[G]:
    """Find a goroutine elsewhere, and sleep until there is one. Returns nil if the program has ended."""
    if m.at.lockedg != nil(G) and discipline.value == THREAD:
        return pick_own(m)
    m.at.curg = nil(G)
    if m.at.lockedg != nil(G):
        stoplockedm(m)
        return m.at.lockedg if m.at.p != nil(P) else nil(G)
    g = find_runnable(m)
    if g != nil(G):
        m.at.p.at.schedtick = u64(m.at.p.at.schedtick + 1)
        m.at.p.at.preempt = u32(0)
    if m.at.spinning != 0:
        resetspinning(m)
    return g


def pick(m: Ptr[M]) -> Ptr[G]:
    """Choose the goroutine that runs next on m, and take it out of its queue. Returns nil if the program has ended."""
    while True:
        g = nil(G)
        if m.at.p != nil(P) and m.at.lockedg == nil(G):
            g = runs_next(m, m.at.p)
        if g == nil(G):
            g = pick_slow(m)
            if g == nil(G):
                return g
        if lockedm_of(g) == nil(M) or lockedm_of(g) == m:
            if g.at.waiting != nil(Sudog):
                select_finish(g, m.at.p)
            if g.at.m != m:
                m.at.p.at.stats.migrations = u64(m.at.p.at.stats.migrations + 1)
            g.at.status = G_RUNNING
            g.at.m = m
            m.at.curg = g
            m.at.p.at.stats.switches = u64(m.at.p.at.stats.switches + 1)
            if random_schedule.value != 0:
                random_preempt(m, g)
            return g
        startlockedm(m, g)


@noinline
def attend(m: Ptr[M], g: Ptr[G]) -> Ptr[G]:
    """g is about to continue, but there is a request: serve it. Returns the goroutine that continues after that, or
    nil."""
    gp = g
    polled = False
    while stopped.value == 0 and gp != nil(G):
        if gc_waiting.value != 0:
            gcstopm(m)
        elif world_fn_of(gp) != 0:
            if stop_the_world(m):
                call_ptr(world_function, gp.at.extra.at.world_fn, gp)
                gp.at.extra.at.world_fn = u64(0)
                start_the_world(m)
        elif gc_wanted.value != 0 and not polled:
            polled = True
            s = spill_of(gp)
            if collection_due(gp.at.sched.pc if s == nil(Spill) else u64(s.at.more_pc ^ u64(gp.at.sched.pc * 5))):
                collect_here(m)
        else:
            # A thread that stopped the world meanwhile has poisoned the guard. Reset it: otherwise two threads that
            # collect at every check would interrupt each other forever. Later requests are seen at the next check.
            spill = spill_of(gp)
            if spill != nil(Spill):
                let_through(gp, spill.at.more_frame)
            if atomic_load(gc_waiting.ptr) == 0:
                return gp
        if m.at.p == nil(P):  # GOMAXPROCS became smaller, and gp is in the global queue
            gp = pick(m)
    return nil(G)


@export
def schedule(g: Ptr[G]) -> u64:
    """Return the address of the goroutine to switch to, with bit 0 set if it continues in a prologue, or 0. `g` has
    stopped, or is g0 of a new thread."""
    m = g.at.m
    status = g.at.status
    gp = g
    if status == G_RUNNING:
        s = spill_of(g)
        if s != nil(Spill):
            let_through(g, s.at.more_frame)
        pp = m.at.p
        if pp.at.preempt != 0:
            pp.at.preempt = u32(0)
            pp.at.stats.preemptions = u64(pp.at.stats.preemptions + 1)
            give_way(m, g)
            gp = pick(m)
    else:
        if status == G_WAITING:
            if shrink_at_block.value != 0:
                stress_parked(g)
            park_commit(m)
        elif not left(m, g, status):
            return u64(0)
        gp = pick(m)
    if gp != nil(G) and (stopped.value != 0 or gc_waiting.value != 0 or gc_wanted.value != 0 or world_fn_of(gp) != 0):
        gp = attend(m, gp)
    if gp == nil(G):
        m.at.curg = nil(G)
        threadend(m)
        return u64(0)
    return resume(m, gp)


def goready(pp: Ptr[P], g: Ptr[G]) -> None:
    """Make a parked goroutine ready. It runs next, on pp, the caller's processor."""
    g.at.status = G_RUNNABLE
    g.at.waitreason = WAIT_NONE
    runqput(pp, g)
    if load_acquire(sched.ptr.field(Sched.npidle)) != 0:
        wakep()


def goready_last(pp: Ptr[P], g: Ptr[G]) -> None:
    """Make a parked goroutine ready, on pp, behind others that are ready."""
    g.at.status = G_RUNNABLE
    g.at.waitreason = WAIT_NONE
    runqput_ring(pp, g)
    if atomic_add(sched.ptr.field(Sched.npidle), u32(0)) != 0:  # a full barrier, like that of runqput
        wakep()


@export
def gosched(g: Ptr[G]) -> i64:
    """Let others run: g goes to the global queue, as in Go's Gosched."""
    g.at.status = G_RUNNABLE
    g.at.sched.ret = u64(0)
    return PARKED


def with_world_stopped(g: Ptr[G], function: u64, arg: u64) -> i64:
    """The result of a parking runtime call that needs the world stopped. schedule calls function(g), which sets
    g.sched.ret. If the function needs an address, it is in g.sched.ctxt, where copystack and the collector find it."""
    x = extra_of(g)
    x.at.world_fn = function
    x.at.world_arg = arg
    return PARKED


def new_goid(pp: Ptr[P]) -> u64:
    """The number of a new goroutine. Processors reserve 16 numbers at a time."""
    if pp.at.goidcache == pp.at.goidcache_end:
        pp.at.goidcache_end = atomic_add(sched.ptr.field(Sched.goidgen), GOID_BATCH)
        pp.at.goidcache = u64(pp.at.goidcache_end - GOID_BATCH)
    pp.at.goidcache = u64(pp.at.goidcache + 1)
    return pp.at.goidcache


@export
def newproc(g: Ptr[G], closure: u64) -> None:
    """Start a goroutine that calls a closure without arguments. g may be g0, for the program's first goroutine."""
    if closure == 0:
        g.at.pending = PENDING_GO_NIL
        return
    m = g.at.m
    pp = m.at.p
    gp = gfget(pp)
    gp.at.m = m
    extra_reset(gp)
    if discipline.value == THREAD:
        own_thread(pp, gp)
    hi = gp.at.stack_hi
    ptr_at(u64, u64(hi - 8))[0] = sched.at.goexit_pc
    ptr_at(u64, u64(hi - 16))[0] = u64(0)
    code = ptr_at(u64, closure)[0]
    gp.at.sched.pc = code
    gp.at.sched.sp = hi
    gp.at.sched.bp = u64(0)
    gp.at.sched.ctxt = closure
    gp.at.sched.ret = u64(0)
    gp.at.gopc = m.at.site
    m.at.site = u64(0)
    gp.at.parentgoid = g.at.goid
    gp.at.goid = new_goid(pp)
    gp.at.waitreason = WAIT_NONE
    gp.at.pending = u64(0)
    gp.at.defers = nil(Defer)
    set_guard(gp)
    gp.at.status = G_RUNNABLE
    pp.at.stats.goroutines = u64(pp.at.stats.goroutines + 1)
    runqput(pp, gp)
    if runq_full(pp):  # See Note [Time slices]
        pp.at.preempt = u32(1)
        g.at.stackguard0 = STACK_PREEMPT
    if load_acquire(sched.ptr.field(Sched.npidle)) != 0:
        wakep()


@export
def goexit0(g: Ptr[G]) -> None:
    """The goroutine's first function has returned: mark it dead. rt.schedule follows, which keeps it for reuse."""
    g.at.status = G_DEAD
    g.at.waiting = nil(Sudog)


@export
def exit(g: Ptr[G], code: i64) -> None:
    """End the program with this exit code."""
    stop(code)


def schedinit_m(goexit_pc: u64, procs: u64) -> Ptr[G]:
    """Create the first M, its g0 and the processors. Returns g0."""
    memset(sched.addr, u8(0), size_of(Sched))
    random_schedule.value = u32(0)
    allg_init()
    sched.at.goexit_pc = goexit_pc
    sched.at.maxmcount = MAX_THREADS
    m = allocm()
    first = procs_init(procs)
    m.at.p = first
    first.at.m = m
    first.at.status = P_RUNNING
    for i in range(1, procs):
        pidleput(allp.at[i])
    return m.at.g0


@export
def startprogram(g: Ptr[G], mstart: u64) -> None:
    """Let the first thread run the goroutine that newproc(g0, ...) has created."""
    sched.at.mstart_pc = mstart
    atomic_store(sched.ptr.field(Sched.started), u32(1))
    newm(g.at.m, nil(P))


@export
def setschedule(g: Ptr[G], seed: u64) -> None:
    """STRESS=schedule: schedule at random, from this nonzero seed."""
    sched.at.seed = seed
    g.at.m.at.rand = seed
    random_schedule.value = u32(1)
