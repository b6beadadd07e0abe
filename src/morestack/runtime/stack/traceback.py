"""Printing where goroutines are, as Go prints it.

        goroutine 7 [chan receive]:
        main.worker(...)
                /home/u/x.go:12
        created by main.main in goroutine 1
                /home/u/x.go:20

Wrappers made by the compiler and the runtime's own frames are hidden unless GOTRACEBACK is system, but a wrapper that
itself panics is shown. Between a deferred call and the frame whose panic or Goexit runs it, lines show that panic or
Goexit. Only shown frames are numbered. Of a deep stack, the 50 innermost and 50 outermost frames are shown.
"""

from morestack.abi.convention import LINK
from morestack.abi.metadata import FUNC_NO_PARAMS, FUNC_RUNTIME, FUNC_WRAPPER
from morestack.dialect.machine import Ptr, boolean, cstr, export, i64, local, nil, static, u8, u32, u64
from morestack.runtime.mem.allg import allg_at, allg_count
from morestack.runtime.mem.extra import lockcount_of, panics_of, spill_of
from morestack.runtime.stack.unwind import (
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
    panicreturn_pc,
    record_of,
    site_caller,
    site_func,
    site_line,
)
from morestack.runtime.sys.layout import (
    G_DEAD,
    G_IDLE,
    G_RUNNABLE,
    G_RUNNING,
    G_SYSCALL,
    G_WAITING,
    WAIT_COND,
    WAIT_FINALIZER,
    WAIT_MUTEX,
    WAIT_RECEIVE,
    WAIT_RECEIVE_NIL,
    WAIT_RWMUTEX,
    WAIT_RWMUTEX_READ,
    WAIT_SELECT,
    WAIT_SELECT_NONE,
    WAIT_SEMACQUIRE,
    WAIT_SEND,
    WAIT_SEND_NIL,
    WAIT_SLEEP,
    WAIT_WAITGROUP,
    G,
    Panic,
    Spill,
)
from morestack.runtime.sys.os import nanotime
from morestack.runtime.sys.print import begin, end, put_byte, put_hex, put_uint, puts, putz
from morestack.runtime.sys.system import system_goroutine

INNERMOST = u64(50)
OUTERMOST = u64(50)
LONGEST_CYCLE = u64(16)
ALL_FRAMES = u64(1 << 62)
SECOND = i64(1000000000)

traceback_level = static(u32)
"""$GOTRACEBACK: 0 none, 1 the program's goroutines and frames, 2 the runtime's frames too."""
world_stopped = static(u32)
"""Nonzero if running goroutines have stopped at a safe point."""
traceback_others = static(u32)
"""Nonzero if a panic shows all goroutines."""
traceback_crash = static(u32)
"""Nonzero if a program that dies ends by SIGABRT."""
traceback_least = static(u32)
"""The setting of $GOTRACEBACK: level, 4: all goroutines, 8: SIGABRT. A program cannot lower it."""
others_of = static(u64)
"""The goroutine that ended the program, if all others are to be shown."""
frames_wanted = static(u32)
"""Nonzero if goroutines are still to be shown after the threads have ended."""


def show_tracebacks(bits: u32) -> None:
    """Set what tracebacks show. `bits`: level, 4: all goroutines, 8: SIGABRT."""
    traceback_level.value = u32(bits & 3)
    traceback_others.value = u32(bits & 4)
    traceback_crash.value = u32(bits & 8)


@export
def settraceback(bits: u64) -> None:
    """Set what $GOTRACEBACK asks for."""
    traceback_least.value = u32(bits)
    show_tracebacks(u32(bits))
    others_of.value = u64(0)
    frames_wanted.value = u32(0)


@export
def raisetraceback(g: Ptr[G], bits: i64) -> None:
    """debug.SetTraceback: show what `bits` asks for, and what $GOTRACEBACK asks for."""
    show_tracebacks(u32(u32(bits) | traceback_least.value))


def put_place(file: u64, line: u32) -> None:
    """Print a tab, file:line and a newline."""
    put_byte(u8(9))
    putz(file)
    put_byte(u8(58))
    put_uint(u64(line))
    put_byte(u8(10))


def put_func(func: u64) -> None:
    """Print name() or name(...)."""
    putz(func_name(func))
    puts(cstr(b"()") if func_flags(func) & FUNC_NO_PARAMS != 0 else cstr(b"(...)"))


def hidden(func: u64) -> boolean:
    """Whether tracebacks omit the function."""
    return traceback_level.value < 2 and func_flags(func) & (FUNC_WRAPPER | FUNC_RUNTIME) != 0


def put_site(site: u64) -> None:
    """Print the two lines of a frame."""
    func = site_func(site)
    put_func(func)
    put_byte(u8(10))
    put_place(func_file(func), site_line(site))


def put_sites(innermost: u64, bare: boolean, at: u64, first: u64, last: u64) -> u64:
    """Print a frame's site and the sites it was inlined at, if their numbers are within first .. last-1. The innermost
    is number `at`. Returns how many are visible. `bare`: show the innermost even if it would be hidden."""
    site = innermost
    n = at
    while site != 0:
        if (bare and site == innermost) or not hidden(site_func(site)):
            if n >= first and n < last:
                put_site(site)
            n = u64(n + 1)
        site = site_caller(site)
    return u64(n - at)


def put_entry(func: u64) -> None:
    """Print the two lines of a function that has not begun."""
    put_func(func)
    put_byte(u8(10))
    put_place(func_file(func), func_line(func))


def put_unwinding(p: Ptr[Panic]) -> None:
    """Print the two lines of a panic, or Goexit, that runs a deferred call."""
    if p.at.goexit:
        puts(cstr(b"runtime.Goexit()\n"))
    else:
        puts(cstr(b"panic({"))
        put_hex(p.at.typ)
        puts(cstr(b"?, "))
        put_hex(p.at.data)
        puts(cstr(b"?})\n"))
    puts(cstr(b"\t<autogenerated>:1\n"))


def wait_text(g: Ptr[G]) -> Ptr[u8]:
    """The state of a goroutine, as shown in its header."""
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
    if reason == WAIT_FINALIZER:
        return cstr(b"finalizer wait")
    if reason == WAIT_SEMACQUIRE:
        return cstr(b"semacquire")
    if reason == WAIT_WAITGROUP:
        return cstr(b"sync.WaitGroup.Wait")
    if reason == WAIT_MUTEX:
        return cstr(b"sync.Mutex.Lock")
    if reason == WAIT_RWMUTEX:
        return cstr(b"sync.RWMutex.Lock")
    if reason == WAIT_RWMUTEX_READ:
        return cstr(b"sync.RWMutex.RLock")
    if reason == WAIT_COND:
        return cstr(b"sync.Cond.Wait")
    return cstr(b"waiting")


def put_created_by(g: Ptr[G]) -> None:
    """Print which function started the goroutine, unless that is hidden."""
    if g.at.gopc == 0:
        return
    site = record_of(g.at.gopc)
    func = site_func(site)
    if hidden(func):
        return
    puts(cstr(b"created by "))
    putz(func_name(func))
    puts(cstr(b" in goroutine "))
    put_uint(g.at.parentgoid)
    put_byte(u8(10))
    put_place(func_file(func), site_line(site))


def put_frames(g: Ptr[G], p: Ptr[Panic], first: u64, last: u64) -> u64:
    """Print the visible frames number first .. last-1 of g, including leaf functions that panicked if g dies of p.
    Returns the number of visible frames before `last`."""
    at = u64(0)
    bare = p != nil(Panic)  # the previous frame itself panicked
    if p != nil(Panic):
        for i in range(p.at.leaf_count):
            at = u64(at + put_sites(p.at.leaf_sites[i], bare, at, first, last))
            bare = False
    pc = spill_of(g).at.more_pc if spill_of(g) != nil(Spill) else g.at.sched.pc
    unborn = is_entry(pc) and g.at.sched.sp == g.at.stack_hi  # it has no frame yet
    if is_entry(pc) and (unborn or not hidden(record_of(pc))):
        if at >= first and at < last:
            put_entry(record_of(pc))
        at = u64(at + 1)
    q = panics_of(g)
    f = local(Frame)
    first_frame(f, g)
    while has_frame(f) and at < last:
        site = record_of(f.at.pc)
        if f.at.pc == panicreturn_pc.value:
            while q != nil(Panic) and q.at.sp != u64(f.at.sp + LINK):
                q = q.at.link
            if q != nil(Panic):
                if at >= first:
                    put_unwinding(q)
                at = u64(at + 1)
                bare = not q.at.goexit
        else:
            shown = put_sites(site, bare, at, first, last)
            at = u64(at + shown)
            if shown != 0:
                bare = False
        next_frame(f)
    return at


def site_number(g: Ptr[G], number: u64) -> u64:
    """The site record of frame `number`, inlined functions counted."""
    f = local(Frame)
    first_frame(f, g)
    site = record_of(f.at.pc)
    for _ in range(number):
        site = site_caller(site)
        if site == 0:
            next_frame(f)
            site = record_of(f.at.pc)
    return site


def repeats(g: Ptr[G], start: u64, period: u64, rounds: u64) -> boolean:
    """Whether the call sites from `start` on repeat with this period, for `rounds` rounds."""
    for i in range(period * rounds):
        a = site_number(g, u64(start + i))
        b = site_number(g, u64(start + i + period))
        if site_func(a) != site_func(b) or site_line(a) != site_line(b):
            return False
    return True


def put_cycle(g: Ptr[G]) -> None:
    """Name the shortest cycle of calls that a deep stack repeats, if there is one."""
    if count_frames(g) < INNERMOST + OUTERMOST:
        return
    for period in range(1, LONGEST_CYCLE + 1):
        if repeats(g, INNERMOST, u64(period), u64(3)):
            puts(cstr(b"runtime: repeating cycle of "))
            put_uint(u64(period))
            puts(cstr(b" frame: ") if period == 1 else cstr(b" frames: "))
            for i in range(period):
                if i != 0:
                    puts(cstr(b" <- "))
                site = site_number(g, u64(INNERMOST + i))
                putz(func_name(site_func(site)))
                put_byte(u8(58))
                put_uint(u64(site_line(site)))
            puts(cstr(b"\n"))
            return


def put_header(g: Ptr[G]) -> None:
    """Print "goroutine N [state]:"."""
    puts(cstr(b"goroutine "))
    put_uint(g.at.goid)
    puts(cstr(b" ["))
    puts(wait_text(g))
    if g.at.status == G_WAITING and g.at.waitsince != 0:
        minutes = (nanotime() // SECOND - i64(g.at.waitsince)) // 60
        if minutes >= 1:
            puts(cstr(b", "))
            put_uint(u64(minutes))
            puts(cstr(b" minutes"))
    if lockcount_of(g) != 0:
        puts(cstr(b", locked to thread"))
    puts(cstr(b"]:\n"))


def put_goroutine(g: Ptr[G], p: Ptr[Panic]) -> None:
    """Print header, frames and origin of a stopped goroutine, beginning with the leaf functions that panicked if it
    dies of p."""
    put_header(g)
    frames = put_frames(g, p, ALL_FRAMES, ALL_FRAMES)
    if frames <= INNERMOST + OUTERMOST:
        put_frames(g, p, u64(0), frames)
    else:
        put_frames(g, p, u64(0), INNERMOST)
        puts(cstr(b"..."))
        put_uint(u64(frames - INNERMOST - OUTERMOST))
        puts(cstr(b" frames elided...\n"))
        put_frames(g, p, u64(frames - OUTERMOST), frames)
    put_created_by(g)


def put_unavailable(g: Ptr[G]) -> None:
    """Print a goroutine that has not stopped: its frames are not known."""
    put_header(g)
    puts(cstr(b"\tgoroutine running on other thread; stack unavailable\n"))
    put_created_by(g)


def put_others(me: Ptr[G]) -> None:
    """Print all goroutines except one, in the order they were started."""
    for i in range(allg_count()):
        g = allg_at(i)
        if g != me and g.at.status != G_DEAD and g.at.status != G_IDLE and g.addr != system_goroutine.value:
            puts(cstr(b"\n"))
            if world_stopped.value == 0 and g.at.status == G_RUNNING and g.at.m.at.curg == g:
                put_unavailable(g)
            else:
                put_goroutine(g, nil(Panic))


def put_dying(g: Ptr[G], p: Ptr[Panic], thrown: boolean) -> None:
    """Print the frames of g, which ends the program. `thrown`: not by a panic, but because the runtime cannot continue.
    Then, as in Go, all goroutines are shown whatever GOTRACEBACK says. The others are shown after they have stopped
    (quit.py)."""
    if traceback_level.value == 0 and not thrown:
        return
    puts(cstr(b"\n"))
    put_goroutine(g, p)
    if thrown or traceback_others.value != 0:
        others_of.value = g.addr
        frames_wanted.value = u32(1)


def traceback_all() -> None:
    """Print every goroutine, for a deadlock."""
    if traceback_level.value == 0:
        return
    begin()
    put_others(nil(G))
    end()
