"""System calls of Go programs.

        syscall6      the goroutine leaves its processor for the call: it may block
        syscallblock  likewise, and the processor is given away at once: it will block
        rawsyscall6   a call that never blocks

The answer is the kernel's, or -1 - errno: so that -1, which is PARKED, is no answer.

While status is SYSCALL the goroutine's stack may be scanned but not moved, for the kernel may write to it. What the six
arguments point to, directly, stays alive: they lie in m.sysargs, and the collector takes each word for a pointer. What
that memory points to in turn stays alive as always, by its own type.
"""

from morestack.dialect.machine import Ptr, export, i32, i64, ptr_at, symbol_addr, u64
from morestack.runtime.copystack import stress
from morestack.runtime.event import stats
from morestack.runtime.layout import G_RUNNING, G_SYSCALL, G
from morestack.runtime.os import errno_location, strerror, strlen, strsignal
from morestack.runtime.os import syscall6 as call
from morestack.runtime.string import GoString, set_string

LAST_ERRNO = i64(132)
LAST_SIGNAL = i64(31)


def entersyscall(g: Ptr[G]) -> None:
    """g is about to leave Go code for a system call. Its gobuf is saved."""
    stats.at.syscalls = u64(stats.at.syscalls + 1)
    g.at.status = G_SYSCALL


def exitsyscall(g: Ptr[G], answer: i64) -> i64:
    """The system call has returned: the answer of the runtime call."""
    g.at.status = G_RUNNING
    return answer


def invoke(number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """Call the kernel."""
    answer = call(number, a, b, c, d, e, f)
    if answer == -1:
        return i64(-1 - i64(errno_location()[0]))
    return answer


def keep(g: Ptr[G], a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> None:
    """What the arguments of a system call point to stays alive until it returns."""
    args = g.at.m.at.sysargs
    args[0] = a
    args[1] = b
    args[2] = c
    args[3] = d
    args[4] = e
    args[5] = f


@export
def syscall6(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that may block."""
    stress(g)
    keep(g, a, b, c, d, e, f)
    entersyscall(g)
    return exitsyscall(g, invoke(number, a, b, c, d, e, f))


@export
def syscallblock(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that is known to block."""
    stress(g)
    keep(g, a, b, c, d, e, f)
    entersyscall(g)
    return exitsyscall(g, invoke(number, a, b, c, d, e, f))


@export
def rawsyscall6(g: Ptr[G], number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64:
    """A system call that never blocks."""
    stats.at.syscalls = u64(stats.at.syscalls + 1)
    return invoke(number, a, b, c, d, e, f)


@export
def errnotext(g: Ptr[G], out: Ptr[GoString], errno: i64) -> None:
    """What C says an error number means; empty for one it does not know."""
    if (
        errno < 1 or errno > LAST_ERRNO or errno == 41 or errno == 58
    ):  # strerror would make a text up, in its own memory
        set_string(out, u64(0), i64(0))
        return
    text = strerror(i32(errno))
    set_string(out, text, i64(strlen(text)))


@export
def signaltext(g: Ptr[G], out: Ptr[GoString], signal: i64) -> None:
    """What C says a signal means; empty for one it does not know."""
    if signal < 1 or signal > LAST_SIGNAL:
        set_string(out, u64(0), i64(0))
        return
    text = strsignal(i32(signal))
    set_string(out, text, i64(strlen(text)))


@export
def getenv(g: Ptr[G], out: Ptr[GoString], index: i64) -> None:
    """An entry of the process's environment, `name=value`; empty after the last."""
    entries = ptr_at(u64, ptr_at(u64, symbol_addr("environ"))[0])
    text = entries[index]
    set_string(out, text, i64(strlen(text)) if text != 0 else i64(0))
