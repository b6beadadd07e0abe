"""Specials: records about single objects, beyond what their span tells. So far these are finalizers and cleanups.

        span.specials -> special -> special -> ...     ascending addresses; for one address in the order they were set
        special_spans -> span -> span                  all spans that have any, linked by special_link

        collection   mark_specials    a finalizer's object is followed, but not marked: what it points to outlives it
                     queue_specials   of objects not marked: finalizers go to `queue` and their objects are marked
                                      after all, for the finalizer; cleanups go there when there is no finalizer
        goroutine    takefinalizer    the oldest of the queue (mfinal.py)

So in a chain of objects with finalizers, the object that nothing points to is finalized first, and the next one a cycle
later. An object that can reach itself is never finalized. This is Go's order. A special may be set for an address
inside a block of tiny objects; it is queued when the whole block is dead.

Invariants
- One lock guards the lists, the queue and the spare records, except while the world is stopped.
- A special is in one list: a span's, the queue, or the spare ones.
- `fn` of every special is a root, and so is `arg` of a finalizer that is queued.
"""

from morestack.dialect.machine import Ptr, boolean, nil, ptr_at, size_of, static, struct, u32, u64
from morestack.runtime.gc.mgcmark import grey, heap_span, scan_object
from morestack.runtime.gc.mgcwork import GCWork
from morestack.runtime.mem.mheap import MSpan, persistentalloc
from morestack.runtime.mem.mspan import FORM_NOSCAN, mark_bits, object_index
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock

SPECIAL_FINALIZER = u64(1)
SPECIAL_CLEANUP = u64(2)


@struct
class Special:
    """A finalizer or a cleanup of the object that `arg` points into. `fn` is a closure."""

    next: Ptr["Special"]
    arg: u64
    kind: u64
    fn: u64
    shape: u64  # how the closure takes its argument (mfinal.py)
    word: u64  # the first word of an interface made of arg
    results: u64  # bytes of the closure's results
    id: u64  # of a cleanup


@struct
class Specials:
    """All specials."""

    lock: u32
    spans: u64
    spare: Ptr[Special]
    queue: Ptr[Special]
    queue_last: Ptr[Special]
    queued: u64
    id: u64
    sleeper: Ptr[G]  # the goroutine that runs finalizers, while it waits for some


specials = static(Specials)


def specials_init() -> None:
    """No specials."""
    specials.at.lock = u32(0)
    specials.at.spans = u64(0)
    specials.at.spare = nil(Special)
    specials.at.queue = nil(Special)
    specials.at.queue_last = nil(Special)
    specials.at.queued = u64(0)
    specials.at.id = u64(0)
    specials.at.sleeper = nil(G)


def specials_lock() -> Ptr[u32]:
    """The lock of all lists."""
    return specials.ptr.field(Specials.lock)


def new_special() -> Ptr[Special]:
    """Take a record for the caller to fill in. The lock is held."""
    x = specials.at.spare
    if x == nil(Special):
        return ptr_at(Special, persistentalloc(size_of(Special)))
    specials.at.spare = x.at.next
    return x


def free_special(x: Ptr[Special]) -> None:
    """Keep a record for reuse. The lock is held."""
    x.at.arg = u64(0)
    x.at.fn = u64(0)
    x.at.next = specials.at.spare
    specials.at.spare = x


def first_of(s: Ptr[MSpan]) -> Ptr[Special]:
    """The first special of a span."""
    return ptr_at(Special, s.at.specials)


def find_finalizer(s: Ptr[MSpan], p: u64) -> Ptr[Special]:
    """The finalizer set for an address. The lock is held."""
    x = first_of(s)
    while x != nil(Special) and x.at.arg <= p:
        if x.at.arg == p and x.at.kind == SPECIAL_FINALIZER:
            return x
        x = x.at.next
    return nil(Special)


def add_special(s: Ptr[MSpan], x: Ptr[Special]) -> None:
    """Insert a special into its span's list. The lock is held."""
    if s.at.specials == 0 and s.at.special_listed == 0:
        s.at.special_listed = u32(1)
        s.at.special_link = specials.at.spans
        specials.at.spans = s.addr
    before = nil(Special)
    at = first_of(s)
    while at != nil(Special) and at.at.arg <= x.at.arg:
        before = at
        at = at.at.next
    x.at.next = at
    if before == nil(Special):
        s.at.specials = x.addr
    else:
        before.at.next = x


def remove_special(s: Ptr[MSpan], x: Ptr[Special]) -> None:
    """Take a special out of its span's list. The lock is held, or the world stopped."""
    if s.at.specials == x.addr:
        s.at.specials = x.at.next.addr
        return
    at = first_of(s)
    while at.at.next != x:
        at = at.at.next
    at.at.next = x.at.next


def remove_finalizer(s: Ptr[MSpan], p: u64) -> None:
    """SetFinalizer(p, nil)."""
    lock(specials_lock(), RANK_TABLE)
    x = find_finalizer(s, p)
    if x != nil(Special):
        remove_special(s, x)
        free_special(x)
    unlock(specials_lock())


def remove_cleanup(p: u64, id: u64) -> None:
    """Cleanup.Stop. It does nothing if the cleanup has been queued already."""
    s = heap_span(p)
    if s == nil(MSpan):
        return
    lock(specials_lock(), RANK_TABLE)
    x = first_of(s)
    while x != nil(Special):
        if x.at.kind == SPECIAL_CLEANUP and x.at.id == id:
            remove_special(s, x)
            free_special(x)
            break
        x = x.at.next
    unlock(specials_lock())


def mark_specials(w: Ptr[GCWork]) -> None:
    """Grey the objects that specials keep alive. The world is stopped."""
    at = specials.at.spans
    while at != 0:
        s = ptr_at(MSpan, at)
        x = first_of(s)
        while x != nil(Special):
            grey(w, x.at.fn)
            if x.at.kind == SPECIAL_FINALIZER and s.at.form != FORM_NOSCAN:
                scan_object(w, u64(s.at.base + object_index(s, x.at.arg) * s.at.elemsize), s)
            x = x.at.next
        at = s.at.special_link
    x = specials.at.queue
    while x != nil(Special):
        grey(w, x.at.fn)
        if x.at.kind == SPECIAL_FINALIZER:
            grey(w, x.at.arg)
        x = x.at.next


def enqueue(s: Ptr[MSpan], x: Ptr[Special]) -> None:
    """Move a special from its span to the end of the queue. The world is stopped."""
    remove_special(s, x)
    x.at.next = nil(Special)
    if specials.at.queue == nil(Special):
        specials.at.queue = x
    else:
        specials.at.queue_last.at.next = x
    specials.at.queue_last = x
    specials.at.queued = u64(specials.at.queued + 1)


def dies(s: Ptr[MSpan], i: u64) -> boolean:
    """Whether object i of a span is not marked."""
    return mark_bits(s)[i >> 6] >> (i & 63) & 1 == 0


def queue_object(s: Ptr[MSpan], x: Ptr[Special], i: u64) -> Ptr[Special]:
    """x is the first special of object i, which dies. Queue what is to run. Returns the first special of the next
    object."""
    finalizers = u64(0)
    at = x
    while at != nil(Special) and object_index(s, at.at.arg) == i:
        if at.at.kind == SPECIAL_FINALIZER:
            finalizers = u64(finalizers + 1)
        at = at.at.next
    end = at
    at = x
    while at != end:
        following = at.at.next
        if finalizers == 0 or at.at.kind == SPECIAL_FINALIZER:
            enqueue(s, at)
        at = following
    if finalizers != 0:
        bits = mark_bits(s)
        bits[i >> 6] = u64(bits[i >> 6] | u64(1) << (i & 63))
    return end


def queue_specials() -> None:
    """Queue the specials of objects that die. Marking has ended, and nothing is swept yet."""
    link = nil(MSpan)
    at = specials.at.spans
    while at != 0:
        s = ptr_at(MSpan, at)
        x = first_of(s)
        while x != nil(Special):
            i = object_index(s, x.at.arg)
            if dies(s, i):
                x = queue_object(s, x, i)
            else:
                while x != nil(Special) and object_index(s, x.at.arg) == i:
                    x = x.at.next
        at = s.at.special_link
        if s.at.specials == 0:
            s.at.special_listed = u32(0)
            if link == nil(MSpan):
                specials.at.spans = at
            else:
                link.at.special_link = at
        else:
            link = s


def wake_finalizers() -> Ptr[G]:
    """After a collection: if finalizers are queued and the goroutine that runs them sleeps, return it for the caller to
    make ready; else nil."""
    if specials.at.queue == nil(Special):
        return nil(G)
    lock(specials_lock(), RANK_TABLE)
    g = specials.at.sleeper
    specials.at.sleeper = nil(G)
    unlock(specials_lock())
    return g
