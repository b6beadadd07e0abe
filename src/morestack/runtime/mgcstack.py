"""Roots: the stacks of goroutines by their frames' bitmaps, what else goroutines hold, and writable globals.

A goroutine is scanned when it is stopped. Stopped in a prologue, it has the argument registers of the function it is
about to enter in g.spill.

Records of deferred calls are the runtime's own memory or lie in frames, outside all bitmaps: what they and panics
hold is found from g.

        module    roots table, made by codegen: {address, words, bitmap}, for each global that holds pointers
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    boolean,
    cstr,
    export,
    local,
    nil,
    ptr_at,
    static,
    u8,
    u32,
    u64,
)
from morestack.runtime.fatal import throw
from morestack.runtime.layout import G_DEAD, G_IDLE, G_RUNNING, Defer, G, P, Panic, Spill, Stktop, Sudog
from morestack.runtime.mgcmark import grey, scan_bits, scan_mask
from morestack.runtime.shrinkstack import shrinkstack
from morestack.runtime.traceback import allgs
from morestack.runtime.unwind import (
    FRAME_WORDS,
    LARGE_BITMAP,
    Frame,
    first_frame,
    has_frame,
    is_entry,
    next_frame,
)  # fmt: skip

MAX_MODULES = u64(1024)

_roots = static(Array[u64, Literal[1024]])
_modules = static(u64)

scanned_stacks = static(u64)
scanned_bytes = static(u64)
global_bytes = static(u64)


def roots_init() -> None:
    """Forget all modules."""
    _modules.value = u64(0)


@export
def addroots(table: u64) -> None:
    """Register a module's table of roots: entries of three words, ended by a zero."""
    if _modules.value == MAX_MODULES:
        throw(cstr(b"too many modules"))
    _roots.at[_modules.value] = table
    _modules.value = u64(_modules.value + 1)


def scan_globals() -> None:
    """Grey what globals point to."""
    total = u64(0)
    for k in range(_modules.value):
        at = ptr_at(u64, _roots.at[k])
        while at[0] != 0:
            scan_mask(at[0], at[1], at[2])
            total = u64(total + at[1] * 8)
            at = at.add(3)
    global_bytes.value = total


def scan_copied(top: Ptr[Stktop]) -> None:
    """Grey what the stack arguments copied to a segment point to: a callee may have changed them since."""
    words = u64(top.at.args >> 3)
    info = ptr_at(u32, u64(top.at.pc - 8))[0]
    bitmap = ptr_at(u64, u64(top.at.pc - 16))[0]
    at = u64(top.addr - top.at.area)
    for i in range(0, words, 8):
        bits = bitmap >> i if info & LARGE_BITMAP == 0 else u64(ptr_at(u8, u64(bitmap + (i >> 3)))[0])
        left = u64(words - i)
        mask = u64(255) if left >= 8 else u64((u64(1) << left) - 1)
        scan_bits(u64(at + i * 8), u64(bits & mask))


def scan_frames(g: Ptr[G]) -> None:
    """Grey what the frames of a stopped goroutine point to."""
    pc = g.at.sched.pc
    if is_entry(pc):
        # It has not run yet: its first function gets ret and ctxt in registers.
        args = ptr_at(u64, u64(pc - 16))[0]
        if args & 1 != 0:
            grey(g.at.sched.ret)
        grey(g.at.sched.ctxt)
    f = local(Frame)
    first_frame(f, g)
    scanned = g.at.stktop
    while has_frame(f):
        while scanned != f.at.top:
            scan_copied(scanned)
            scanned = scanned.at.link
        pc = f.at.pc
        sp = f.at.sp
        info = ptr_at(u32, u64(pc - 8))[0]
        bitmap = ptr_at(u64, u64(pc - 16))[0]
        words = u64(info & FRAME_WORDS)
        if info & LARGE_BITMAP != 0:
            scan_mask(sp, words, bitmap)
        elif bitmap != 0:
            scan_bits(sp, bitmap)
        next_frame(f)
    if f.at.sp != f.at.hi:
        throw(cstr(b"scan_frames: frames do not end at the stack's end"))


def scan_goroutine(g: Ptr[G]) -> None:
    """Grey what a goroutine keeps alive."""
    scan_frames(g)
    s = g.at.spill
    if s != nil(Spill):
        scan_bits(s.addr, ptr_at(u64, u64(s.at.pc - 16))[0])
    d = g.at.defers
    while d != nil(Defer):
        grey(d.at.fn)
        d = d.at.link
    p = g.at.panics
    while p != nil(Panic):
        grey(p.at.a)
        grey(p.at.data)
        grey(p.at.text)
        p = p.at.link
    w = g.at.waiting
    while w != nil(Sudog):
        grey(w.at.c)
        grey(w.at.elem)
        w = w.at.waitlink
    scanned_stacks.value = u64(scanned_stacks.value + 1)
    scanned_bytes.value = u64(scanned_bytes.value + g.at.stack_hi - g.at.sched.sp)


def scan_goroutines(pp: Ptr[P], shrink: boolean) -> None:
    """Scan all goroutines. `shrink`: and shrink stacks little used, but that of who runs: it wants room."""
    scanned_stacks.value = u64(0)
    scanned_bytes.value = u64(0)
    g = ptr_at(G, allgs.value)
    while g != nil(G):
        if g.at.status != G_DEAD and g.at.status != G_IDLE:
            scan_goroutine(g)
            if shrink and g.at.status != G_RUNNING:
                shrinkstack(pp, g)
        g = g.at.alllink
