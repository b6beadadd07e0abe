"""Semaphores and notification lists: what sync's mutexes, wait groups and conditions sleep on.

A semaphore is a count, a u32 anywhere in the heap. A goroutine that finds it 0 waits under its address.

        table    256 buckets by the hash of the address, each with its lock
        bucket   a digital search tree: a node for each address that a goroutine waits on; the next bits of the hash
                 select left or right. No two addresses have the same hash, so the depth is at most 56, and
                 about log2(n)
        node     its waiters, first come first served; a mutex's waiter that has waited before goes to the head

semrelease passes the count it adds to the first waiter, under the bucket's lock. The woken goroutine owns the count and
need not retry, for which it would have no runtime frame. A goroutine that calls acquire at that moment may still get
the count before the waiters, but not a mutex, because sync.Mutex keeps its state in another word.

Invariants
- A waiter has counted itself in nwait under the bucket's lock, and then found the count 0. semrelease adds to the count
  first, and reads nwait afterwards. So one of the two sees the other.
- A node is in the tree exactly while it has waiters. The address is `c` of each sudog, which keeps the object with the
  semaphore alive meanwhile.
- Locks are not taken with one P (see Note [Locks with one processor]).

A notification list (sync.Cond) issues tickets. A waiter takes one before it releases the condition's lock, so that a
notification reaches goroutines that hold a ticket but do not wait yet.

The interfaces, the waking order and the tickets are those of the Go runtime's sema.go. Rejected: its balanced tree
(treap), whose rotations are longer than all of this; woken waiters that compete for the count, as in Go.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_add,
    atomic_load,
    atomic_store,
    boolean,
    cas,
    cpu_pause,
    cstr,
    export,
    i64,
    memset,
    nil,
    ptr_at,
    ptr_to,
    size_of,
    static,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sched.hchan import acquire_sudog, held_lock, release_sudog, single_p
from morestack.runtime.sched.park import gopark
from morestack.runtime.sched.sched import goready, gosched
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import (
    WAIT_COND,
    WAIT_MUTEX,
    WAIT_RWMUTEX,
    WAIT_RWMUTEX_READ,
    WAIT_SEMACQUIRE,
    WAIT_WAITGROUP,
    G,
    P,
    Sudog,
)  # fmt: skip
from morestack.runtime.sys.lock import RANK_SEMA, lock, unlock
from morestack.runtime.sys.stress import stress

BUCKET_BITS = u64(8)
SPIN_ROUNDS = i64(4)
SPIN_PAUSES = u64(30)


@struct
class SemaNode:
    """An address that goroutines wait on."""

    left: u64
    right: u64
    addr: u64
    first: Ptr[Sudog]
    last: Ptr[Sudog]


@struct
class SemaBucket:
    """A part of the table, on its own cache line."""

    lock: u32
    nwait: u32
    root: u64
    free: u64  # nodes, linked by `left`
    pad: Array[u64, Literal[5]]


@struct
class SemaTable:
    """All buckets."""

    buckets: Array[SemaBucket, Literal[256]]


@struct
class NotifyList:
    """sync.notifyList."""

    wait: u32  # the next ticket
    notify: u32  # the next ticket to be called
    lock: u32
    pad: u32
    head: Ptr[Sudog]
    tail: Ptr[Sudog]


table = static(SemaTable)


def sema_init() -> None:
    """Start with no waiters."""
    memset(table.addr, u8(0), size_of(SemaTable))


def hash_of(addr: u64) -> u64:
    """A hash that is unique for each address: its top bits choose the bucket, the next ones the path in the tree."""
    return u64(addr * 0x9E37_79B9_7F4A_7C15)


def bucket_of(addr: u64) -> Ptr[SemaBucket]:
    """The bucket of the waiters for an address."""
    return ptr_to(table.at.buckets[hash_of(addr) >> (64 - BUCKET_BITS)])


def lock_word(l: Ptr[u32]) -> None:
    """Take the lock of a bucket or list."""
    if single_p.value == 0:
        lock(l, RANK_SEMA)


def unlock_word(l: Ptr[u32]) -> None:
    """Release the lock of a bucket or list."""
    if single_p.value == 0:
        unlock(l)


def find_slot(b: Ptr[SemaBucket], addr: u64) -> u64:
    """The address of the word that holds the node of `addr`, or that would hold it."""
    slot = b.field(SemaBucket.root).addr
    bits = u64(hash_of(addr) << BUCKET_BITS)
    while True:
        n = ptr_at(SemaNode, ptr_at(u64, slot)[0])
        if n == nil(SemaNode) or n.at.addr == addr:
            return slot
        slot = n.field(SemaNode.right).addr if bits >> 63 != 0 else n.field(SemaNode.left).addr
        bits = u64(bits << 1)


def add_node(b: Ptr[SemaBucket], slot: u64, addr: u64) -> Ptr[SemaNode]:
    """Add a node for an address that has none."""
    if b.at.free == 0:
        n = ptr_at(SemaNode, persistentalloc(size_of(SemaNode)))
    else:
        n = ptr_at(SemaNode, b.at.free)
        b.at.free = n.at.left
    n.at.left = u64(0)
    n.at.right = u64(0)
    n.at.addr = addr
    n.at.first = nil(Sudog)
    n.at.last = nil(Sudog)
    ptr_at(u64, slot)[0] = n.addr
    return n


def drop_node(b: Ptr[SemaBucket], slot: u64) -> None:
    """Take a node out of the tree. Any leaf node below it may replace it, because their bits are the same up to
    there."""
    n = ptr_at(SemaNode, ptr_at(u64, slot)[0])
    at = slot
    leaf = n
    while leaf.at.left != 0 or leaf.at.right != 0:
        at = leaf.field(SemaNode.left).addr if leaf.at.left != 0 else leaf.field(SemaNode.right).addr
        leaf = ptr_at(SemaNode, ptr_at(u64, at)[0])
    ptr_at(u64, at)[0] = u64(0)
    if leaf != n:
        leaf.at.left = n.at.left
        leaf.at.right = n.at.right
        ptr_at(u64, slot)[0] = leaf.addr
    n.at.addr = u64(0)
    n.at.left = b.at.free
    b.at.free = n.addr


def take_one(count: Ptr[u32]) -> boolean:
    """Decrement a count, unless it is 0. Returns whether it did."""
    while True:
        v = atomic_load(count)
        if v == 0:
            return False
        if cas(count, v, u32(v - 1)):
            return True


def wait_by(g: Ptr[G], addr: u64) -> Ptr[Sudog]:
    """Take a sudog for g, which is about to wait on an address of the heap."""
    s = acquire_sudog(g.at.m.at.p)
    s.at.g = g
    s.at.c = addr
    g.at.waiting = s
    return s


def acquire(g: Ptr[G], count: Ptr[u32], lifo: boolean, reason: u32) -> i64:
    """Decrement a count, or wait until semrelease passes one on. `lifo`: wait in front of all others."""
    stress(g)
    if take_one(count):
        return i64(0)
    b = bucket_of(count.addr)
    nwait = b.field(SemaBucket.nwait)
    lock_word(b.field(SemaBucket.lock))
    atomic_add(nwait, u32(1))
    if take_one(count):
        atomic_add(nwait, u32(0xFFFF_FFFF))
        unlock_word(b.field(SemaBucket.lock))
        return i64(0)
    slot = find_slot(b, count.addr)
    n = ptr_at(SemaNode, ptr_at(u64, slot)[0])
    if n == nil(SemaNode):
        n = add_node(b, slot, count.addr)
    s = wait_by(g, count.addr)
    if n.at.first == nil(Sudog):
        n.at.first = s
        n.at.last = s
    elif lifo:
        s.at.next = n.at.first
        n.at.first = s
    else:
        n.at.last.at.next = s
        n.at.last = s
    return gopark(g, reason, held_lock(b.field(SemaBucket.lock)))


@export
def semacquire(g: Ptr[G], count: Ptr[u32]) -> i64:
    """sync.runtime_Semacquire."""
    return acquire(g, count, False, WAIT_SEMACQUIRE)


@export
def semacquirewaitgroup(g: Ptr[G], count: Ptr[u32], durable: boolean) -> i64:
    """sync.runtime_SemacquireWaitGroup."""
    return acquire(g, count, False, WAIT_WAITGROUP)


@export
def semacquiremutex(g: Ptr[G], count: Ptr[u32], lifo: boolean, skip: i64) -> i64:
    """internal/sync.runtime_SemacquireMutex."""
    return acquire(g, count, lifo, WAIT_MUTEX)


@export
def semacquirerwmutex(g: Ptr[G], count: Ptr[u32], lifo: boolean, skip: i64) -> i64:
    """sync.runtime_SemacquireRWMutex."""
    return acquire(g, count, lifo, WAIT_RWMUTEX)


@export
def semacquirerwmutexr(g: Ptr[G], count: Ptr[u32], lifo: boolean, skip: i64) -> i64:
    """sync.runtime_SemacquireRWMutexR."""
    return acquire(g, count, lifo, WAIT_RWMUTEX_READ)


def wake_waiter(pp: Ptr[P], s: Ptr[Sudog]) -> None:
    """Make ready the goroutine of a sudog that is no longer in a queue."""
    g = s.at.g
    g.at.waiting = nil(Sudog)
    g.at.sched.ret = u64(0)
    release_sudog(pp, s)
    goready(pp, g)


def first_waiter(count: Ptr[u32]) -> Ptr[Sudog]:
    """Dequeue the waiter that gets the one just added to a count. Returns nil if there is none."""
    b = bucket_of(count.addr)
    nwait = b.field(SemaBucket.nwait)
    if atomic_load(nwait) == 0:
        return nil(Sudog)
    lock_word(b.field(SemaBucket.lock))
    slot = find_slot(b, count.addr)
    n = ptr_at(SemaNode, ptr_at(u64, slot)[0])
    if n == nil(SemaNode) or not take_one(count):  # no waiter here, or another goroutine was faster
        unlock_word(b.field(SemaBucket.lock))
        return nil(Sudog)
    s = n.at.first
    n.at.first = s.at.next
    if s.at.next == nil(Sudog):
        drop_node(b, slot)
    atomic_add(nwait, u32(0xFFFF_FFFF))
    unlock_word(b.field(SemaBucket.lock))
    return s


@export
def semrelease(g: Ptr[G], count: Ptr[u32], handoff: boolean, skip: i64) -> i64:
    """runtime_Semrelease. `handoff`: let the woken goroutine run at once."""
    stress(g)
    atomic_add(count, u32(1))
    s = first_waiter(count)
    if s == nil(Sudog):
        return i64(0)
    wake_waiter(g.at.m.at.p, s)
    if handoff:
        return gosched(g)
    return i64(0)


@export
def notifylistadd(g: Ptr[G], l: Ptr[NotifyList]) -> u32:
    """sync.runtime_notifyListAdd: take a ticket."""
    return u32(atomic_add(l.field(NotifyList.wait), u32(1)) - 1)


@export
def notifylistwait(g: Ptr[G], l: Ptr[NotifyList], ticket: u32) -> i64:
    """sync.runtime_notifyListWait: wait until a ticket is called, unless it has been."""
    stress(g)
    lock_word(l.field(NotifyList.lock))
    if u32(ticket - l.at.notify) >= 0x8000_0000:
        unlock_word(l.field(NotifyList.lock))
        return i64(0)
    s = wait_by(g, l.addr)
    s.at.case_index = ticket
    if l.at.tail == nil(Sudog):
        l.at.head = s
    else:
        l.at.tail.at.next = s
    l.at.tail = s
    return gopark(g, WAIT_COND, held_lock(l.field(NotifyList.lock)))


@export
def notifylistnotifyall(g: Ptr[G], l: Ptr[NotifyList]) -> None:
    """sync.runtime_notifyListNotifyAll."""
    if atomic_load(l.field(NotifyList.wait)) == atomic_load(l.field(NotifyList.notify)):
        return
    lock_word(l.field(NotifyList.lock))
    s = l.at.head
    l.at.head = nil(Sudog)
    l.at.tail = nil(Sudog)
    atomic_store(l.field(NotifyList.notify), atomic_load(l.field(NotifyList.wait)))
    unlock_word(l.field(NotifyList.lock))
    while s != nil(Sudog):
        after = s.at.next
        s.at.next = nil(Sudog)
        wake_waiter(g.at.m.at.p, s)
        s = after


@export
def notifylistnotifyone(g: Ptr[G], l: Ptr[NotifyList]) -> None:
    """sync.runtime_notifyListNotifyOne: call the oldest ticket. If its holder does not wait yet, it never will."""
    if atomic_load(l.field(NotifyList.wait)) == atomic_load(l.field(NotifyList.notify)):
        return
    lock_word(l.field(NotifyList.lock))
    ticket = l.at.notify
    if ticket == atomic_load(l.field(NotifyList.wait)):
        unlock_word(l.field(NotifyList.lock))
        return
    atomic_store(l.field(NotifyList.notify), u32(ticket + 1))
    before = nil(Sudog)
    s = l.at.head
    while s != nil(Sudog) and s.at.case_index != ticket:
        before = s
        s = s.at.next
    if s != nil(Sudog):
        if before == nil(Sudog):
            l.at.head = s.at.next
        else:
            before.at.next = s.at.next
        if l.at.tail == s:
            l.at.tail = before
        s.at.next = nil(Sudog)
    unlock_word(l.field(NotifyList.lock))
    if s != nil(Sudog):
        wake_waiter(g.at.m.at.p, s)


@export
def notifylistcheck(g: Ptr[G], size: u64) -> None:
    """Check that sync and the runtime agree on the size of a list: Go's lock is a word, of which half is used."""
    if size != size_of(NotifyList):
        throw(cstr(b"bad notifyList size"))


@export
def canspin(g: Ptr[G], rounds: i64) -> boolean:
    """internal/sync.runtime_canSpin: only with several Ps, for a few rounds, and if no goroutine waits for this P."""
    pp = g.at.m.at.p
    return rounds < SPIN_ROUNDS and single_p.value == 0 and pp.at.runqhead == pp.at.runqtail


@export
def dospin(g: Ptr[G]) -> None:
    """internal/sync.runtime_doSpin."""
    for _ in range(SPIN_PAUSES):
        cpu_pause()


@export
def procid(g: Ptr[G]) -> u64:
    """The number of the P that g runs on. It may change at the next safe point."""
    return g.at.m.at.p.at.id
