"""The text of a panic: values as Go's printpanicval prints them, and the texts of runtime errors."""

from morestack.abi.descriptors import (
    KIND_BOOL,
    KIND_COMPLEX64,
    KIND_COMPLEX128,
    KIND_FLOAT32,
    KIND_FLOAT64,
    KIND_INT,
    KIND_INT64,
    KIND_STRING,
    KIND_UINTPTR,
    TFLAG_NAMED,
)
from morestack.abi.pending import (
    PENDING_ASSERT,
    PENDING_BOUNDS,
    PENDING_CLOSE_CLOSED,
    PENDING_CLOSE_NIL,
    PENDING_DIVIDE,
    PENDING_DOTTYPE,
    PENDING_GO_NIL,
    PENDING_GROWSLICE,
    PENDING_MAKECHAN,
    PENDING_MAKESLICE_CAP,
    PENDING_MAKESLICE_LEN,
    PENDING_MAP_ITERATION_WRITE,
    PENDING_MAP_READ_WRITE,
    PENDING_MAP_WRITES,
    PENDING_NIL,
    PENDING_NIL_MAP,
    PENDING_PANIC_NIL,
    PENDING_RANGE_DONE,
    PENDING_RANGE_EXHAUSTED,
    PENDING_RANGE_MISSING_PANIC,
    PENDING_RANGE_PANIC,
    PENDING_SEND_CLOSED,
    PENDING_SHIFT,
    PENDING_STRING_LEN,
    PENDING_UNCOMPARABLE,
    PENDING_UNHASHABLE,
    PENDING_UNSAFE_SLICE_LEN,
    PENDING_UNSAFE_SLICE_NIL,
    PENDING_UNSAFE_STRING_LEN,
    PENDING_UNSAFE_STRING_NIL,
    PENDING_USER,
    PENDING_WRAP,
)
from morestack.dialect.machine import (
    Ptr,
    boolean,
    cast,
    cstr,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    nil,
    ptr_at,
    u8,
    u16,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.mem.type import InterfaceType, Type, name_data, name_len, same_text, type_string, type_string_len
from morestack.runtime.sys.layout import Panic
from morestack.runtime.sys.print import put, put_byte, put_hex, put_int, put_uint, puts
from morestack.runtime.value.iface import missing_method
from morestack.runtime.value.printfloat import put_complex, put_float

# Kinds of pending panic: abi/pending.py.


def put_type(t: Ptr[Type]) -> None:
    """Print a type's text, such as main.T."""
    put(type_string(t), type_string_len(t))


def put_indented(data: u64, length: u64) -> None:
    """Print a string, with a tab after each newline, so that a panic's text cannot be mistaken for a traceback."""
    p = ptr_at(u8, data)
    for i in range(length):
        put_byte(p[i])
        if p[i] == 10:
            put_byte(u8(9))


def put_integer(t: Ptr[Type], at: u64) -> None:
    """Print the integer of a type at an address."""
    k = t.at.kind_
    size = t.at.size
    if k <= KIND_INT64:
        if size == 1:
            put_int(i64(ptr_at(i8, at)[0]))
        elif size == 2:
            put_int(i64(ptr_at(i16, at)[0]))
        elif size == 4:
            put_int(i64(ptr_at(i32, at)[0]))
        else:
            put_int(ptr_at(i64, at)[0])
    elif size == 1:
        put_uint(u64(ptr_at(u8, at)[0]))
    elif size == 2:
        put_uint(u64(ptr_at(u16, at)[0]))
    elif size == 4:
        put_uint(u64(ptr_at(u32, at)[0]))
    else:
        put_uint(ptr_at(u64, at)[0])


def is_printable(t: Ptr[Type]) -> boolean:
    """Whether values of the type are printed themselves: numbers, strings and booleans are."""
    k = t.at.kind_
    return (k >= KIND_BOOL and k <= KIND_COMPLEX128) or k == KIND_STRING


def put_basic(t: Ptr[Type], at: u64, quoted: boolean) -> None:
    """Print the printable value of type t at an address."""
    k = t.at.kind_
    if k == KIND_BOOL:
        puts(cstr(b"true") if ptr_at(u8, at)[0] != 0 else cstr(b"false"))
    elif k >= KIND_INT and k <= KIND_UINTPTR:
        put_integer(t, at)
    elif k == KIND_FLOAT32:
        put_float(f64(ptr_at(f32, at)[0]), True, False)
    elif k == KIND_FLOAT64:
        put_float(ptr_at(f64, at)[0], False, False)
    elif k == KIND_COMPLEX64:
        put_complex(f64(ptr_at(f32, at)[0]), f64(ptr_at(f32, at)[1]), True)
    elif k == KIND_COMPLEX128:
        put_complex(ptr_at(f64, at)[0], ptr_at(f64, at)[1], False)
    else:
        if quoted:
            put_byte(u8(34))
        put_indented(ptr_at(u64, at)[0], ptr_at(u64, u64(at + 8))[0])
        if quoted:
            put_byte(u8(34))


def printpanicval(typ: u64, data: u64) -> None:
    """Print the argument of a panic, as Go's printpanicval and printanycustomtype do."""
    t = ptr_at(Type, typ)
    k = t.at.kind_
    if not is_printable(t):
        put_byte(u8(40))
        put_type(t)
        puts(cstr(b") "))
        put_hex(data)
    elif t.at.tflag & TFLAG_NAMED == 0 or is_predeclared(t):
        put_basic(t, data, False)
    else:
        put_type(t)
        if k == KIND_COMPLEX64 or k == KIND_COMPLEX128:
            put_basic(t, data, False)
        else:
            put_byte(u8(40))
            put_basic(t, data, True)
            put_byte(u8(41))


def is_predeclared(t: Ptr[Type]) -> boolean:
    """Whether a named type is predeclared by the language: its text has no package."""
    p = ptr_at(u8, type_string(t))
    for i in range(type_string_len(t)):
        if p[i] == 46:
            return False
    return True


def put_dottype(have: u64, want: u64, inter: u64) -> None:
    """Print the text of a failed assertion to a concrete type."""
    puts(cstr(b"interface conversion: "))
    if inter == 0:
        puts(cstr(b"interface"))
    else:
        put_type(ptr_at(Type, inter))
    puts(cstr(b" is "))
    if have == 0:
        puts(cstr(b"nil"))
    else:
        put_type(ptr_at(Type, have))
    puts(cstr(b", not "))
    put_type(ptr_at(Type, want))
    if have != 0 and same_text(ptr_at(Type, have), ptr_at(Type, want)):
        puts(cstr(b" (types from different scopes)"))


def put_assert(have: u64, inter: u64) -> None:
    """Print the text of a failed assertion to an interface."""
    puts(cstr(b"interface conversion: "))
    if have == 0:
        puts(cstr(b"interface is nil, not "))
        put_type(ptr_at(Type, inter))
        return
    put_type(ptr_at(Type, have))
    puts(cstr(b" is not "))
    put_type(ptr_at(Type, inter))
    puts(cstr(b": missing method "))
    name = missing_method(cast(InterfaceType, ptr_at(Type, inter)), ptr_at(Type, have))
    if name != 0:
        put(name_data(name), name_len(name))


def bounds_text(code: u64) -> Ptr[u8]:
    """The message of a bounds check: x the index, y the limit."""
    if code == 0:
        return cstr(b"index out of range [x] with length y")
    if code == 1:
        return cstr(b"slice bounds out of range [:x] with length y")
    if code == 2:
        return cstr(b"slice bounds out of range [:x] with capacity y")
    if code == 3:
        return cstr(b"slice bounds out of range [x:y]")
    if code == 4:
        return cstr(b"slice bounds out of range [::x] with length y")
    if code == 5:
        return cstr(b"slice bounds out of range [::x] with capacity y")
    if code == 6:
        return cstr(b"slice bounds out of range [:x:y]")
    if code == 7:
        return cstr(b"slice bounds out of range [x:y:]")
    return cstr(b"cannot convert slice with length y to array or pointer to array with length x")


def negative_text(code: u64) -> Ptr[u8]:
    """The message of a bounds check if the index is negative."""
    if code == 0:
        return cstr(b"index out of range [x]")
    if code == 1 or code == 2:
        return cstr(b"slice bounds out of range [:x]")
    if code == 3:
        return cstr(b"slice bounds out of range [x:]")
    if code == 4 or code == 5:
        return cstr(b"slice bounds out of range [::x]")
    if code == 6:
        return cstr(b"slice bounds out of range [:x:]")
    return cstr(b"slice bounds out of range [x::]")


def put_bounds(kind: u64, x: u64, y: u64) -> None:
    """Print the text of a failed bounds check. In the messages, only the placeholders are an x or y after a bracket, a
    colon or "length "."""
    code = u64((kind - PENDING_BOUNDS) >> 1)
    signed = (kind - PENDING_BOUNDS) & 1 != 0
    text = negative_text(code) if signed and i64(x) < 0 and code < 8 else bounds_text(code)
    before = u8(32)
    i = u64(0)
    while text[i] != 0:
        c = text[i]
        place = before == 91 or before == 58 or before == 32
        after = text[u64(i + 1)]
        place = place and (after == 0 or after == 93 or after == 58 or after == 32)
        if place and c == 120:
            if signed:
                put_int(i64(x))
            else:
                put_uint(x)
        elif place and c == 121:
            put_int(i64(y))
        else:
            put_byte(c)
        before = c
        i = u64(i + 1)


def error_text(kind: u64) -> Ptr[u8]:
    """The text of a kind of panic without operands."""
    if kind == PENDING_NIL:
        return cstr(b"runtime error: invalid memory address or nil pointer dereference")
    if kind == PENDING_PANIC_NIL:
        return cstr(b"runtime error: panic called with nil argument")
    if kind == PENDING_DIVIDE:
        return cstr(b"runtime error: integer divide by zero")
    if kind == PENDING_MAKESLICE_LEN:
        return cstr(b"runtime error: makeslice: len out of range")
    if kind == PENDING_MAKESLICE_CAP:
        return cstr(b"runtime error: makeslice: cap out of range")
    if kind == PENDING_MAKECHAN:
        return cstr(b"makechan: size out of range")
    if kind == PENDING_CLOSE_NIL:
        return cstr(b"close of nil channel")
    if kind == PENDING_CLOSE_CLOSED:
        return cstr(b"close of closed channel")
    if kind == PENDING_SEND_CLOSED:
        return cstr(b"send on closed channel")
    if kind == PENDING_GROWSLICE:
        return cstr(b"runtime error: growslice: len out of range")
    if kind == PENDING_NIL_MAP:
        return cstr(b"assignment to entry in nil map")
    if kind == PENDING_STRING_LEN:
        return cstr(b"runtime error: string concatenation too long")
    if kind == PENDING_SHIFT:
        return cstr(b"runtime error: negative shift amount")
    if kind == PENDING_UNSAFE_SLICE_LEN:
        return cstr(b"runtime error: unsafe.Slice: len out of range")
    if kind == PENDING_UNSAFE_SLICE_NIL:
        return cstr(b"runtime error: unsafe.Slice: ptr is nil and len is not zero")
    if kind == PENDING_UNSAFE_STRING_LEN:
        return cstr(b"runtime error: unsafe.String: len out of range")
    if kind == PENDING_UNSAFE_STRING_NIL:
        return cstr(b"runtime error: unsafe.String: ptr is nil and len is not zero")
    if kind == PENDING_RANGE_DONE:
        return cstr(b"runtime error: range function continued iteration after function for loop body returned false")
    if kind == PENDING_RANGE_PANIC:
        return cstr(b"runtime error: range function continued iteration after loop body panic")
    if kind == PENDING_RANGE_EXHAUSTED:
        return cstr(b"runtime error: range function continued iteration after whole loop exit")
    if kind == PENDING_RANGE_MISSING_PANIC:
        return cstr(b"runtime error: range function recovered a loop body panic and did not resume panicking")
    return cstr(b"runtime error: unknown failure")


def fatal_text(kind: u64) -> Ptr[u8]:
    """The text of a fatal error, which ends the program and cannot be recovered; nil for panics."""
    if kind == PENDING_GO_NIL:
        return cstr(b"go of nil func value")
    if kind == PENDING_MAP_WRITES:
        return cstr(b"concurrent map writes")
    if kind == PENDING_MAP_READ_WRITE:
        return cstr(b"concurrent map read and map write")
    if kind == PENDING_MAP_ITERATION_WRITE:
        return cstr(b"concurrent map iteration and map write")
    return nil(u8)


def is_plain(kind: u64) -> boolean:
    """Whether a run-time error's text does not begin with "runtime error: "."""
    return (kind >= PENDING_MAKECHAN and kind <= PENDING_SEND_CLOSED) or kind == PENDING_NIL_MAP or kind == PENDING_WRAP


def put_panic(p: Ptr[Panic]) -> None:
    """Print the text of a panic whose value has no method that returns it."""
    kind = p.at.kind
    if kind >= PENDING_BOUNDS:
        puts(cstr(b"runtime error: "))
        put_bounds(kind, p.at.a, p.at.b)
    elif kind == PENDING_USER:
        printpanicval(p.at.typ, p.at.data)
    elif kind == PENDING_UNCOMPARABLE:
        puts(cstr(b"runtime error: comparing uncomparable type "))
        put_type(ptr_at(Type, p.at.a))
    elif kind == PENDING_UNHASHABLE:
        puts(cstr(b"runtime error: hash of unhashable type ") if p.at.b == 0 else cstr(b"hash of unhashable type: "))
        put_type(ptr_at(Type, p.at.a))
    elif kind == PENDING_WRAP:
        put(p.at.a, p.at.b)
    elif kind == PENDING_DOTTYPE:
        put_dottype(p.at.a, p.at.b, p.at.type_)
    elif kind == PENDING_ASSERT:
        put_assert(p.at.a, p.at.b)
    else:
        puts(error_text(kind))
