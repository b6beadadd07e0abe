"""Roots: the stacks of goroutines, by their frames' bitmaps, other references that goroutines hold, and writable
globals. mgcobjects.py finds the objects in frames that are not roots.

A goroutine is scanned while it is stopped. If it stopped in a prologue, the argument registers of the function it is
about to enter are in a spill record.

Records of deferred calls lie in the runtime's own memory or in frames, outside all bitmaps. The references in them and
in panics are found from g.

        module    roots table, made by codegen: {address, words, bitmap}, for each global that holds pointers

Marking threads take roots in batches: globals by an atomic index for each module, goroutines by a cursor
through allgs under a lock.
"""

from morestack.abi.metadata import FRAME_WORDS, LARGE_BITMAP, TRACKED_OBJECTS
from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_add,
    cstr,
    export,
    i64,
    local,
    nil,
    ptr_at,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.gc.mgcmark import scan_bits, scan_mask
from morestack.runtime.gc.mgcobjects import (
    reach,
    reach_bits,
    reach_range,
    scan_objects,
    scan_roots,
    stack_begin,
    stack_end,
)
from morestack.runtime.gc.mgcwork import GCWork, shrink_later
from morestack.runtime.mem.allg import allg_at, allg_count
from morestack.runtime.mem.extra import panics_of, spill_of, stktop_of, world_fn_of
from morestack.runtime.stack.discipline import has_excess
from morestack.runtime.stack.unwind import Frame, first_frame, has_frame, is_entry, next_frame
from morestack.runtime.sys.fatal import throw
from morestack.runtime.sys.layout import (
    G_DEAD,
    G_IDLE,
    G_RUNNING,
    G_SYSCALL,
    G_WAITING,
    Defer,
    G,
    Panic,
    Spill,
    Stktop,
    Sudog,
)
from morestack.runtime.sys.os import nanotime

MAX_MODULES = u64(1024)
ROOT_WORDS = u64(3)
ROOT_BATCH = u64(64)
SECOND = i64(1000000000)
GOROUTINE_BATCH = u64(64)

_roots = static(Array[u64, Literal[1024]])
_counts = static(Array[u64, Literal[1024]])
_taken = static(Array[u64, Literal[1024]])
_modules = static(u64)


_cursor = static(u64)
"""The number of the next goroutine that no thread has taken."""


def roots_init() -> None:
    """Forget all modules."""
    _modules.value = u64(0)


@export
def addroots(table: u64) -> None:
    """Register a module's table of roots: entries of three words, ended by a zero."""
    if _modules.value == MAX_MODULES:
        throw(cstr(b"too many modules"))
    n = u64(0)
    while ptr_at(u64, table)[n * ROOT_WORDS] != 0:
        n = u64(n + 1)
    _roots.at[_modules.value] = table
    _counts.at[_modules.value] = n
    _modules.value = u64(_modules.value + 1)


def roots_reset() -> None:
    """Start a collection: no thread has taken roots yet."""
    for k in range(_modules.value):
        _taken.at[k] = u64(0)
    _cursor.value = u64(0)


def scan_globals(w: Ptr[GCWork]) -> None:
    """Grey what globals point to, of those that no other thread has taken."""
    total = u64(0)
    for k in range(_modules.value):
        count = _counts.at[k]
        first = u64(0)
        while first < count:
            first = u64(atomic_add(_taken.at.ptr.add(k), ROOT_BATCH) - ROOT_BATCH)
            at = ptr_at(u64, u64(_roots.at[k] + first * ROOT_WORDS * 8))
            i = first
            while i < count and i < first + ROOT_BATCH:
                scan_mask(w, at[0], at[1], at[2])
                total = u64(total + at[1] * 8)
                at = at.add(ROOT_WORDS)
                i = u64(i + 1)
    w.at.global_bytes = total


def scan_copied(w: Ptr[GCWork], top: Ptr[Stktop]) -> None:
    """Grey what the stack arguments copied to a segment point to: a callee may have changed them since."""
    words = u64(top.at.args >> 3)
    info = ptr_at(u32, u64(top.at.pc - 8))[0]
    bitmap = ptr_at(u64, u64(top.at.pc - 16))[0]
    at = u64(top.addr - top.at.area)
    for i in range(0, words, 8):
        bits = bitmap >> i if info & LARGE_BITMAP == 0 else u64(ptr_at(u8, u64(bitmap + (i >> 3)))[0])
        left = u64(words - i)
        mask = u64(255) if left >= 8 else u64((u64(1) << left) - 1)
        scan_bits(w, u64(at + i * 8), u64(bits & mask))


def scan_frames(w: Ptr[GCWork], g: Ptr[G]) -> None:
    """Reach what the frames of a stopped goroutine point to. All other pointers into its stack have been reached
    already."""
    f = local(Frame)
    first_frame(f, g)
    scanned = stktop_of(g)
    last = u64(0)
    while has_frame(f):
        while scanned != f.at.top:
            scan_copied(w, scanned)
            scanned = scanned.at.link
        pc = f.at.pc
        sp = f.at.sp
        info = ptr_at(u32, u64(pc - 8))[0]
        bitmap = ptr_at(u64, u64(pc - 16))[0]
        words = u64(info & FRAME_WORDS)
        if info & TRACKED_OBJECTS != 0 and w.at.stack_size != 0:
            scan_roots(w, pc, sp, info, bitmap, words)
            last = sp
        elif info & LARGE_BITMAP != 0:
            reach_range(w, sp, info, bitmap, u64(0), words)
        elif bitmap != 0:
            reach_bits(w, sp, bitmap)
        next_frame(f)
    if f.at.sp != f.at.hi:
        throw(cstr(b"scan_frames: frames do not end at the stack's end"))
    if last != 0:
        scan_tracked(w, g, last)


def scan_tracked(w: Ptr[GCWork], g: Ptr[G], last: u64) -> None:
    """Reach what the live objects point to, newest frame first, up to the frame with the SP `last`."""
    f = local(Frame)
    first_frame(f, g)
    while f.at.sp <= last:
        pc = f.at.pc
        info = ptr_at(u32, u64(pc - 8))[0]
        if info & TRACKED_OBJECTS != 0:
            scan_objects(w, pc, f.at.sp, info, ptr_at(u64, u64(pc - 16))[0])
        next_frame(f)


def scan_registers(w: Ptr[GCWork], g: Ptr[G]) -> None:
    """Reach what is in the registers of a goroutine that stopped at a function's entry."""
    pc = g.at.sched.pc
    if is_entry(pc):
        # It has not run yet: its first function gets ret and ctxt in registers.
        args = ptr_at(u64, u64(pc - 16))[0]
        if args & 1 != 0:
            reach(w, g.at.sched.ret)
        reach(w, g.at.sched.ctxt)
    elif world_fn_of(g) != 0:
        reach(w, g.at.sched.ctxt)  # what the function will fill in
    spill = spill_of(g)
    if spill != nil(Spill):
        reach_bits(w, spill.addr, ptr_at(u64, u64(spill.at.more_pc - 16))[0])


def scan_goroutine(w: Ptr[GCWork], g: Ptr[G]) -> None:
    """Grey the objects that a goroutine keeps alive."""
    stack_begin(w, g)
    scan_registers(w, g)
    d = g.at.defers
    while d != nil(Defer):
        reach(w, d.at.fn)
        d = d.at.link
    p = panics_of(g)
    while p != nil(Panic):
        reach(w, p.at.a)
        reach(w, p.at.data)
        reach(w, p.at.text)
        p = p.at.link
    if g.at.status == G_SYSCALL:
        reach_bits(w, g.at.m.at.sysargs.ptr.addr, u64(0x3F))
    s = g.at.waiting
    while s != nil(Sudog):
        reach(w, s.at.c)
        reach(w, s.at.elem)
        s = s.at.waitlink
    scan_frames(w, g)
    stack_end(w)
    w.at.stacks = u64(w.at.stacks + 1)
    w.at.stack_bytes = u64(w.at.stack_bytes + g.at.stack_hi - g.at.sched.sp)
    top = stktop_of(g)
    while top != nil(Stktop):
        w.at.stack_bytes = u64(w.at.stack_bytes + top.at.hi - top.at.sp)
        top = top.at.link


def take_goroutines() -> u64:
    """The number of the first of the next GOROUTINE_BATCH goroutines."""
    return u64(atomic_add(_cursor.ptr, GOROUTINE_BATCH) - GOROUTINE_BATCH)


def scan_goroutines(w: Ptr[GCWork]) -> None:
    """Scan goroutines that no other thread has taken. Note little-used stacks for shrinking, except those of running
    goroutines, which need the room, and of goroutines in system calls, whose stacks the kernel may write to."""
    total = allg_count()
    second = u32(nanotime() // SECOND)
    first = take_goroutines()
    while first < total:
        for i in range(first, min(u64(first + GOROUTINE_BATCH), total)):
            g = allg_at(i)
            status = g.at.status
            if status != G_DEAD and status != G_IDLE:
                scan_goroutine(w, g)
                if status == G_WAITING and g.at.waitsince == 0:
                    g.at.waitsince = second
                if status != G_RUNNING and status != G_SYSCALL and has_excess(g):
                    shrink_later(w, g.addr)
        first = take_goroutines()
