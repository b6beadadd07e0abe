"""print, println and all other output of the runtime: it goes to file descriptor 2, with one write for each statement.

Text is collected in a static buffer between printlock and printunlock (which nest), and written by the outermost
printunlock, or when the buffer is full. The lock belongs to a thread: compiled code has no safe point between the two,
so the output of goroutines does not mix. The lock guards all statics of this module and printfloat, including `sink`.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    atomic_load,
    atomic_store,
    boolean,
    cstr,
    export,
    i32,
    i64,
    memmove,
    static,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lock import RANK_PRINT, lock, unlock
from morestack.runtime.sys.os import EAGAIN, EINTR, errno_location, pthread_self, sched_yield, strlen, write

BUFFER = u64(8192)


@struct
class PrintBuffer:
    """The text to write, its owner (pthread_self; 0: none), and how deep printlock is nested."""

    lock: u32
    depth: u32
    owner: u64
    used: u64
    text: Array[u8, Literal[8192]]


@struct
class Sink:
    """Memory that receives printed text, as far as there is room. If `at` is 0, text goes to file descriptor 2."""

    at: u64
    end: u64


printbuf = static(PrintBuffer)
sink = static(Sink)


def print_init() -> None:
    """Reset: no thread prints."""
    printbuf.at.lock = u32(0)
    printbuf.at.depth = u32(0)
    printbuf.at.owner = u64(0)
    printbuf.at.used = u64(0)
    sink.at.at = u64(0)


def flush() -> None:
    """Write the collected text. The lock is held."""
    at = printbuf.at.text.ptr.addr
    if sink.at.at != 0:
        taken = min(printbuf.at.used, u64(sink.at.end - sink.at.at))
        memmove(sink.at.at, at, taken)
        sink.at.at = u64(sink.at.at + taken)
        printbuf.at.used = u64(0)
        return
    end = u64(at + printbuf.at.used)
    printbuf.at.used = u64(0)
    while at < end:
        n = write(i32(2), at, u64(end - at))
        if n > 0:
            at = u64(at + u64(n))
        else:
            error = errno_location()[0]
            if n == 0 or (error != EINTR and error != EAGAIN):
                return
            sched_yield()


def put(text: u64, length: u64) -> None:
    """Print bytes."""
    begin()
    at = text
    left = length
    while left != 0:
        room = u64(BUFFER - printbuf.at.used)
        n = left if left < room else room
        memmove(u64(printbuf.at.text.ptr.addr + printbuf.at.used), at, n)
        printbuf.at.used = u64(printbuf.at.used + n)
        at = u64(at + n)
        left = u64(left - n)
        if printbuf.at.used == BUFFER:
            flush()
    end()


def put_byte(byte: u8) -> None:
    """Print one byte: between begin and end."""
    if printbuf.at.used == BUFFER:
        flush()
    printbuf.at.text[printbuf.at.used] = byte
    printbuf.at.used = u64(printbuf.at.used + 1)


def puts(text: Ptr[u8]) -> None:
    """Print a NUL-terminated text."""
    put(text.addr, strlen(text.addr))


def putz(address: u64) -> None:
    """Print a NUL-terminated text by its address."""
    put(address, strlen(address))


def begin() -> None:
    """printlock for the runtime itself."""
    me = pthread_self()
    if atomic_load(printbuf.ptr.field(PrintBuffer.owner)) != me:
        lock(printbuf.ptr.field(PrintBuffer.lock), RANK_PRINT)
        atomic_store(printbuf.ptr.field(PrintBuffer.owner), me)
    printbuf.at.depth = u32(printbuf.at.depth + 1)


def end() -> None:
    """printunlock for the runtime itself."""
    printbuf.at.depth = u32(printbuf.at.depth - 1)
    if printbuf.at.depth == 0:
        flush()
        atomic_store(printbuf.ptr.field(PrintBuffer.owner), u64(0))
        unlock(printbuf.ptr.field(PrintBuffer.lock))


def put_uint(v: u64) -> None:
    """Print in decimal."""
    begin()
    divisor = u64(1)
    while u64(v // divisor) >= 10:
        divisor = u64(divisor * 10)
    while divisor != 0:
        put_byte(u8(48 + v // divisor % 10))
        divisor = u64(divisor // 10)
    end()


def put_int(v: i64) -> None:
    """Print in decimal, signed."""
    begin()
    if v < 0:
        put_byte(u8(45))
        put_uint(u64(0 - u64(v)))
    else:
        put_uint(u64(v))
    end()


def put_hex(v: u64) -> None:
    """Print as 0x and lower case digits."""
    begin()
    put_byte(u8(48))
    put_byte(u8(120))
    shift = u64(60)
    while shift != 0 and v >> shift == 0:
        shift = u64(shift - 4)
    going = True
    while going:
        digit = u64((v >> shift) & 15)
        put_byte(u8(48 + digit) if digit < 10 else u8(87 + digit))
        going = shift != 0
        if going:
            shift = u64(shift - 4)
    end()


@export
def printlock(g: Ptr[G]) -> None:
    """Start of a print statement."""
    begin()


@export
def printunlock(g: Ptr[G]) -> None:
    """End of a print statement: write it."""
    end()


@export
def printbool(g: Ptr[G], v: boolean) -> None:
    """Print true or false."""
    puts(cstr(b"true") if v else cstr(b"false"))


@export
def printint(g: Ptr[G], v: i64) -> None:
    """Decimal."""
    put_int(v)


@export
def printuint(g: Ptr[G], v: u64) -> None:
    """Decimal."""
    put_uint(v)


@export
def printhex(g: Ptr[G], v: u64) -> None:
    """0x..."""
    put_hex(v)


@export
def printpointer(g: Ptr[G], v: u64) -> None:
    """0x..."""
    put_hex(v)


@export
def printstring(g: Ptr[G], data: u64, length: u64) -> None:
    """Print the bytes."""
    put(data, length)


@export
def printslice(g: Ptr[G], data: u64, length: i64, cap: i64) -> None:
    """Print [len/cap]0x...."""
    begin()
    put_byte(u8(91))
    put_int(length)
    put_byte(u8(47))
    put_int(cap)
    put_byte(u8(93))
    put_hex(data)
    end()


@export
def printiface(g: Ptr[G], typ: u64, data: u64) -> None:
    """Print (0x...,0x...)."""
    begin()
    put_byte(u8(40))
    put_hex(typ)
    put_byte(u8(44))
    put_hex(data)
    put_byte(u8(41))
    end()


@export
def printsp(g: Ptr[G]) -> None:
    """Print a space."""
    puts(cstr(b" "))


@export
def printnl(g: Ptr[G]) -> None:
    """Print a newline."""
    puts(cstr(b"\n"))
