"""Run-time errors as Go values: what recover returns for a failed check.

Their types and Error methods are Go (golib/runtime/error.go), compiled once and linked to every program; `rt.errors`
there holds the descriptors, in the order below. A value is created only when it is requested.

        errorString, plainError   a string
        boundsError               x y code signed       (code and signed as in abi/pending.py)
        *TypeAssertionError       strings: the interface, dynamic and wanted type, the missing method; scopes
        *PanicNilError
"""

from morestack.abi.pending import (
    PENDING_ASSERT,
    PENDING_BOUNDS,
    PENDING_DOTTYPE,
    PENDING_PANIC_NIL,
    PENDING_UNCOMPARABLE,
    PENDING_UNHASHABLE,
    PENDING_WRAP,
)
from morestack.dialect.machine import (
    Ptr,
    boolean,
    cast,
    cstr,
    export,
    i64,
    memmove,
    nil,
    ptr_at,
    static,
    struct,
    u8,
    u64,
)  # fmt: skip
from morestack.runtime.fail.panictext import error_text, is_plain
from morestack.runtime.mem.malloc import newobject
from morestack.runtime.mem.type import (
    InterfaceType,
    PtrType,
    Type,
    name_data,
    name_len,
    same_text,
    type_string,
    type_string_len,
)  # fmt: skip
from morestack.runtime.sys.layout import G, Panic
from morestack.runtime.sys.os import strlen
from morestack.runtime.value.iface import missing_method
from morestack.runtime.value.string import GoString, raw, set_string

ERROR_STRING = u64(0)
PLAIN_ERROR = u64(1)
BOUNDS_ERROR = u64(2)
TYPE_ASSERTION_ERROR = u64(3)
PANIC_NIL_ERROR = u64(4)

PREFIX = u64(15)  # bytes of "runtime error: ", which errorString's Error puts in front

error_types = static(u64)


@struct
class BoundsError:
    """boundsError of error.go."""

    x: u64
    y: u64
    code: u8
    signed: boolean


@struct
class TypeAssertionError:
    """TypeAssertionError of error.go: five strings, and whether two types of the same name belong to different
    scopes."""

    inter: u64
    inter_len: i64
    concrete: u64
    concrete_len: i64
    asserted: u64
    asserted_len: i64
    missing: u64
    missing_len: i64
    scopes: boolean


@export
def seterrors(table: u64) -> None:
    """Set the address of the table of types of run-time errors."""
    error_types.value = table


def error_type(number: u64) -> Ptr[Type]:
    """A descriptor of the table."""
    return ptr_at(Type, ptr_at(u64, error_types.value)[number])


def type_of_kind(kind: u64) -> u64:
    """The number of the type of a kind of run-time error."""
    if kind >= PENDING_BOUNDS:
        return BOUNDS_ERROR
    if kind == PENDING_DOTTYPE or kind == PENDING_ASSERT:
        return TYPE_ASSERTION_ERROR
    if kind == PENDING_PANIC_NIL:
        return PANIC_NIL_ERROR
    return PLAIN_ERROR if is_plain(kind) else ERROR_STRING


def errorvalue(g: Ptr[G], p: Ptr[Panic]) -> None:
    """Create the value of a run-time error."""
    number = type_of_kind(p.at.kind)
    if p.at.kind == PENDING_UNHASHABLE and p.at.b != 0:
        number = PLAIN_ERROR  # of a look-up in an empty map, as in Go
    typ = error_type(number)
    p.at.typ = typ.addr
    if number == TYPE_ASSERTION_ERROR or number == PANIC_NIL_ERROR:  # pointers: they are the data word itself
        p.at.data = newobject(g, cast(PtrType, typ).at.elem)
        if number == TYPE_ASSERTION_ERROR:
            fill_assertion(p, ptr_at(TypeAssertionError, p.at.data))
        return
    p.at.data = newobject(g, typ)
    if number == BOUNDS_ERROR:
        e = ptr_at(BoundsError, p.at.data)
        e.at.x = p.at.a
        e.at.y = p.at.b
        e.at.code = u8((p.at.kind - PENDING_BOUNDS) >> 1)
        e.at.signed = (p.at.kind - PENDING_BOUNDS) & 1 != 0
        return
    s = ptr_at(GoString, p.at.data)
    if p.at.kind == PENDING_UNCOMPARABLE:
        joined(g, s, cstr(b"comparing uncomparable type "), ptr_at(Type, p.at.a))
    elif p.at.kind == PENDING_UNHASHABLE:
        text = cstr(b"hash of unhashable type ") if p.at.b == 0 else cstr(b"hash of unhashable type: ")
        joined(g, s, text, ptr_at(Type, p.at.a))
    elif p.at.kind == PENDING_WRAP:
        set_string(s, p.at.a, i64(p.at.b))
    else:
        at = error_text(p.at.kind).addr
        if number == ERROR_STRING:
            at = u64(at + PREFIX)
        s.at.data = at
        s.at.len = i64(strlen(at))


def joined(g: Ptr[G], s: Ptr[GoString], text: Ptr[u8], t: Ptr[Type]) -> None:
    """Concatenate a text and the name of a type."""
    n = strlen(text.addr)
    m = type_string_len(t)
    data = raw(g, i64(n + m))
    memmove(data, text.addr, n)
    memmove(u64(data + n), type_string(t), m)
    s.at.data = data
    s.at.len = i64(n + m)


def fill_assertion(p: Ptr[Panic], e: Ptr[TypeAssertionError]) -> None:
    """Describe a failed assertion. An interface's text is empty if there is no method name to show."""
    have = ptr_at(Type, p.at.a)
    want = ptr_at(Type, p.at.b)
    if p.at.a != 0:
        e.at.concrete = type_string(have)
        e.at.concrete_len = i64(type_string_len(have))
    e.at.asserted = type_string(want)
    e.at.asserted_len = i64(type_string_len(want))
    if p.at.kind == PENDING_DOTTYPE:
        if p.at.type_ != 0:
            e.at.inter = type_string(ptr_at(Type, p.at.type_))
            e.at.inter_len = i64(type_string_len(ptr_at(Type, p.at.type_)))
        e.at.scopes = p.at.a != 0 and same_text(have, want)
    elif have != nil(Type):
        name = missing_method(cast(InterfaceType, want), have)
        if name != 0:
            e.at.missing = name_data(name)
            e.at.missing_len = i64(name_len(name))
