"""What only some goroutines need, in a record of its own: there may be a million that only wait, and G is their cost.

        g.extra     nil until something of the record is wanted; then g's for good, as structures are never freed

Who reads a field of a goroutine that may have no record asks here, and is told what a goroutine without one has: it is
not stopped in a prologue, and has no panics, no thread of its own, nothing to do with the world stopped, one segment.
"""

from morestack.dialect.machine import Ptr, nil, nosplit, ptr_at, size_of, u64
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sys.layout import Extra, G, M, Panic, Spill, Stktop


def extra_of(g: Ptr[G]) -> Ptr[Extra]:
    """g's record, made when there is none."""
    if g.at.extra == nil(Extra):
        g.at.extra = ptr_at(Extra, persistentalloc(size_of(Extra)))
    return g.at.extra


def extra_reset(g: Ptr[G]) -> None:
    """The structure is a new goroutine's: it keeps only what its stack needs."""
    x = g.at.extra
    if x != nil(Extra):
        x.at.spill = nil(Spill)
        x.at.panics = nil(Panic)
        x.at.sigpc = u64(0)
        x.at.lockedm = nil(M)
        x.at.lockcount = u64(0)
        x.at.world_fn = u64(0)


def spill_of(g: Ptr[G]) -> Ptr[Spill]:
    """The argument registers of a goroutine that is stopped in a prologue."""
    return nil(Spill) if g.at.extra == nil(Extra) else g.at.extra.at.spill


@nosplit(why="copystack asks while the stack is half moved")
def panics_of(g: Ptr[G]) -> Ptr[Panic]:
    """The newest panic under way."""
    return nil(Panic) if g.at.extra == nil(Extra) else g.at.extra.at.panics


@nosplit(why="walks are made on slow paths of any depth")
def stktop_of(g: Ptr[G]) -> Ptr[Stktop]:
    """The record of the segment g runs on."""
    return nil(Stktop) if g.at.extra == nil(Extra) else g.at.extra.at.stktop


def lockedm_of(g: Ptr[G]) -> Ptr[M]:
    """The thread that g is locked to."""
    return nil(M) if g.at.extra == nil(Extra) else g.at.extra.at.lockedm


def lockcount_of(g: Ptr[G]) -> u64:
    """How often g has locked itself to its thread."""
    return u64(0) if g.at.extra == nil(Extra) else g.at.extra.at.lockcount


def world_fn_of(g: Ptr[G]) -> u64:
    """What is to be called with the world stopped before g goes on, or 0."""
    return u64(0) if g.at.extra == nil(Extra) else g.at.extra.at.world_fn
