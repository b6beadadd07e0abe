"""The runtime's interface to the operating system: libc functions, by their C names.

Only functions with a fixed number of arguments are declared. On x86-64 a variadic call needs the number of vector
registers in al, and calls in the dialect do not set it. `syscall` is declared variadic in C, but it is written in
assembly and does not read al.
"""

import platform

from morestack.dialect.machine import NoReturn, Ptr, i32, i64, local, native, nosplit, struct, u32, u64

PROT_NONE = i32(0)
PROT_READ_WRITE = i32(3)
MAP_PRIVATE_ANON_NORESERVE = i32(0x4022)
MADV_HUGEPAGE = i32(14)
MADV_DONTNEED = i32(4)
MADV_NOHUGEPAGE = i32(15)
MADV_POPULATE_WRITE = i32(23)
MAP_STACK = i32(0x20000)
SYS_FUTEX = i64(98 if platform.machine() == "aarch64" else 202)
FUTEX_WAIT_PRIVATE = u32(128)
FUTEX_WAKE_PRIVATE = u32(129)
CLOCK_REALTIME = i32(0)
CLOCK_MONOTONIC = i32(1)
CLOCK_REALTIME = i32(0)
MAP_FAILED = u64(0xFFFF_FFFF_FFFF_FFFF)


@struct
class Timespec:
    """The structure that clock_gettime fills."""

    sec: i64
    nsec: i64


@native("mmap")
def mmap(addr: u64, length: u64, prot: i32, flags: i32, fd: i32, offset: i64) -> u64: ...


@native("munmap")
def munmap(addr: u64, length: u64) -> i32: ...


@native("mprotect")
def mprotect(addr: u64, length: u64, prot: i32) -> i32: ...


@native("madvise")
def madvise(addr: u64, length: u64, advice: i32) -> i32: ...


@native("write")
def write(fd: i32, data: u64, length: u64) -> i64: ...


@native("clock_gettime")
def clock_gettime(clock: i32, out: Ptr[Timespec]) -> i32: ...


@native("strerror")
def strerror(error: i32) -> u64: ...


@native("strsignal")
def strsignal(signal: i32) -> u64: ...


@native("strlen")
def strlen(s: u64) -> u64: ...


@native("sched_yield")
def sched_yield() -> i32: ...


@native("pthread_self")
def pthread_self() -> u64: ...


@native("raise")
def raise_signal(signal: i32) -> i32: ...


@native("getcwd")
def getcwd(out: u64, size: u64) -> u64: ...


@native("sched_getaffinity")
def sched_getaffinity(pid: i32, size: u64, mask: u64) -> i32: ...


@native("_exit")
def exit_process(code: i32) -> NoReturn: ...


@native("__errno_location")
def errno_location() -> Ptr[i32]: ...


@native("usleep")
def usleep(us: u32) -> i32: ...


@native("pthread_attr_init")
def pthread_attr_init(attr: u64) -> i32: ...


@native("pthread_attr_setstacksize")
def pthread_attr_setstacksize(attr: u64, size: u64) -> i32: ...


@native("pthread_attr_destroy")
def pthread_attr_destroy(attr: u64) -> i32: ...


@native("pthread_getattr_np")
def pthread_getattr_np(thread: u64, attr: u64) -> i32: ...


@native("pthread_attr_getstack")
def pthread_attr_getstack(attr: u64, lowest: Ptr[u64], size: Ptr[u64]) -> i32: ...


@native("pthread_create")
def pthread_create(thread: Ptr[u64], attr: u64, start: u64, arg: u64) -> i32: ...


@native("pthread_join")
def pthread_join(thread: u64, result: u64) -> i32: ...


@native("syscall")
def syscall6(number: i64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64: ...


EINTR = i32(4)
SIGTRAP = i32(5)
EAGAIN = i32(11)


@nosplit(why="called on slow paths that hold locks; uses no memory but its own")
def nanotime() -> i64:
    """Nanoseconds of the monotonic clock."""
    now = local(Timespec)
    clock_gettime(CLOCK_MONOTONIC, now)
    return i64(now.at.sec * 1000000000 + now.at.nsec)


def walltime() -> i64:
    """Nanoseconds since 1970."""
    now = local(Timespec)
    clock_gettime(CLOCK_REALTIME, now)
    return i64(now.at.sec * 1000000000 + now.at.nsec)


def futex(word: Ptr[u32], operation: u32, value: u32, ns: i64) -> i64:
    """Wait while *word is value, at most ns nanoseconds unless that is negative; or wake up to `value` threads."""
    timeout = local(Timespec)
    if ns < 0:
        return syscall6(SYS_FUTEX, word.addr, u64(operation), u64(value), u64(0), u64(0), u64(0))
    timeout.at.sec = i64(ns // 1000000000)
    timeout.at.nsec = i64(ns % 1000000000)
    return syscall6(SYS_FUTEX, word.addr, u64(operation), u64(value), timeout.addr, u64(0), u64(0))


def sys_reserve(length: u64) -> u64:
    """Reserve zeroed memory whose pages are committed when touched. Returns 0 if there is none."""
    p = mmap(u64(0), length, PROT_READ_WRITE, MAP_PRIVATE_ANON_NORESERVE, i32(-1), i64(0))
    if p == MAP_FAILED:
        return u64(0)
    return p
