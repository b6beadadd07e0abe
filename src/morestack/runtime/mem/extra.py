"""Fields that only some goroutines need, in a separate record. A million goroutines may do nothing but wait, and then
the size of G is their cost.

        g.extra     nil until a field of the record is needed; then g keeps it, because structures are never freed

The functions here read a field of a goroutine that may have no record. Without a record a goroutine is not stopped in a
prologue, and has no panics, no thread of its own, nothing to do with the world stopped, and one segment.
"""

from morestack.dialect.machine import Ptr, nil, nosplit, ptr_at, size_of, u64
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sys.layout import Extra, G, M, Panic, Spill, Stktop


def extra_of(g: Ptr[G]) -> Ptr[Extra]:
    """g's record, created if it does not exist."""
    if g.at.extra == nil(Extra):
        g.at.extra = ptr_at(Extra, persistentalloc(size_of(Extra)))
    return g.at.extra


def extra_reset(g: Ptr[G]) -> None:
    """Reset the record for a new goroutine: keep only what its stack needs."""
    x = g.at.extra
    if x != nil(Extra):
        x.at.spill = nil(Spill)
        x.at.panics = nil(Panic)
        x.at.sigpc = u64(0)
        x.at.lockedm = nil(M)
        x.at.lockcount = u64(0)
        x.at.world_fn = u64(0)


def spill_of(g: Ptr[G]) -> Ptr[Spill]:
    """The saved argument registers of a goroutine that stopped in a prologue, or nil."""
    return nil(Spill) if g.at.extra == nil(Extra) else g.at.extra.at.spill


@nosplit(why="copystack asks while the stack is half moved")
def panics_of(g: Ptr[G]) -> Ptr[Panic]:
    """The newest active panic, or nil."""
    return nil(Panic) if g.at.extra == nil(Extra) else g.at.extra.at.panics


@nosplit(why="walks are made on slow paths of any depth")
def stktop_of(g: Ptr[G]) -> Ptr[Stktop]:
    """The record of the segment g runs on, or nil."""
    return nil(Stktop) if g.at.extra == nil(Extra) else g.at.extra.at.stktop


def lockedm_of(g: Ptr[G]) -> Ptr[M]:
    """The thread that g is locked to, or nil."""
    return nil(M) if g.at.extra == nil(Extra) else g.at.extra.at.lockedm


def lockcount_of(g: Ptr[G]) -> u64:
    """How many times g has locked itself to its thread."""
    return u64(0) if g.at.extra == nil(Extra) else g.at.extra.at.lockcount


def world_fn_of(g: Ptr[G]) -> u64:
    """The function to call with the world stopped before g continues, or 0."""
    return u64(0) if g.at.extra == nil(Extra) else g.at.extra.at.world_fn
