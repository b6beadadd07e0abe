"""The structures a goroutine, a thread and a processor are made of.

`G` is a goroutine, `M` an OS thread that runs goroutines, `P` the right to run Go code, with everything that is kept
per processor (run queue, stack cache, free goroutines, sudogs). docs/scheduler.md explains how they work together.

A goroutine's memory, addresses growing upwards:

        stack_hi   +---------------------------+
                   | return pc rt.goexit, BP 0 |  made by newproc
                   | frames ...                |
        sched.sp   | frame that is stopped     |
        sp-16      | linkage for a callee      |
                   |                           |
        stackguard0|- - - - - - - - - - - - - -|  stack_lo + STACK_GUARD
        stack_lo   +---------------------------+

Invariants
- Compiled code also uses the fields of the Fixed... classes (abi/structures.py).
- `sched` is valid whenever g is not running, and `sched.sp - 16` is the lowest word in use.
- While status is WAITING on a channel or semaphore, `waiting` lists the sudogs; their `elem` may point into the
  goroutine's own stack and is adjusted when that moves. The object at `c` stays alive.
- sp and bp of a goroutine always lie in [stack_lo, stack_hi]; outside the goroutine, only its own sudogs, defer and
  panic records point into its stack. `defers` lists the deferred calls, newest first; a record whose address lies in
  the stack is part of a frame. `extra.panics` lists the active panics, newest first.

The order of locks is in lock.py.
"""

from morestack.abi.structures import FixedDefer, FixedG, FixedGobuf, FixedM, Registers
from morestack.dialect.machine import Array, Literal, Ptr, boolean, i64, struct, u32, u64

NUM_STACK_ORDERS = u64(4)
STACK_CACHE_SIZE = u64(32768)

# Status of a goroutine; the Go runtime's numbers.
G_IDLE = u32(0)
G_RUNNABLE = u32(1)
G_RUNNING = u32(2)
G_SYSCALL = u32(3)
G_WAITING = u32(4)
G_DEAD = u32(6)
G_COPYSTACK = u32(8)

# Status of a processor; the Go runtime's numbers.
P_IDLE = u32(0)
P_RUNNING = u32(1)
P_SYSCALL = u32(2)
P_GCSTOP = u32(3)
P_DEAD = u32(4)

# Why a goroutine waits; printed by traceback.
WAIT_NONE = u32(0)
WAIT_RECEIVE = u32(1)
WAIT_SEND = u32(2)
WAIT_RECEIVE_NIL = u32(3)
WAIT_SEND_NIL = u32(4)
WAIT_SELECT = u32(5)
WAIT_SELECT_NONE = u32(6)
WAIT_SLEEP = u32(7)
WAIT_FINALIZER = u32(8)
WAIT_SEMACQUIRE = u32(9)
WAIT_WAITGROUP = u32(10)
WAIT_MUTEX = u32(11)
WAIT_RWMUTEX = u32(12)
WAIT_RWMUTEX_READ = u32(13)
WAIT_COND = u32(14)

PARKED = i64(-1)

RUNQ_SIZE = u64(256)


@struct
class Gobuf(FixedGobuf):
    """The position at which a stopped goroutine continues."""


@struct
class G(FixedG):
    """A goroutine. Only the runtime knows the fields after the fixed part."""

    schedlink: Ptr["G"]
    extra: Ptr["Extra"]
    waiting: Ptr["Sudog"]
    status: u32
    waitreason: u32
    select_done: u32  # of a waiting select: 1 once a channel has won the right to wake it
    waitsince: u32  # the second at which a collection first saw it waiting; 0: none has
    goid: u64
    parentgoid: u64
    gopc: u64


@struct
class Extra:
    """Fields that only some goroutines need (extra.py). `g.extra` is nil until one of them is needed."""

    spill: Ptr["Spill"]  # its argument registers, if it is stopped in a prologue
    panics: Ptr["Panic"]
    sigpc: u64
    lockedm: Ptr["M"]  # the thread that runs g and nothing else (lockosthread.py)
    lockcount: u64
    world_fn: u64  # a function to call with the world stopped before g continues (stw.py)
    world_arg: u64
    stktop: Ptr["Stktop"]  # segmented: the record of the segment it runs on, nil for the oldest
    kept: u64  # segmented-keep: the segment it left last
    kept_size: u64
    kept_used: u32
    bottom: u64  # reserve: the lowest address of its reservation


@struct
class Stktop:
    """A record at the top of each segment except the oldest: the position of its first frame's caller
    (docs/disciplines.md)."""

    link: Ptr["Stktop"]  # the older segment's record, nil if that is the oldest
    pc: u64  # the address the first frame returns to, through rt.lessstack
    sp: u64  # the caller's SP, on the older segment
    bp: u64
    lo: u64  # bounds of the older segment
    hi: u64
    older: u64  # bytes of all older segments
    args: u64  # bytes of stack arguments, copied to just below this record
    area: u64  # bytes of stack arguments and results
    crossing: u64  # the counters of the call that made the segment


@struct
class Spill(Registers):
    """The registers of a goroutine that is stopped in a prologue and will continue at `more_pc`. m begins with the same
    fields."""

    link: Ptr["Spill"]


@struct
class Sudog:
    """A goroutine in the wait queue of a channel, with the address its value is read from or written to. Or it is in
    the queue of a semaphore or notification list, whose address is `c` (sema.py).

    A goroutine in a select has several, linked by `waitlink`.
    """

    g: Ptr["G"]
    next: Ptr["Sudog"]
    prev: Ptr["Sudog"]
    elem: u64
    waitlink: Ptr["Sudog"]
    c: u64
    case_index: u32
    is_select: boolean
    is_send: boolean


@struct
class Defer(FixedDefer):
    """A deferred call. Compiled code writes these records too."""


@struct
class Panic:
    """An active panic, or a Goexit: what was pending, where it occurred, and the state of the unwinding.

    `typ`, `data` are the interface value that recover returns. For a run-time error they are set only when requested.
    """

    link: Ptr["Panic"]
    kind: u64
    a: u64
    b: u64
    type_: u64
    typ: u64
    data: u64
    sp: u64  # of the frame that panicked
    frame: u64  # SP of the frame whose deferred call runs
    retpc: u64  # the exit continuation of that frame
    text: u64  # what the value's Error or String method returned, if has_text
    text_len: u64
    printing: Ptr["Panic"]  # the panic whose method is being called for its text
    has_text: boolean
    goexit: boolean
    recovered: boolean
    repanicked: boolean
    leaf_count: u64
    leaf_sites: Array[u64, Literal[32]]


@struct
class StackFreeList:
    """Free stacks of one order: a list linked through their first word, and its size in bytes."""

    list: u64
    size: u64


@struct
class RecordPool:
    """Free records of one kind, linked through their first word (records.py)."""

    list: u64
    count: u64


@struct
class AllocRun:
    """Consecutive free, zeroed objects of one size and layout: [next, end) of `span`. `size` 0: never used."""

    next: u64
    end: u64
    size: u64
    span: u64


@struct
class TypeSlot:
    """Caches which run the objects of a type (and size class) come from. key 0: empty."""

    key: u64
    run: u64


@struct
class PStats:
    """Counters of a processor. Only its thread changes them, so they need no atomics. Readers sum over all
    processors."""

    goroutines: u64
    goroutines_ended: u64
    goroutines_reused: u64
    switches: u64
    migrations: u64  # switches to a goroutine that previously ran on another thread
    parks: u64
    yields: u64
    preemptions: u64
    steals: u64
    stolen: u64
    wakeups: u64
    syscalls: u64
    handoffs: u64


@struct
class StackStats:
    """A processor's counters of stacks, used like PStats. Arrays by size are indexed by log2(size)."""

    inuse: i64  # bytes allocated, minus bytes freed, which another processor may have allocated
    inuse_max: i64
    by_source: Array[u64, Literal[4]]
    by_size: Array[u64, Literal[40]]


@struct
class P:
    """A processor: what a thread needs to run Go code without taking a lock."""

    id: u64
    m: Ptr["M"]
    # The run queue (runq.py). Thieves move the head and take runnext; only the owner changes the rest.
    runqhead: u64
    runqtail: u64
    runnext: Ptr["G"]
    runnext_streak: u64
    schedtick: u64
    status: u32
    preempt: u32  # the time slice is used up
    link: Ptr["P"]  # in the list of idle processors, or of those to start
    goidcache: u64
    goidcache_end: u64
    runq: Array[u64, Literal[256]]
    gfree: Ptr["G"]
    gfree_n: u64
    stats: PStats
    stacks: StackStats
    monitor_tick: u64  # what sysmon saw last: schedtick, and since when
    monitor_when: i64
    syscalltick: u32  # counts system calls, so that sysmon can tell whether it sees the same one again
    monitor_syscalltick: u32
    sudogpool: RecordPool
    deferpool: RecordPool
    panicpool: RecordPool
    spillpool: RecordPool
    stackcache: Array[StackFreeList, Literal[4]]
    # The allocator's cache (mcache.py): a run for each kind of object, and the block that tiny objects share.
    runs: Array[AllocRun, Literal[512]]
    types: Array[TypeSlot, Literal[512]]
    tiny: u64
    tinyoffset: u64
    tinyallocs: u64
    mallocs: Array[u64, Literal[68]]  # objects in runs so far, by size class; 0: large ones
    # Figures of the last copystack.
    copied_bytes: u64
    copied_frames: u64
    copied_pointers: u64


@struct
class M(FixedM):
    """An OS thread. g0 represents it while it runs no goroutine. Only the runtime knows the fields after the fixed
    part."""

    id: u64
    g0: Ptr["G"]
    curg: Ptr["G"]
    p: Ptr["P"]
    waitlock: Ptr[u32]  # held by the goroutine that is about to park (park.py)
    rand: u64  # state of this thread's random numbers (rand.py); 0: not seeded
    sysargs: Array[u64, Literal[6]]  # arguments of the current system call: what they point to stays alive
    waitselect: Ptr["Sudog"]  # sudogs of the select that is about to park; their channels are locked
    nextp: Ptr["P"]  # the processor given by the thread that wakes it
    oldp: Ptr["P"]  # the processor it had before its system call
    park: u32  # the note it sleeps on when it has nothing to do
    spinning: u32  # looks for work; counted in sched.nmspinning
    lockedg: Ptr["G"]
    schedlink: Ptr["M"]
    alllink: Ptr["M"]
    thread: u64  # pthread_t
    done: u32  # the thread no longer uses the runtime's memory
