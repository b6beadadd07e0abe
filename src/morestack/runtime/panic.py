"""Panics: what goes wrong in a Go program, printed as Go prints it; exit code 2.

A failed check, a runtime call or a leaf leaves `pending` (a kind and operands) in g, and compiled code calls
`panicking`; panic(v) is `gopanic`, a failed assertion `panicdottype` or `panicassert`. g.sched is the place.

        panic: runtime error: index out of range [5] with length 3

        goroutine 1 [running]:
        main.f(...)
                /home/u/prog.go:12

Without defer a panic always ends the program. The place where deferred functions run is `fatalpanic`'s caller.

Note [Printing an error]: a value with an Error or String method is printed by calling it, and the method is
compiled Go code. So g goes on in the method, on two linkages below the frame that panicked:

        sp      frame that panicked
        sp-8    its site blob            sp-16   its BP
        sp-24   rt.panicval              sp-32   sp-16, the BP of rt.panicval's empty frame

(SP of a frame is at least 32 bytes above stack.lo.) It returns to rt.panicval, which calls `panicval` here.
"""

from morestack.dialect.machine import Ptr, boolean, cstr, export, i64, memcmp, nil, ptr_at, u8, u64
from morestack.runtime.fatal import stop
from morestack.runtime.layout import G
from morestack.runtime.os import strlen
from morestack.runtime.panictext import (
    PENDING_ASSERT,
    PENDING_BOUNDS,
    PENDING_DOTTYPE,
    PENDING_GO_NIL,
    PENDING_MAKECHAN,
    PENDING_NIL,
    PENDING_NIL_MAP,
    PENDING_RANGE_DONE,
    PENDING_SEND_CLOSED,
    PENDING_SHIFT,
    PENDING_USER,
    put_basic,
    put_indented,
    put_pending,
    put_type,
)  # fmt: skip
from morestack.runtime.print import begin, end, puts
from morestack.runtime.sched import goready
from morestack.runtime.traceback import put_goroutine
from morestack.runtime.type import (
    KIND_STRING,
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


def fatalpanic(g: Ptr[G]) -> None:
    """Nothing recovers g's pending panic: print it and where g is, and end the program."""
    begin()
    if g.at.pending == PENDING_GO_NIL:
        puts(cstr(b"fatal error: go of nil func value"))
    else:
        puts(cstr(b"panic: "))
        put_pending(g)
    puts(cstr(b"\n\n"))
    put_goroutine(g)
    end()
    stop(i64(2))


def text_method(t: Ptr[Type]) -> u64:
    """The code of the method that gives the text of a panic's value: Error, else String; 0 when it has none."""
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
    """Whether a type's text is this."""
    n = strlen(text.addr)
    return type_string_len(t) == n and memcmp(type_string(t), text.addr, n) == 0


def preprintpanics(g: Ptr[G]) -> boolean:
    """Let g call the method that gives the text of its panic's value. See Note [Printing an error]."""
    back = g.at.m.at.g0.at.regs[0]
    if g.at.pending != PENDING_USER or g.at.pending_type == 0 or back == 0:
        return False
    method = text_method(ptr_at(Type, g.at.pending_type))
    if method == 0:
        return False
    sp = g.at.sched.sp
    ptr_at(u64, u64(sp - 8))[0] = g.at.sched.pc
    ptr_at(u64, u64(sp - 16))[0] = g.at.sched.bp
    ptr_at(u64, u64(sp - 24))[0] = back
    ptr_at(u64, u64(sp - 32))[0] = u64(sp - 16)
    g.at.sched.pc = method
    g.at.sched.sp = u64(sp - 16)
    g.at.sched.bp = u64(sp - 16)
    g.at.sched.ctxt = u64(0)
    g.at.sched.ret = g.at.pending_data
    g.at.pending = u64(0)
    g.at.panics = u64(1)
    goready(g.at.m.at.p, g)
    return True


def error_type(kind: u64) -> Ptr[u8]:
    """The name of Go's type for a runtime error."""
    if kind >= PENDING_BOUNDS:
        return cstr(b"runtime.boundsError")
    if kind == PENDING_DOTTYPE or kind == PENDING_ASSERT:
        return cstr(b"*runtime.TypeAssertionError")
    if (kind >= PENDING_MAKECHAN and kind <= PENDING_SEND_CLOSED) or kind == PENDING_NIL_MAP:
        return cstr(b"runtime.plainError")
    return cstr(b"runtime.errorString")


def panic_while_printing(g: Ptr[G]) -> None:
    """The method that was to give the text of a panic's value has panicked itself."""
    begin()
    puts(cstr(b"fatal error: panic while printing panic value: "))
    if g.at.pending != PENDING_USER:
        puts(cstr(b"type "))
        puts(error_type(g.at.pending))
    elif g.at.pending_type == 0:
        puts(cstr(b"type *runtime.PanicNilError"))
    elif ptr_at(Type, g.at.pending_type).at.kind_ == KIND_STRING:
        put_basic(ptr_at(Type, g.at.pending_type), g.at.pending_data, False)
    else:
        puts(cstr(b"type "))
        put_type(ptr_at(Type, g.at.pending_type))
    puts(cstr(b"\n\n"))
    put_goroutine(g)
    end()
    stop(i64(2))


@export
def panicval(g: Ptr[G], text: u64, length: u64, sp: u64) -> None:
    """The method that preprintpanics called has returned this string to rt.panicval, whose SP is `sp`."""
    g.at.sched.sp = u64(sp + 16)
    g.at.sched.pc = ptr_at(u64, u64(sp + 8))[0]
    g.at.sched.bp = ptr_at(u64, sp)[0]
    begin()
    puts(cstr(b"panic: "))
    put_indented(text, length)
    puts(cstr(b"\n\n"))
    put_goroutine(g)
    end()
    stop(i64(2))


@export
def panicking(g: Ptr[G]) -> None:
    """g has a pending panic, and g.sched says where."""
    if g.at.panics != 0:
        panic_while_printing(g)
    elif not preprintpanics(g):
        fatalpanic(g)


@export
def gopanic(g: Ptr[G], typ: u64, data: u64) -> None:
    """panic(v)."""
    g.at.pending = PENDING_USER
    g.at.pending_type = typ
    g.at.pending_data = data
    panicking(g)


@export
def panicnil(g: Ptr[G]) -> None:
    """A nil pointer was followed."""
    g.at.pending = PENDING_NIL
    panicking(g)


@export
def panicshift(g: Ptr[G]) -> None:
    """A shift count is negative."""
    g.at.pending = PENDING_SHIFT
    panicking(g)


@export
def panicrangestate(g: Ptr[G], state: i64) -> None:
    """A range over a function has gone on when it must not."""
    g.at.pending = u64(PENDING_RANGE_DONE + u64(state))
    panicking(g)


@export
def panicdottype(g: Ptr[G], have: u64, want: u64, inter: u64) -> None:
    """v.(T) failed, for a concrete T."""
    g.at.pending = PENDING_DOTTYPE
    g.at.pending_a = have
    g.at.pending_b = want
    g.at.pending_type = inter
    panicking(g)


@export
def panicassert(g: Ptr[G], have: u64, inter: u64) -> None:
    """v.(I) failed, for an interface I."""
    g.at.pending = PENDING_ASSERT
    g.at.pending_a = have
    g.at.pending_b = inter
    panicking(g)
