"""Printing where goroutines are, as Go prints it.

        goroutine 7 [chan receive]:
        main.worker(...)
                /home/u/x.go:12
        created by main.main in goroutine 1
                /home/u/x.go:20

Compiler-made wrappers and the runtime's own frames are hidden. Of a deep stack the 50 innermost and 50 outermost
frames are printed, and, what Go does not do, the repeating cycle of calls in between is named.
"""

from morestack.dialect.machine import Ptr, boolean, cstr, local, nil, ptr_at, static, u8, u32, u64
from morestack.runtime.layout import (
    G_DEAD,
    G_RUNNABLE,
    G_RUNNING,
    G_SYSCALL,
    WAIT_RECEIVE,
    WAIT_RECEIVE_NIL,
    WAIT_SELECT,
    WAIT_SELECT_NONE,
    WAIT_SEND,
    WAIT_SEND_NIL,
    WAIT_SLEEP,
    G,
    Panic,
)  # fmt: skip
from morestack.runtime.print import begin, end, put_byte, put_uint, puts, putz
from morestack.runtime.unwind import (
    FUNC_NO_PARAMS,
    FUNC_RUNTIME,
    FUNC_WRAPPER,
    Frame,
    count_frames,
    first_frame,
    func_file,
    func_flags,
    func_line,
    func_name,
    has_frame,
    is_entry,
    next_frame,
    record_of,
    site_func,
    site_line,
)  # fmt: skip

INNERMOST = u64(50)
OUTERMOST = u64(50)
LONGEST_CYCLE = u64(16)

allgs = static(u64)
allgs_last = static(u64)


def put_place(file: u64, line: u32) -> None:
    """A tab, file:line and a newline."""
    put_byte(u8(9))
    putz(file)
    put_byte(u8(58))
    put_uint(u64(line))
    put_byte(u8(10))


def put_func(func: u64) -> None:
    """name() or name(...)"""
    putz(func_name(func))
    puts(cstr(b"()") if func_flags(func) & FUNC_NO_PARAMS != 0 else cstr(b"(...)"))


def hidden(func: u64) -> boolean:
    """Whether tracebacks leave the function out."""
    return func_flags(func) & (FUNC_WRAPPER | FUNC_RUNTIME) != 0


def put_site(site: u64) -> None:
    """The two lines of a frame."""
    func = site_func(site)
    if hidden(func):
        return
    put_func(func)
    put_byte(u8(10))
    put_place(func_file(func), site_line(site))


def wait_text(g: Ptr[G]) -> Ptr[u8]:
    """What a goroutine does, as its header says it."""
    if g.at.status == G_RUNNING:
        return cstr(b"running")
    if g.at.status == G_RUNNABLE:
        return cstr(b"runnable")
    if g.at.status == G_SYSCALL:
        return cstr(b"syscall")
    reason = g.at.waitreason
    if reason == WAIT_RECEIVE:
        return cstr(b"chan receive")
    if reason == WAIT_SEND:
        return cstr(b"chan send")
    if reason == WAIT_RECEIVE_NIL:
        return cstr(b"chan receive (nil chan)")
    if reason == WAIT_SEND_NIL:
        return cstr(b"chan send (nil chan)")
    if reason == WAIT_SELECT:
        return cstr(b"select")
    if reason == WAIT_SELECT_NONE:
        return cstr(b"select (no cases)")
    if reason == WAIT_SLEEP:
        return cstr(b"sleep")
    return cstr(b"waiting")


def put_created_by(g: Ptr[G]) -> None:
    """Who started the goroutine."""
    if g.at.gopc == 0:
        return
    site = record_of(g.at.gopc)
    func = site_func(site)
    puts(cstr(b"created by "))
    putz(func_name(func))
    puts(cstr(b" in goroutine "))
    put_uint(g.at.parentgoid)
    put_byte(u8(10))
    put_place(func_file(func), site_line(site))


def put_frames(g: Ptr[G], first: u64, last: u64) -> None:
    """Frames number first .. last-1 of g, leaf frames not counted."""
    pc = g.at.sched.pc
    if is_entry(pc):
        func = record_of(pc)
        if first == 0 and not hidden(func):
            put_func(func)
            put_byte(u8(10))
            put_place(func_file(func), func_line(func))
        return
    f = local(Frame)
    first_frame(f, g)
    at = u64(0)
    while has_frame(f) and at < last:
        if at >= first:
            put_site(record_of(f.at.pc))
        next_frame(f)
        at = u64(at + 1)


def frame_pc(g: Ptr[G], number: u64) -> u64:
    """The pc of frame `number`."""
    f = local(Frame)
    first_frame(f, g)
    for _ in range(number):
        next_frame(f)
    return f.at.pc


def repeats(g: Ptr[G], start: u64, period: u64, rounds: u64) -> boolean:
    """Whether the frames from `start` on repeat with this period, for some rounds."""
    for i in range(period * rounds):
        if frame_pc(g, u64(start + i)) != frame_pc(g, u64(start + i + period)):
            return False
    return True


def put_cycle(g: Ptr[G], frames: u64) -> None:
    """Name the shortest cycle of calls that the elided frames repeat, when there is one."""
    if frames < INNERMOST + OUTERMOST:
        return
    for period in range(1, LONGEST_CYCLE + 1):
        if repeats(g, INNERMOST, u64(period), u64(3)):
            puts(cstr(b"...repeating cycle of "))
            put_uint(u64(period))
            puts(cstr(b" frame: ") if period == 1 else cstr(b" frames: "))
            for i in range(period):
                if i != 0:
                    puts(cstr(b" <- "))
                site = record_of(frame_pc(g, u64(INNERMOST + i)))
                putz(func_name(site_func(site)))
                put_byte(u8(58))
                put_uint(u64(site_line(site)))
            puts(cstr(b"\n"))
            return


def put_goroutine(g: Ptr[G], p: Ptr[Panic]) -> None:
    """Header, frames and origin of a goroutine; the leaves that panicked first when it dies of p."""
    puts(cstr(b"goroutine "))
    put_uint(g.at.goid)
    puts(cstr(b" ["))
    puts(wait_text(g))
    puts(cstr(b"]:\n"))
    if p != nil(Panic):
        for i in range(p.at.leaf_count):
            put_site(p.at.leaf_sites[i])
    frames = count_frames(g)
    if frames <= INNERMOST + OUTERMOST:
        put_frames(g, u64(0), frames)
    else:
        put_frames(g, u64(0), INNERMOST)
        puts(cstr(b"..."))
        put_uint(u64(frames - INNERMOST - OUTERMOST))
        puts(cstr(b" frames elided...\n"))
        put_cycle(g, frames)
        put_frames(g, u64(frames - OUTERMOST), frames)
    put_created_by(g)


def put_others(me: Ptr[G]) -> None:
    """All goroutines but one, in the order they were started."""
    g = ptr_at(G, allgs.value)
    while g != nil(G):
        if g != me and g.at.status != G_DEAD:
            puts(cstr(b"\n"))
            put_goroutine(g, nil(Panic))
        g = g.at.alllink


def traceback_all() -> None:
    """Every goroutine, for a deadlock."""
    begin()
    put_others(nil(G))
    end()
