"""Queries about code that a program may make: its callers, and the function that a pc belongs to.

A program's pc is the address of a continuation or, for the caller of an inlined function, the end of its site record.
The metadata in front of it (unwind.py) describes it completely. But a program may pass any number as a pc, so only
those that `callers` has returned are accepted; a hash table holds them. As in Go, the preceding pc (the call itself) is
accepted too.

        pcs   open addressing, at most half full; 0 is free

The lock of pctab guards all of it; cwd does not change once it is set.
"""

from morestack.dialect.machine import (
    Ptr,
    boolean,
    export,
    func_ptr,
    i64,
    local,
    nil,
    ptr_at,
    static,
    struct,
    u8,
    u32,
    u64,
)
from morestack.runtime.mem.mheap import persistentalloc
from morestack.runtime.sched.sched import with_world_stopped
from morestack.runtime.stack.traceback import hidden, put_goroutine, put_others, world_stopped
from morestack.runtime.stack.unwind import (
    Frame,
    first_frame,
    func_file,
    func_name,
    has_frame,
    next_frame,
    record_of,
    site_caller,
    site_func,
    site_line,
)  # fmt: skip
from morestack.runtime.sys.layout import G, Panic
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock
from morestack.runtime.sys.os import getcwd, strlen
from morestack.runtime.sys.print import begin, end, flush, sink
from morestack.runtime.value.string import GoString, set_string

FIRST_SIZE = u64(256)
CWD_SIZE = u64(4096)
SITE_SIZE = u64(20)


@struct
class PcTable:
    """The pcs a program has received."""

    lock: u32
    pcs: u64
    size: u64
    count: u64
    cwd: u64


pctab = static(PcTable)


def symtab_init() -> None:
    """Reset: no pc has been returned to the program."""
    pctab.at.lock = u32(0)
    pctab.at.pcs = u64(0)
    pctab.at.size = u64(0)
    pctab.at.count = u64(0)
    pctab.at.cwd = u64(0)


def pc_slot(pc: u64) -> Ptr[u64]:
    """The slot of a pc, or the free slot where it belongs."""
    mask = u64(pctab.at.size - 1)
    at = u64((pc >> 4) * 31 & mask)
    slots = ptr_at(u64, pctab.at.pcs)
    while slots[at] != 0 and slots[at] != pc:
        at = u64((at + 1) & mask)
    return slots.add(i64(at))


def remember(pc: u64) -> None:
    """Insert a pc. The lock is held."""
    if pctab.at.count * 2 >= pctab.at.size:
        old = pctab.at.pcs
        n = pctab.at.size
        pctab.at.size = u64(n * 2) if n != 0 else FIRST_SIZE
        pctab.at.pcs = persistentalloc(u64(pctab.at.size * 8))
        for i in range(n):
            known = ptr_at(u64, old)[i]
            if known != 0:
                pc_slot(known)[0] = known
    slot = pc_slot(pc)
    if slot[0] == 0:
        slot[0] = pc
        pctab.at.count = u64(pctab.at.count + 1)


def known_pc(pc: u64) -> u64:
    """The known pc that is equal to `pc` or directly follows it; 0 if there is none."""
    lock(pctab.ptr.field(PcTable.lock), RANK_TABLE)
    found = u64(0)
    if pctab.at.size != 0:
        if pc_slot(pc)[0] != 0:
            found = pc
        elif pc_slot(u64(pc + 1))[0] != 0:
            found = u64(pc + 1)
    unlock(pctab.ptr.field(PcTable.lock))
    return found


@export
def callers(g: Ptr[G], skip: i64, pcs: Ptr[u64], room: i64) -> i64:
    """Store the pcs of g's frames, innermost first, without the first `skip`. Returns how many. g.sched is the caller's
    frame.

    Frames of wrappers are omitted, as in tracebacks.
    """
    f = local(Frame)
    first_frame(f, g)
    left = skip
    n = i64(0)
    lock(pctab.ptr.field(PcTable.lock), RANK_TABLE)
    while has_frame(f) and n < room:
        pc = f.at.pc
        site = record_of(pc)
        while site != 0 and n < room:
            if not hidden(site_func(site)):
                if left > 0:
                    left = i64(left - 1)
                else:
                    remember(pc)
                    pcs[n] = pc
                    n = i64(n + 1)
            site = site_caller(site)
            pc = u64(site + SITE_SIZE)
        next_frame(f)
    unlock(pctab.ptr.field(PcTable.lock))
    return n


def write_stacks(g: Ptr[G], data: u64, length: u64, everyone: boolean) -> u64:
    """Print stacks to memory. Returns how many bytes."""
    begin()
    flush()
    sink.at.at = data
    sink.at.end = u64(data + length)
    put_goroutine(g, nil(Panic))
    if everyone:
        put_others(g)
    flush()
    n = u64(sink.at.at - data)
    sink.at.at = u64(0)
    end()
    return n


def all_stacks(g: Ptr[G]) -> None:
    """Print all stacks for tracestack. The world is stopped."""
    data = g.at.sched.ctxt
    g.at.sched.ctxt = u64(0)
    world_stopped.value = u32(1)
    g.at.sched.ret = write_stacks(g, data, g.at.extra.at.world_arg, True)
    world_stopped.value = u32(0)


@export
def tracestack(g: Ptr[G], data: u64, length: i64, room: i64, everyone: boolean) -> i64:
    """Print g's stack, and with `everyone` those of all goroutines, into a slice of bytes. Returns how many. The others
    must be stopped for that. The slice may lie in g's stack, so until then its address is stored where copystack finds
    it."""
    if length == 0:
        return i64(0)
    if everyone:
        g.at.sched.ctxt = data
        return with_world_stopped(g, func_ptr(all_stacks), u64(length))
    return i64(write_stacks(g, data, u64(length), False))


@export
def funcofpc(g: Ptr[G], pc: u64) -> u64:
    """The function record of a pc, or 0."""
    known = known_pc(pc)
    return u64(0) if known == 0 else site_func(record_of(known))


@export
def lineofpc(g: Ptr[G], pc: u64) -> i64:
    """The line of a pc, or 0."""
    known = known_pc(pc)
    return i64(0) if known == 0 else i64(site_line(record_of(known)))


@export
def funcname(g: Ptr[G], out: Ptr[GoString], func: u64) -> None:
    """The name in a function record."""
    name = func_name(func)
    set_string(out, name, i64(strlen(name)))


@export
def funcfile(g: Ptr[G], out: Ptr[GoString], func: u64) -> None:
    """The file in a function record, as it was passed to the compiler."""
    name = func_file(func)
    set_string(out, name, i64(strlen(name)))


@export
def workdir(g: Ptr[G], out: Ptr[GoString]) -> None:
    """The folder the program was started in, to which file names are relative; empty if unknown."""
    lock(pctab.ptr.field(PcTable.lock), RANK_TABLE)
    if pctab.at.cwd == 0:
        room = persistentalloc(CWD_SIZE)
        if getcwd(room, CWD_SIZE) == 0:
            ptr_at(u8, room)[0] = u8(0)
        pctab.at.cwd = room
    unlock(pctab.ptr.field(PcTable.lock))
    set_string(out, pctab.at.cwd, i64(strlen(pctab.at.cwd)))
