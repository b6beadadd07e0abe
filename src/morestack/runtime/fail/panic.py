"""Panics: what goes wrong in a Go program, printed as Go prints it; exit code 2.

A failed check, a runtime call or a leaf function sets `pending` in g and its operands in m, and compiled code calls
`panicking`. panic(v) calls `gopanic`, and a failed assertion `panicdottype` or `panicassert`. g.sched tells where the
panic occurred.

        panic: runtime error: index out of range [5] with length 3

        goroutine 1 [running]:
        main.f(...)
                /home/u/prog.go:12

Each panic is a record, newest first in g.extra.panics. `unwind` runs deferred calls (defer.py) until one recovers the
panic or none is left. In that case the texts of all active panics are printed, and the program ends.

Note [Printing an error]: a value with an Error or String method is printed by calling it, and the method is compiled Go
code. So g continues in the method, below the frame that panicked, like a deferred call (defer.py). The method returns
to rt.panicval, which calls `panicval` here. If the method panics, the record below its own has `printing` set, and the
panic is printed differently from others.
"""

from morestack.abi.pending import (
    PENDING_ASSERT,
    PENDING_BOUNDS,
    PENDING_DOTTYPE,
    PENDING_NIL,
    PENDING_PANIC_NIL,
    PENDING_RANGE_DONE,
    PENDING_SHIFT,
    PENDING_USER,
    PENDING_WRAP,
)
from morestack.dialect.machine import Ptr, boolean, cstr, export, i64, memcmp, nil, ptr_at, u8, u64
from morestack.runtime.fail.defer import (
    enter_below,
    free_panics,
    leave_below,
    new_panic,
    next_deferred,
    panicval_pc,
    recovery,
)
from morestack.runtime.fail.panictext import fatal_text, is_plain, put_basic, put_indented, put_panic, put_type
from morestack.runtime.mem.type import (
    Type,
    UncommonType,
    method_at,
    name_data,
    name_len,
    offset_from,
    type_string,
    type_string_len,
    uncommon,
)  # fmt: skip
from morestack.runtime.sched.sched import goexit0
from morestack.runtime.stack.discipline import make_room
from morestack.runtime.stack.traceback import put_dying
from morestack.runtime.sys.fatal import die
from morestack.runtime.sys.layout import G, Panic
from morestack.runtime.sys.os import strlen
from morestack.runtime.sys.print import begin, end, put, put_hex, puts


def put_panics(p: Ptr[Panic]) -> None:
    """Print the texts of p and of the older panics below it, oldest first."""
    link = p.at.link
    if link != nil(Panic):
        put_panics(link)
        if link.at.repanicked:
            return
        if not link.at.goexit:
            puts(cstr(b"\t"))
    if p.at.goexit:
        return
    puts(cstr(b"panic: "))
    if p.at.has_text:
        put_indented(p.at.text, p.at.text_len)
    else:
        put_panic(p)
    if p.at.recovered:
        puts(cstr(b" [recovered, repanicked]") if p.at.repanicked else cstr(b" [recovered]"))
    puts(cstr(b"\n"))


def end_here(g: Ptr[G], p: Ptr[Panic], thrown: boolean) -> None:
    """Print the frames of g, and end the program. Leaf functions that panicked count as frames."""
    put_dying(g, p, thrown)
    end()
    die()


def fatalpanic(g: Ptr[G], p: Ptr[Panic]) -> None:
    """End the program: p was not recovered, and no deferred calls are left."""
    begin()
    put_panics(p)
    if g.at.extra.at.sigpc != 0:
        puts(cstr(b"[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc="))
        put_hex(g.at.extra.at.sigpc)
        puts(cstr(b"]\n"))
    end_here(g, p, False)


def text_method(t: Ptr[Type]) -> u64:
    """The code of the method that returns the text of a panic's value: Error, else String; 0 if it has neither."""
    u = uncommon(t)
    if u == nil(UncommonType):
        return u64(0)
    found = u64(0)
    for i in range(u64(u.at.mcount)):
        m = method_at(u, i)
        name = offset_from(t.addr, m.at.name)
        mtyp = ptr_at(Type, offset_from(t.addr, m.at.mtyp))
        if mtyp.addr != 0 and type_is(mtyp, cstr(b"func() string")):
            if name_is(name, cstr(b"Error")):
                return offset_from(t.addr, m.at.ifn)
            if name_is(name, cstr(b"String")):
                found = offset_from(t.addr, m.at.ifn)
    return found


def name_is(name: u64, text: Ptr[u8]) -> boolean:
    """Whether an encoded name has these bytes."""
    n = strlen(text.addr)
    return name_len(name) == n and memcmp(name_data(name), text.addr, n) == 0


def type_is(t: Ptr[Type], text: Ptr[u8]) -> boolean:
    """Whether a type has this text."""
    n = strlen(text.addr)
    return type_string_len(t) == n and memcmp(type_string(t), text.addr, n) == 0


def preprintpanics(g: Ptr[G], p: Ptr[Panic], first: Ptr[Panic]) -> boolean:
    """Let g call the next method, from panic `first` on, that returns a text. Returns False if none is left.

    A value that the panic below also has is printed once. See Note [Printing an error].
    """
    back = panicval_pc.value
    q = first
    while q != nil(Panic):
        link = q.at.link
        if link != nil(Panic) and q.at.typ != 0 and link.at.typ == q.at.typ and link.at.data == q.at.data:
            link.at.repanicked = True
        elif q.at.kind == PENDING_USER:
            method = text_method(ptr_at(Type, q.at.typ))
            if method != 0:
                p.at.printing = q
                make_room(g)
                p.at.sp = g.at.sched.sp
                enter_below(g, method, u64(0), q.at.data, back)
                return True
        q = link
    return False


def error_name(kind: u64) -> Ptr[u8]:
    """The name of Go's type for a runtime error."""
    if kind >= PENDING_BOUNDS:
        return cstr(b"runtime.boundsError")
    if kind == PENDING_DOTTYPE or kind == PENDING_ASSERT:
        return cstr(b"*runtime.TypeAssertionError")
    if kind == PENDING_PANIC_NIL:
        return cstr(b"*runtime.PanicNilError")
    return cstr(b"runtime.plainError") if is_plain(kind) else cstr(b"runtime.errorString")


def panic_while_printing(g: Ptr[G], p: Ptr[Panic]) -> None:
    """Report that the method for the text of a panic's value has itself panicked."""
    begin()
    puts(cstr(b"fatal error: panic while printing panic value: "))
    if p.at.kind != PENDING_USER:
        puts(cstr(b"type "))
        puts(error_name(p.at.kind))
    elif type_is(ptr_at(Type, p.at.typ), cstr(b"string")):
        put_basic(ptr_at(Type, p.at.typ), p.at.data, False)
    else:
        puts(cstr(b"type "))
        put_type(ptr_at(Type, p.at.typ))
    puts(cstr(b"\n"))
    end_here(g, p, True)


@export
def panicval(g: Ptr[G], text: u64, length: u64, sp: u64) -> None:
    """Handle the return of a method that preprintpanics called: it returned this string to rt.panicval, whose SP is
    `sp`."""
    leave_below(g, sp)
    p = g.at.extra.at.panics
    q = p.at.printing
    q.at.text = text
    q.at.text_len = length
    q.at.has_text = True
    if not preprintpanics(g, p, q.at.link):
        fatalpanic(g, p)


def is_printing(p: Ptr[Panic]) -> boolean:
    """Whether p occurred in a method that returns the text of another panic."""
    q = p.at.link
    while q != nil(Panic):
        if q.at.printing != nil(Panic):
            return True
        q = q.at.link
    return False


def unwind(g: Ptr[G], p: Ptr[Panic]) -> None:
    """g is stopped where p began: run the next deferred call. If none is left, end the goroutine or the program."""
    if next_deferred(g, p):
        return
    if p.at.goexit:
        free_panics(g, nil(Panic))
        goexit0(g)
    elif is_printing(p):
        panic_while_printing(g, p)
    elif not preprintpanics(g, p, p):
        fatalpanic(g, p)


@export
def panicreturn(g: Ptr[G], sp: u64) -> None:
    """Handle the return of a deferred call that a panic made. It returned to rt.panicreturn, whose SP is `sp`."""
    p = g.at.extra.at.panics
    if p.at.recovered:
        p = recovery(g, p)
        if p != nil(Panic):
            unwind(g, p)
    else:
        leave_below(g, sp)
        unwind(g, p)


@export
def gofatal(g: Ptr[G], text: u64, length: u64) -> None:
    """Report a fatal error found by Go code, such as unlocking an unlocked mutex. It cannot be recovered."""
    begin()
    puts(cstr(b"fatal error: "))
    put(text, length)
    puts(cstr(b"\n"))
    put_dying(g, nil(Panic), False)
    end()
    die()


@export
def panicking(g: Ptr[G]) -> None:
    """Start g's pending panic, which occurred at g.sched."""
    text = fatal_text(g.at.pending)
    if text != nil(u8):
        begin()
        puts(cstr(b"fatal error: "))
        puts(text)
        puts(cstr(b"\n"))
        put_dying(g, nil(Panic), False)
        end()
        die()
        return
    m = g.at.m
    p = new_panic(g)
    p.at.kind = g.at.pending
    p.at.a = m.at.pending_a
    p.at.b = m.at.pending_b
    p.at.type_ = m.at.pending_type
    if p.at.kind == PENDING_USER:
        p.at.typ = m.at.pending_type
        p.at.data = m.at.pending_data
        if p.at.typ == 0:
            p.at.kind = PENDING_PANIC_NIL
    elif p.at.kind == PENDING_NIL:
        g.at.extra.at.sigpc = g.at.sched.pc
    p.at.leaf_count = m.at.leaf_count
    for i in range(p.at.leaf_count):
        p.at.leaf_sites[i] = m.at.leaf_sites[i]
    m.at.leaf_count = u64(0)
    g.at.pending = u64(0)
    unwind(g, p)


@export
def goexit(g: Ptr[G]) -> None:
    """runtime.Goexit: run the deferred calls, then end the goroutine."""
    p = new_panic(g)
    p.at.goexit = True
    unwind(g, p)


@export
def gopanic(g: Ptr[G], typ: u64, data: u64) -> None:
    """panic(v)."""
    g.at.pending = PENDING_USER
    g.at.m.at.pending_type = typ
    g.at.m.at.pending_data = data
    panicking(g)


@export
def panicnil(g: Ptr[G]) -> None:
    """Panic: a nil pointer was dereferenced."""
    g.at.pending = PENDING_NIL
    panicking(g)


@export
def panicshift(g: Ptr[G]) -> None:
    """Panic: a shift count is negative."""
    g.at.pending = PENDING_SHIFT
    panicking(g)


@export
def panicwrap(g: Ptr[G], text: u64, length: i64) -> None:
    """Panic: a value method was called through a nil pointer."""
    g.at.pending = PENDING_WRAP
    g.at.m.at.pending_a = text
    g.at.m.at.pending_b = u64(length)
    panicking(g)


@export
def panicrangestate(g: Ptr[G], state: i64) -> None:
    """Panic: a range over a function continued when it must not."""
    g.at.pending = u64(PENDING_RANGE_DONE + u64(state))
    panicking(g)


@export
def panicdottype(g: Ptr[G], have: u64, want: u64, inter: u64) -> None:
    """Panic: v.(T) failed, for a concrete T."""
    g.at.pending = PENDING_DOTTYPE
    g.at.m.at.pending_a = have
    g.at.m.at.pending_b = want
    g.at.m.at.pending_type = inter
    panicking(g)


@export
def panicassert(g: Ptr[G], have: u64, inter: u64) -> None:
    """Panic: v.(I) failed, for an interface I."""
    g.at.pending = PENDING_ASSERT
    g.at.m.at.pending_a = have
    g.at.m.at.pending_b = inter
    panicking(g)
