"""Armed timers: a heap ordered by the time they are due, and the time at which a thread must check it.

        heap    {when, timer} pairs; the four children of entry i are 4i+1 .. 4i+4; timer.index = its entry + 1
        first   when of entry 0, or 0: read without the lock to find out whether any timer is due

There is one heap for all processors. A thread that looks for work reads one word. The lock is taken only to arm or
disarm a timer and when one is due, and an entry moves log4(n) times. Go has had a heap per processor since 1.14, for
machines with many processors whose timers are reset at each request. With one heap, stop and reset from any thread are
a few lines, and timers need not be stolen. As in Go, entries have four children and contain `when`: this halves the
levels of a binary heap, and comparing does not access timers.

Invariants, under the lock
- index != 0 exactly when the timer is in the heap; its entry has the timer's `when`; no parent is due after a child.
- A timer with a channel is not a root: it is dropped when neither it nor the channel is reachable (drop_timers).

A module above this one defines what a timer does when it is due (time.py); `fire` and `matters` are functions there.
"""

from morestack.dialect.machine import (
    Ptr,
    atomic_load,
    atomic_store,
    boolean,
    call_ptr,
    cstr,
    func_ptr,
    i64,
    memmove,
    nil,
    noinline,
    ptr_at,
    signature,
    size_of,
    static,
    struct,
    u32,
    u64,
)
from morestack.runtime.gc.mgchooks import hooks_init
from morestack.runtime.gc.mgcmark import grey, is_marked
from morestack.runtime.gc.mgcwork import GCWork
from morestack.runtime.mem.mheap import PAGE_SHIFT, SPAN_WORK, MSpan, mheap_alloc, mheap_free, span_of
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import P
from morestack.runtime.sys.lock import RANK_TIMERS, lock, unlock
from morestack.runtime.sys.os import nanotime

TIMER_WAKE = u64(1)  # arg is a goroutine: make it ready
TIMER_CHAN = u64(2)  # arg is a channel: send it the time
TIMER_FUNC = u64(3)  # arg is a closure: run it in a new goroutine

FIRST_PAGES = u64(1)
BATCH = u64(64)
"""How many timers are fired before the lock is released for a moment."""


@struct
class Timer:
    """A timer: the runtimeTimer of golib/time/sleep.go, or the record of a sleeping goroutine."""

    when: i64  # nanotime; 0: not armed
    period: i64  # 0: once
    arg: u64
    loc: u64  # a *time.Location, for the times sent to a channel
    kind: u64
    index: u64  # position in the heap, counted from 1; 0: not in the heap


@struct
class TimerEntry:
    """An entry of the heap."""

    when: i64
    timer: Ptr[Timer]


@struct
class Timers:
    """The heap. `free`: unused records for sleeping goroutines, linked by `arg`."""

    lock: u32
    first: u64
    heap: Ptr[TimerEntry]
    count: u64
    capacity: u64
    free: Ptr[Timer]
    fire: u64
    matters: u64


timers = static(Timers)


@signature
def fire_timer(pp: Ptr[P], t: Ptr[Timer]) -> None:
    """Fire a timer that is due. timers.lock is held."""
    ...


@signature
def timer_matters(t: Ptr[Timer]) -> boolean:
    """Whether firing a timer can make a goroutine run."""
    ...


def timers_init(fire: u64, matters: u64) -> None:
    """Start with no armed timers."""
    timers.at.lock = u32(0)
    timers.at.first = u64(0)
    timers.at.heap = nil(TimerEntry)
    timers.at.count = u64(0)
    timers.at.capacity = u64(0)
    timers.at.free = nil(Timer)
    timers.at.fire = fire
    timers.at.matters = matters
    hooks_init(func_ptr(scan_timers), func_ptr(drop_timers))


@noinline
def grow_heap() -> None:
    """Double the room of the heap."""
    pages = FIRST_PAGES if timers.at.capacity == 0 else u64(timers.at.capacity * size_of(TimerEntry) >> PAGE_SHIFT << 1)
    s = mheap_alloc(pages, SPAN_WORK)
    if s == nil(MSpan):
        throw(cstr(b"runtime: out of memory"))
    old = timers.at.heap
    if old != nil(TimerEntry):
        memmove(s.at.base, old.addr, u64(timers.at.count * size_of(TimerEntry)))
        mheap_free(span_of(old.addr))
    timers.at.heap = ptr_at(TimerEntry, s.at.base)
    timers.at.capacity = u64((pages << PAGE_SHIFT) // size_of(TimerEntry))


def place(i: u64, when: i64, t: Ptr[Timer]) -> None:
    """Fill an entry."""
    e = timers.at.heap.add(i)
    e.at.when = when
    e.at.timer = t
    t.at.index = u64(i + 1)


def sift_up(start: u64, when: i64, t: Ptr[Timer]) -> None:
    """Place a timer at an entry or at one of its ancestors."""
    i = start
    while i != 0:
        parent = u64((i - 1) >> 2)
        e = timers.at.heap.add(parent)
        if e.at.when <= when:
            break
        place(i, e.at.when, e.at.timer)
        i = parent
    place(i, when, t)


def sift_down(start: u64, when: i64, t: Ptr[Timer]) -> None:
    """Place a timer at an entry or at one of its descendants."""
    i = start
    n = timers.at.count
    while True:
        child = u64(i * 4 + 1)
        if child >= n:
            break
        least = timers.at.heap.add(child)
        last = min(u64(child + 4), n)
        at = u64(child + 1)
        while at < last:
            e = timers.at.heap.add(at)
            if e.at.when < least.at.when:
                least = e
                child = at
            at = u64(at + 1)
        if least.at.when >= when:
            break
        place(i, least.at.when, least.at.timer)
        i = child
    place(i, when, t)


def update_first() -> None:
    """Publish the time at which the first timer is due."""
    first = u64(0) if timers.at.count == 0 else u64(timers.at.heap.at.when)
    if first != timers.at.first:
        atomic_store(timers.ptr.field(Timers.first), first)


def add_timer(t: Ptr[Timer], when: i64) -> None:
    """Arm a timer that is not in the heap."""
    if timers.at.count == timers.at.capacity:
        grow_heap()
    t.at.when = when
    timers.at.count = u64(timers.at.count + 1)
    sift_up(u64(timers.at.count - 1), when, t)
    update_first()


def remove_timer(t: Ptr[Timer]) -> None:
    """Disarm a timer that is in the heap."""
    i = u64(t.at.index - 1)
    t.at.index = u64(0)
    t.at.when = i64(0)
    timers.at.count = u64(timers.at.count - 1)
    last = timers.at.heap.add(timers.at.count)
    if i != timers.at.count:
        when = last.at.when
        if i != 0 and timers.at.heap.add((i - 1) >> 2).at.when > when:
            sift_up(i, when, last.at.timer)
        else:
            sift_down(i, when, last.at.timer)
    update_first()


def run_timer(pp: Ptr[P], t: Ptr[Timer], now: i64) -> None:
    """Fire a timer of the heap that is due. A periodic one is next due at the next multiple of its period."""
    period = t.at.period
    if period > 0:
        when = i64(t.at.when + period * (1 + (now - t.at.when) // period))
        t.at.when = when
        sift_down(u64(t.at.index - 1), when, t)
        update_first()
    else:
        remove_timer(t)
    call_ptr(fire_timer, timers.at.fire, pp, t)


@noinline
def run_timers(pp: Ptr[P], now: i64) -> None:
    """Fire the timers that are due."""
    due = True
    while due:
        lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
        n = BATCH
        due = timers.at.count != 0 and timers.at.heap.at.when <= now
        while due and n != 0:
            run_timer(pp, timers.at.heap.at.timer, now)
            n = u64(n - 1)
            due = timers.at.count != 0 and timers.at.heap.at.when <= now
        unlock(timers.ptr.field(Timers.lock))


def timer_first() -> u64:
    """When the first timer is due, 0 if none is armed. Reads without the lock."""
    return atomic_load(timers.ptr.field(Timers.first))


def check_timers(pp: Ptr[P]) -> None:
    """Fire the timers that are due. A thread that looks for work on a processor does this first."""
    first = timer_first()
    if first != 0:
        now = nanotime()
        if first <= u64(now):
            run_timers(pp, now)


def poll_timer(pp: Ptr[P], t: Ptr[Timer]) -> None:
    """A goroutine accesses the channel of a timer: fire the timer now if it is due but has not fired yet."""
    if t.at.index != 0 and t.at.when <= nanotime():
        lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
        now = nanotime()
        if t.at.index != 0 and t.at.when <= now:
            run_timer(pp, t, now)
        unlock(timers.ptr.field(Timers.lock))


def timers_alive() -> boolean:
    """Whether a timer is armed whose firing can make a goroutine run. If not, and no goroutine can run, it is a
    deadlock."""
    if timer_first() == 0:
        return False
    lock(timers.ptr.field(Timers.lock), RANK_TIMERS)
    alive = False
    for i in range(timers.at.count):
        if call_ptr(timer_matters, timers.at.matters, timers.at.heap.add(i).at.timer):
            alive = True
            break
    unlock(timers.ptr.field(Timers.lock))
    return alive


def scan_timers(w: Ptr[GCWork]) -> None:
    """Grey the objects that armed timers keep alive. The world is stopped."""
    for i in range(timers.at.count):
        t = timers.at.heap.add(i).at.timer
        if t.at.kind == TIMER_FUNC:
            grey(w, t.addr)


def drop_timers() -> None:
    """All reachable objects are marked: disarm timers whose channels are not. The world is stopped."""
    n = timers.at.count
    kept = u64(0)
    for i in range(n):
        e = timers.at.heap.add(i)
        if e.at.timer.at.kind == TIMER_CHAN and not is_marked(e.at.timer.addr):
            e.at.timer.at.index = u64(0)
            e.at.timer.at.when = i64(0)
        else:
            place(kept, e.at.when, e.at.timer)
            kept = u64(kept + 1)
    if kept == n:
        return
    timers.at.count = kept
    i = u64((kept + 2) >> 2)
    while i != 0:
        i = u64(i - 1)
        e = timers.at.heap.add(i)
        sift_down(i, e.at.when, e.at.timer)
    update_first()
