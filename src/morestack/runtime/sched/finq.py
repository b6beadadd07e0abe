"""The queue of finalizers and cleanups that are due, and the goroutine that runs them.

        SetFinalizer, AddCleanup   -> mfinal.py, mspecial.py
        a collection               -> specials.queue, and the goroutine is made ready (wake_finalizers)
        runtime.runFinalizers (Go)        takefinalizer -> call;  if the queue is empty: waitfinalizer parks

The goroutine is golib/runtime/mfinal.go, because only Go can call Go. It starts with the first special and belongs to
the runtime: NumGoroutine does not count it, and tracebacks omit it unless it runs a finalizer.
"""

from morestack.dialect.machine import Ptr, boolean, export, i64, nil, struct, u64
from morestack.runtime.gc.mfinal import SHAPE_POINTER, start_wanted
from morestack.runtime.gc.mspecial import (
    SPECIAL_CLEANUP,
    SPECIAL_FINALIZER,
    Special,
    free_special,
    specials,
    specials_lock,
)
from morestack.runtime.sched.park import gopark
from morestack.runtime.sys.layout import WAIT_FINALIZER, G
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock
from morestack.runtime.sys.system import system_goroutine


@struct
class Finalization:
    """finalization of golib/runtime/mfinal.go: the function to call, and its argument."""

    fn: u64
    word: u64
    arg: u64
    shape: u64
    results: u64


@export
def startfinalizers(g: Ptr[G]) -> boolean:
    """Whether the caller must start the goroutine that runs finalizers."""
    lock(specials_lock(), RANK_TABLE)
    first = start_wanted() != 0
    unlock(specials_lock())
    return first


@export
def takefinalizer(g: Ptr[G], out: Ptr[Finalization]) -> boolean:
    """Take the oldest entry of the queue. Returns False if the queue is empty."""
    lock(specials_lock(), RANK_TABLE)
    x = specials.at.queue
    system_goroutine.value = u64(0)
    if x == nil(Special):
        system_goroutine.value = g.addr
        unlock(specials_lock())
        return False
    specials.at.queue = x.at.next
    out.at.fn = x.at.fn
    out.at.word = x.at.word
    out.at.shape = x.at.shape
    out.at.results = x.at.results
    out.at.arg = x.at.arg if x.at.kind == SPECIAL_FINALIZER else u64(0)
    if x.at.kind == SPECIAL_CLEANUP:
        out.at.results = u64(0)
        out.at.shape = SHAPE_POINTER
    free_special(x)
    unlock(specials_lock())
    return True


@export
def waitfinalizer(g: Ptr[G]) -> i64:
    """Sleep until a collection has queued something."""
    lock(specials_lock(), RANK_TABLE)
    g.at.sched.ret = u64(0)
    if specials.at.queue != nil(Special):
        unlock(specials_lock())
        return i64(0)
    specials.at.sleeper = g
    return gopark(g, WAIT_FINALIZER, specials_lock())
