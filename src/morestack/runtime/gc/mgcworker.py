"""Marking by several threads: helpers that have no P and sleep between collections.

        collector                          helper
        mark: roots, drain                 notesleep
          a chunk is full: wake helpers -> join: workers + 1, unless marking is done
          out of work: idle + 1              roots, drain, out of work: idle + 1
          idle == workers: done              idle == workers: done
          wait for workers == 1              workers - 1, notesleep

The collecting thread marks alone until it sees that there is much to mark: a chunk of grey objects is full, or many
goroutines are left. Then it wakes the helpers, at most GOMAXPROCS - 1, which are created when first needed. A helper
that arrives late finds marking done and sleeps again. The collector does not wait for helpers that have not joined. A
late helper must not join the next collection before it is asked to, because while the collector marks alone, it sets
mark bits without atomics.

Marking has ended when all threads that joined are idle and nothing is shared. Only a thread that is not idle greys
objects or takes roots. It becomes idle only when it has no grey objects of its own and all roots are taken. It stops
being idle, under the lock, only by taking a shared chunk. Both conditions are checked under the lock.

Rejected: goroutines that mark, as in Go. With the world stopped there is nothing to schedule them against, and a
dedicated helper thread needs no P, no stack of ours and no preemption.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    boolean,
    call_ptr,
    cpu_pause,
    func_ptr,
    memset,
    nil,
    noinline,
    ptr_at,
    ptr_to,
    size_of,
    static,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.gc.mgchooks import scan_roots, scan_timers_fn
from morestack.runtime.gc.mgcmark import drain
from morestack.runtime.gc.mgcstack import roots_reset, scan_globals, scan_goroutines
from morestack.runtime.gc.mgcwork import GCShared, GCWork, shared, shared_lock, shrink_next, work_end, work_init
from morestack.runtime.gc.mspecial import mark_specials
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_WORK, lock, noteclear, notesleep, notewakeup, unlock
from morestack.runtime.sys.os import pthread_create, pthread_join, sched_yield

MAX_WORKERS = u64(64)
SPINS = u64(64)
MANY_STACKS = u64(4096)
"""Scanning this many stacks takes longer than waking a thread."""

workers = static(Array[GCWork, Literal[64]])
"""Index 0 is the collector's."""
max_helpers = static(u64)
"""How many helpers may be woken: GOMAXPROCS - 1."""
helpers_made = static(u64)
helpers_quit = static(u32)
marked_stacks = static(u64)
marked_stack_bytes = static(u64)
marked_global_bytes = static(u64)
"""Statistics of what the last marking scanned."""


def out_of_work() -> boolean:
    """Wait for work. Returns True if marking has ended instead. The caller has no grey objects, and all roots are
    taken."""
    lock(shared_lock(), RANK_WORK)
    shared.at.idle = u64(shared.at.idle + 1)
    spins = u64(0)
    while True:
        if shared.at.nfull != 0:
            shared.at.idle = u64(shared.at.idle - 1)
            unlock(shared_lock())
            return False
        if shared.at.idle == shared.at.workers:
            atomic_store(shared.ptr.field(GCShared.done), u64(1))
        if shared.at.done != 0:
            unlock(shared_lock())
            return True
        unlock(shared_lock())
        while atomic_load(shared.ptr.field(GCShared.nfull)) == 0 and atomic_load(shared.ptr.field(GCShared.done)) == 0:
            spins = u64(spins + 1)
            if spins % SPINS == 0:
                sched_yield()
            else:
                cpu_pause()
        lock(shared_lock(), RANK_WORK)


def drain_all(w: Ptr[GCWork]) -> None:
    """Scan until this thread finds no more grey objects. The collector asks for help if there are many."""
    while not drain(w):
        wake_helpers(w)


def mark_from(w: Ptr[GCWork]) -> None:
    """Take part in marking, until it has ended."""
    work_init(w)
    if w.addr == workers.addr:
        mark_specials(w)
        call_ptr(scan_roots, scan_timers_fn.value, w)
    scan_globals(w)
    scan_goroutines(w)
    drain_all(w)
    while not out_of_work():
        drain_all(w)
    work_end(w)


def gc_helper(index: u64) -> u64:
    """The main function of a helper thread."""
    w = ptr_to(workers.at[index])
    note = w.field(GCWork.note)
    while True:
        notesleep(note)
        noteclear(note)
        if atomic_load(helpers_quit.ptr) != 0:
            return u64(0)
        lock(shared_lock(), RANK_WORK)
        joins = shared.at.open != 0 and shared.at.done == 0
        if joins:
            shared.at.workers = u64(shared.at.workers + 1)
        unlock(shared_lock())
        if joins:
            w.at.parallel = u32(1)
            mark_from(w)
            atomic_add(shared.ptr.field(GCShared.workers), u64(0xFFFF_FFFF_FFFF_FFFF))


@noinline
def wake_helpers(w: Ptr[GCWork]) -> None:
    """There is much to mark: the collector asks for help."""
    w.at.parallel = u32(1)
    w.at.asks = u32(0)
    while helpers_made.value < min(max_helpers.value, u64(MAX_WORKERS - 1)):
        index = u64(helpers_made.value + 1)
        helper = ptr_to(workers.at[index])
        noteclear(helper.field(GCWork.note))
        if pthread_create(helper.field(GCWork.thread), u64(0), func_ptr(gc_helper), index) != 0:
            max_helpers.value = helpers_made.value  # no more threads: continue with the existing ones
        else:
            helpers_made.value = index
    lock(shared_lock(), RANK_WORK)
    shared.at.open = u64(1)
    unlock(shared_lock())
    for i in range(min(helpers_made.value, max_helpers.value)):
        notewakeup(workers.at.ptr.add(u64(i + 1)).field(GCWork.note))


def begin_marking() -> None:
    """Start marking: nothing is grey, only the collector marks, and helpers arriving late from the previous collection
    stay out."""
    lock(shared_lock(), RANK_WORK)
    shared.at.full = u64(0)
    shared.at.nfull = u64(0)
    shared.at.empty = u64(0)
    shared.at.idle = u64(0)
    shared.at.workers = u64(1)
    shared.at.open = u64(0)
    atomic_store(shared.ptr.field(GCShared.done), u64(0))
    unlock(shared_lock())


def mark() -> None:
    """Mark all reachable objects. The world is stopped."""
    roots_reset()
    begin_marking()
    w = ptr_to(workers.at[0])
    w.at.parallel = u32(0)
    w.at.asks = u32(1) if max_helpers.value != 0 else u32(0)
    if w.at.asks != 0 and marked_stacks.value >= MANY_STACKS:
        wake_helpers(w)
    mark_from(w)
    while atomic_load(shared.ptr.field(GCShared.workers)) != 1:
        cpu_pause()
    marked_stacks.value = u64(0)
    marked_stack_bytes.value = u64(0)
    marked_global_bytes.value = u64(0)
    for i in range(helpers_made.value + 1):
        one = workers.at[u64(i)]
        marked_stacks.value = u64(marked_stacks.value + one.stacks)
        marked_stack_bytes.value = u64(marked_stack_bytes.value + one.stack_bytes)
        marked_global_bytes.value = u64(marked_global_bytes.value + one.global_bytes)
        one.stacks = u64(0)
        one.stack_bytes = u64(0)
        one.global_bytes = u64(0)


def each_shrinking() -> Ptr[G]:
    """Take a goroutine whose stack is to shrink from the markers' lists. Returns nil if there are no more."""
    for i in range(helpers_made.value + 1):
        w = ptr_to(workers.at[u64(i)])
        g = shrink_next(w)
        if g != 0:
            return ptr_at(G, g)
    return nil(G)


def stop_helpers() -> None:
    """The program has ended: stop the helpers, and wait for them."""
    atomic_store(helpers_quit.ptr, u32(1))
    for i in range(helpers_made.value):
        w = workers.at.ptr.add(u64(i + 1))
        notewakeup(w.field(GCWork.note))
        pthread_join(w.at.thread, u64(0))
    helpers_made.value = u64(0)
    atomic_store(helpers_quit.ptr, u32(0))


def workers_init() -> None:
    """No helpers yet."""
    helpers_made.value = u64(0)
    max_helpers.value = u64(0)
    marked_stacks.value = u64(0)
    memset(workers.addr, u8(0), u64(MAX_WORKERS * size_of(GCWork)))
