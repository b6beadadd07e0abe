"""Finalizers and cleanups: setting them, with Go's checks and messages. finq.py runs them.

A finalizer's argument is a pointer, or an interface made from it. Any interface takes two words in registers.
"""

from morestack.abi.convention import PARKED
from morestack.abi.descriptors import (
    FUNC_TYPE_SIZE,
    KIND_FUNC,
    KIND_INTERFACE,
    KIND_POINTER,
    TFLAG_UNCOMMON,
    UNCOMMON_TYPE_SIZE,
)
from morestack.dialect.machine import (
    Ptr,
    boolean,
    cstr,
    export,
    i64,
    nil,
    ptr_at,
    static,
    u8,
    u16,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.gc.mgcmark import heap_span
from morestack.runtime.gc.mspecial import (
    SPECIAL_CLEANUP,
    SPECIAL_FINALIZER,
    Special,
    add_special,
    find_finalizer,
    new_special,
    remove_cleanup,
    remove_finalizer,
    specials,
    specials_lock,
)
from morestack.runtime.mem.malloc import TINY_CLASS, TINY_SIZE, zerobase
from morestack.runtime.mem.mheap import MSpan, mheap
from morestack.runtime.mem.mspan import FORM_HEADER, object_index
from morestack.runtime.mem.sizeclasses import HEADER
from morestack.runtime.mem.type import InterfaceType, Type, same_type, type_string, type_string_len
from morestack.runtime.stack.traceback import put_dying
from morestack.runtime.sys.fatal import die
from morestack.runtime.sys.layout import G, Panic
from morestack.runtime.sys.lock import RANK_TABLE, lock, unlock
from morestack.runtime.sys.print import begin, end, put, puts
from morestack.runtime.sys.system import finalizers_run, system_goroutine
from morestack.runtime.value.iface import getitab

SHAPE_POINTER = u64(0)
SHAPE_INTERFACE = u64(1)
VARIADIC = u64(0x8000)
MAX_RESULTS = u64(65536)

CLEANUP_NONE = i64(0)
CLEANUP_NOT_ALLOCATED = i64(-2)
CLEANUP_WITHIN = i64(-3)
CLEANUP_CLOSES_OVER = i64(-4)

_started = static(u32)


def finalizers_init() -> None:
    """Reset: the goroutine that runs finalizers has not started."""
    _started.value = u32(0)
    system_goroutine.value = u64(0)
    finalizers_run.value = u32(0)


def put_type(t: Ptr[Type]) -> None:
    """Print the text of a type."""
    put(type_string(t), type_string_len(t))


def fatal_begin(text: Ptr[u8]) -> None:
    """Begin a fatal error of SetFinalizer."""
    begin()
    puts(cstr(b"fatal error: runtime.SetFinalizer: "))
    puts(text)


def fatal_end(g: Ptr[G]) -> i64:
    """End the message, and the program. g stays parked."""
    puts(cstr(b"\n"))
    put_dying(g, nil(Panic), True)
    end()
    die()
    return PARKED


def fatal(g: Ptr[G], text: Ptr[u8]) -> i64:
    """Report a fatal error that does not name a type."""
    fatal_begin(text)
    return fatal_end(g)


def cannot_pass(g: Ptr[G], have: Ptr[Type], fn: Ptr[Type], why: Ptr[u8]) -> i64:
    """Report that the finalizer does not accept the object."""
    fatal_begin(cstr(b"cannot pass "))
    put_type(have)
    puts(cstr(b" to finalizer "))
    put_type(fn)
    puts(why)
    return fatal_end(g)


def elem_of(t: Ptr[Type]) -> Ptr[Type]:
    """The element type of a pointer type."""
    return ptr_at(Type, ptr_at(u64, t.addr)[6])


def in_count(f: Ptr[Type]) -> u64:
    """How many parameters a function type has."""
    return u64(ptr_at(u16, u64(f.addr + 48))[0])


def out_count(f: Ptr[Type]) -> u64:
    """The number of results, with the bit VARIADIC."""
    return u64(ptr_at(u16, u64(f.addr + 50))[0])


def func_types(f: Ptr[Type]) -> Ptr[u64]:
    """The types of a function's parameters, then of its results."""
    extra = u64(UNCOMMON_TYPE_SIZE) if f.at.tflag & TFLAG_UNCOMMON != 0 else u64(0)
    return ptr_at(u64, u64(f.addr + FUNC_TYPE_SIZE + extra))


def result_bytes(f: Ptr[Type]) -> u64:
    """Bytes of memory for all results."""
    total = u64(0)
    types = func_types(f)
    first = in_count(f)
    for i in range(first, first + (out_count(f) & ~VARIADIC)):
        t = ptr_at(Type, types[i])
        align = u64(t.at.align)
        total = u64((total + align - 1) // align * align + t.at.size)
    return u64((total + 7) >> 3 << 3)


def object_base(s: Ptr[MSpan], p: u64) -> u64:
    """The address at which the object that contains p begins, as the program sees it."""
    base = u64(s.at.base + object_index(s, p) * s.at.elemsize)
    return u64(base + HEADER) if s.at.form == FORM_HEADER else base


def without_span(p: u64) -> boolean:
    """Whether p points to an object that is never freed: a zero-sized or static one."""
    return p == zerobase.addr or (p != 0 and (p < mheap.at.arena_lo or p >= mheap.at.arena_hi))


def argument_word(g: Ptr[G], have: Ptr[Type], want: Ptr[Type]) -> i64:
    """The word that precedes the object's address if it is passed as `want`: 0 for none, else a type or an itab. -1 if
    it cannot be passed."""
    if same_type(want.addr, have.addr):
        return i64(0)
    if want.at.kind_ == KIND_POINTER:
        unnamed = want.at.tflag & TFLAG_UNCOMMON == 0 or have.at.tflag & TFLAG_UNCOMMON == 0
        if unnamed and same_type(elem_of(want).addr, elem_of(have).addr):
            return i64(0)
    elif want.at.kind_ == KIND_INTERFACE:
        inter = ptr_at(InterfaceType, want.addr)
        if inter.at.methods_len == 0:
            return i64(have.addr)
        itab = getitab(g, inter, have)
        if itab != 0:
            return i64(itab)
    return i64(-1)


def start_wanted() -> i64:
    """Return 1 the first time: the caller must then start the goroutine."""
    if _started.value != 0:
        return i64(0)
    _started.value = u32(1)
    finalizers_run.value = u32(1)
    return i64(1)


@export
def setfinalizer(g: Ptr[G], have: Ptr[Type], p: u64, fn_type: Ptr[Type], fn: u64) -> i64:
    """runtime.SetFinalizer. Returns 1 if the caller must start the goroutine that runs finalizers. If the arguments are
    wrong, it ends the program with Go's message."""
    if have == nil(Type):
        return fatal(g, cstr(b"first argument is nil"))
    if have.at.kind_ != KIND_POINTER:
        fatal_begin(cstr(b"first argument is "))
        put_type(have)
        puts(cstr(b", not pointer"))
        return fatal_end(g)
    s = heap_span(p)
    if s == nil(MSpan):
        if without_span(p):
            return i64(0)
        return fatal(g, cstr(b"pointer not in allocated block"))
    if p != object_base(s, p):
        elem = elem_of(have)
        if elem.at.ptrdata != 0 or elem.at.size >= TINY_SIZE:
            return fatal(g, cstr(b"pointer not at beginning of allocated block"))
    if fn_type == nil(Type):
        remove_finalizer(s, p)
        return i64(0)
    if fn_type.at.kind_ != KIND_FUNC:
        fatal_begin(cstr(b"second argument is "))
        put_type(fn_type)
        puts(cstr(b", not a function"))
        return fatal_end(g)
    if out_count(fn_type) & VARIADIC != 0:
        return cannot_pass(g, have, fn_type, cstr(b" because dotdotdot"))
    if in_count(fn_type) != 1:
        return cannot_pass(g, have, fn_type, cstr(b""))
    want = ptr_at(Type, func_types(fn_type)[0])
    word = argument_word(g, have, want)
    if word == -1:
        return cannot_pass(g, have, fn_type, cstr(b""))
    results = result_bytes(fn_type)
    if results > MAX_RESULTS:
        return fatal(g, cstr(b"the finalizer's results take more than 64 KB"))
    lock(specials_lock(), RANK_TABLE)
    if find_finalizer(s, p) != nil(Special):
        unlock(specials_lock())
        return fatal(g, cstr(b"finalizer already set"))
    x = new_special()
    x.at.kind = SPECIAL_FINALIZER
    x.at.arg = p
    x.at.fn = fn
    x.at.shape = SHAPE_INTERFACE if want.at.kind_ == KIND_INTERFACE else SHAPE_POINTER
    x.at.word = u64(word)
    x.at.results = results
    add_special(s, x)
    first = start_wanted()
    unlock(specials_lock())
    return first


def closes_over(closure: u64, lo: u64, hi: u64) -> boolean:
    """Whether a closure object in the heap has a word that points into [lo, hi)."""
    s = heap_span(closure)
    if s == nil(MSpan):
        return False
    at = ptr_at(u64, u64(s.at.base + object_index(s, closure) * s.at.elemsize))
    for i in range(s.at.elemsize >> 3):
        if at[i] >= lo and at[i] < hi:
            return True
    return False


@export
def addcleanup(g: Ptr[G], p: u64, closure: u64, arg: u64, call: u64) -> i64:
    """runtime.AddCleanup: run `call`, a closure without parameters, after p's object has died. `closure` is the
    program's function, and `arg` its argument if that is a pointer. Returns the cleanup's number, or a code for why
    there is none."""
    s = heap_span(p)
    if s == nil(MSpan):
        return CLEANUP_NONE if without_span(p) else CLEANUP_NOT_ALLOCATED
    lo = u64(s.at.base + object_index(s, p) * s.at.elemsize)
    hi = u64(lo + s.at.elemsize)
    if arg >= lo and arg < hi and u64(s.at.run) != TINY_CLASS:
        return CLEANUP_WITHIN
    if closes_over(closure, lo, hi):
        return CLEANUP_CLOSES_OVER
    lock(specials_lock(), RANK_TABLE)
    specials.at.id = u64(specials.at.id + 1)
    x = new_special()
    x.at.kind = SPECIAL_CLEANUP
    x.at.arg = p
    x.at.fn = call
    x.at.id = specials.at.id
    add_special(s, x)
    id = i64(specials.at.id)
    unlock(specials_lock())
    return id


@export
def stopcleanup(g: Ptr[G], p: u64, id: i64) -> None:
    """Cleanup.Stop."""
    remove_cleanup(p, u64(id))
