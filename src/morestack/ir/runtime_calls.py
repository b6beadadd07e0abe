"""The runtime functions that compiled code calls: the contract between builder, interpreter, codegen and runtime.

Each is a C function `runtime.<name>` that runs on the thread's own stack. Its C parameters are `g` and then the
operands, flattened to scalars (a string is two parameters). A result of one scalar is returned; a larger result is
written through a pointer passed right after `g`. No runtime call moves a goroutine stack.

- PANIC: on failure the call fills `g.pending` and returns any value; the caller tests `g.pending` and panics.
- PARK: the call returns an i64: PARKED if the goroutine was parked, else the result for the continuation.
  `g.sched` holds pc, sp and bp before the call.
- NORETURN: the call stores its data in `g` and returns; the caller jumps to `schedule`.
Pointer operands named `typ` are type descriptors. Memory returned is zeroed.
"""

from enum import Enum
from typing import NamedTuple

from morestack.ir.ops import Effect
from morestack.ir.types import BOOL, COMPLEX128, F64, I32, I64, IFACE, PTR, SLICE, STRING, IRType


class Lowering(Enum):
    """How codegen implements a runtime call."""

    CALL = "a call through the function's cell"
    MEMORY = "LLVM's intrinsic for moving or clearing memory"
    ATOMIC = "an atomic instruction"
    NOTHING = "no code: being an operand is all"


class AtomicOp(Enum):
    """The operation of an atomic instruction."""

    LOAD = "load"
    STORE = "store"
    SWAP = "swap"
    CAS = "cas"
    ADD = "add"
    AND = "and"
    OR = "or"


class RuntimeCall(NamedTuple):
    """The signature and effects of a runtime call; the parameters exclude the implicit `g`. The table adds the name,
    and the other fields have defaults."""

    params: tuple[IRType, ...]
    result: IRType | None
    effect: int
    doc: str
    name: str = ""
    lowering: Lowering = Lowering.CALL
    atomic: AtomicOp | None = None
    width: IRType = PTR  # of an atomic operation
    allocates: bool = False  # allocates on the heap
    never_nil: bool = False  # the pointer it returns
    wants_site: bool = False  # compiled code stores the call site in m
    wants_frame: bool = False  # compiled code stores pc, sp and bp in g.sched
    in_leaves: bool = True  # leaf functions may call it


_N, _P = Effect.NONE, Effect.PANIC
_S, _X = Effect.PARK | Effect.PANIC, Effect.NORETURN | Effect.PANIC


_f = RuntimeCall


RUNTIME_CALLS: dict[str, RuntimeCall] = {
    # allocation
    "newobject": _f((PTR,), PTR, _N, "newobject(typ): a zeroed object of the type", allocates=True, never_nil=True),
    "makeslice": _f((PTR, I64, I64), PTR, _P, "makeslice(elem typ, len, cap): its array", allocates=True),
    "growslice": _f(
        (PTR, I64, I64, I64, PTR),
        SLICE,
        _P,
        "growslice(old array, new len, old cap, added, elem typ): slice of len new len",
        allocates=True,
    ),
    "makechan": _f((PTR, I64), PTR, _P, "makechan(chan typ, size)", allocates=True, never_nil=True),
    # memory
    "memmove": _f((PTR, PTR, I64), None, _N, "memmove(to, from, bytes); may overlap", lowering=Lowering.MEMORY),
    "memclr": _f((PTR, I64), None, _N, "memclr(p, bytes)", lowering=Lowering.MEMORY),
    "unsafeslice": _f((PTR, PTR, I64), None, _P, "unsafeslice(elem typ, p, len): unsafe.Slice's checks"),
    "unsafestring": _f((PTR, I64), None, _P, "unsafestring(p, len): unsafe.String's checks"),
    # strings
    "concatstrings": _f((PTR, I64), STRING, _P, "concatstrings(address of n strings, n)", allocates=True),
    "cmpstring": _f((STRING, STRING), I64, _N, "three-way comparison: -1, 0 or 1 (two's complement)"),
    "memequal": _f((PTR, PTR, I64), BOOL, _N, "memequal(p, q, bytes)"),
    "intstring": _f((I64,), STRING, _N, "string(rune)", allocates=True),
    "slicebytetostring": _f((SLICE,), STRING, _N, "string([]byte)", allocates=True),
    "stringtoslicebyte": _f((STRING,), SLICE, _N, "[]byte(string)", allocates=True),
    "slicerunetostring": _f((SLICE,), STRING, _N, "string([]rune)", allocates=True),
    "stringtoslicerune": _f((STRING,), SLICE, _N, "[]rune(string)", allocates=True),
    "decoderune": _f((STRING, I64), I64, _N, "decoderune(s, k): rune << 32 | position after it"),
    # interfaces; word 0 of an empty interface is a type, of any other an itab
    "efaceeq": _f((PTR, PTR, PTR), BOOL, _P, "efaceeq(typ, data, data): both have that type; uncomparable panics"),
    "typeequal": _f((PTR, PTR, PTR), BOOL, _P, "typeequal(typ, p, q): compares memory at p and q as the type"),
    "getitab": _f((PTR, PTR), PTR, _N, "getitab(interface typ, typ): the itab, or nil when typ does not implement it"),
    "panicdottype": _f((PTR, PTR, PTR), None, _X, "panicdottype(have typ or nil, want typ, interface typ)"),
    "panicassert": _f((PTR, PTR), None, _X, "panicassert(have typ or nil, want interface typ): assertE2I failed"),
    # channels; elem is the address of the value
    "chansend": _f((PTR, PTR), None, _S, "chansend(chan, elem)"),
    "chanrecv": _f((PTR, PTR), I64, _S, "chanrecv(chan, elem or nil): 1 when received, 0 when closed"),
    "closechan": _f((PTR,), None, _P, "close(chan)"),
    "chanlen": _f((PTR,), I64, _N, "len(chan)"),
    "chancap": _f((PTR,), I64, _N, "cap(chan)"),
    "selectnbsend": _f((PTR, PTR), BOOL, _P, "select with one send and default: whether it was sent"),
    "selectnbrecv": _f((PTR, PTR), I64, _P, "selectnbrecv(elem, chan): selected | received << 1"),
    "selectgo": _f(
        (PTR, I64, I64, BOOL),
        I64,
        _S,
        "selectgo(address of {chan, elem} cases, sends first; sends, receives, block): "
        "index << 1 | received; -1 index: default",
    ),
    "block": _f((), None, Effect.PARK | Effect.NORETURN, "select {}", in_leaves=False),
    # goroutines and panics
    "newproc": _f((PTR,), None, _P, "go closure()", allocates=True, wants_site=True),
    "gopanic": _f((IFACE,), None, _X, "panic(v)"),
    "gorecover": _f((), IFACE, _N, "recover()", wants_frame=True, in_leaves=False),
    "gosched": _f((), None, Effect.PARK, "runtime.Gosched: let others run"),
    "goexit": _f((), None, _X, "runtime.Goexit: run what is deferred, end the goroutine", in_leaves=False),
    "panicnil": _f((), None, _X, "nil dereference"),
    "panicshift": _f((), None, _X, "negative shift amount"),
    "panicwrap": _f((STRING,), None, _X, "a method of a value called by a nil pointer: the text"),
    "deferprocat": _f(
        (PTR, PTR), None, _N, "deferprocat(closure, marker): defer for the frame that deferred marker, shared"
    ),
    "panicrangestate": _f(
        (I64,), None, _X, "a range function called its loop body in this state (internal/abi's RF_)", in_leaves=False
    ),
    "exit": _f((I64,), None, _X, "the program ends with this code", in_leaves=False),
    "gcnow": _f((), None, Effect.PARK, "runtime.GC: collect"),
    "preempt": _f((), None, Effect.PARK, "a loop's safe point, when its guard is poisoned; see the op loopcheck"),
    "keepalive": _f((PTR,), None, _N, "what it points to lives up to here; no call at all", lowering=Lowering.NOTHING),
    # facts about the program, for package runtime
    "callers": _f((I64, PTR, I64), I64, Effect.PARK, "callers(skip, pcs, room): store the pcs of the frames; how many"),
    "tracestack": _f((SLICE, BOOL), I64, Effect.PARK, "runtime.Stack: tracebacks as text; how many bytes"),
    "funcofpc": _f((I64,), PTR, _N, "the function record of a pc that callers gave, or nil"),
    "lineofpc": _f((I64,), I64, _N, "its line, or 0"),
    "funcname": _f((PTR,), STRING, _N, "the name in a function record"),
    "funcfile": _f((PTR,), STRING, _N, "the file in a function record"),
    "workdir": _f((), STRING, _N, "the folder the program was started in"),
    "breakpoint": _f((), None, _N, "runtime.Breakpoint: SIGTRAP"),
    "gomaxprocs": _f((I64,), I64, Effect.PARK, "runtime.GOMAXPROCS"),
    "lockosthread": _f((), None, _N, "runtime.LockOSThread"),
    "unlockosthread": _f((), None, _N, "runtime.UnlockOSThread"),
    "lockinit": _f((), None, _N, "packages are initialized from now on: the goroutine is locked to its thread"),
    "unlockinit": _f((), None, _N, "packages have been initialized"),
    "gcount": _f((), I64, _N, "goroutines there are"),
    "memstats": _f((PTR,), None, Effect.PARK, "runtime.ReadMemStats(MemStats)"),
    "setfinalizer": _f((IFACE, IFACE), I64, Effect.PARK, "runtime.SetFinalizer: 1 when runFinalizers is to be started"),
    "addcleanup": _f((PTR, PTR, PTR, PTR), I64, _N, "addcleanup(p, closure, arg or nil, call): a number, or why not"),
    "stopcleanup": _f((I64, I64), None, _N, "stopcleanup(p, number)"),
    "startfinalizers": _f((), BOOL, _N, "whether the caller is to start runFinalizers"),
    "takefinalizer": _f((PTR,), BOOL, _N, "takefinalizer(finalization): the oldest that is queued, if any"),
    "waitfinalizer": _f((), None, Effect.PARK, "sleep until a collection has queued finalizers"),
    "ncpu": _f((), I64, _N, "processors this process may run on"),
    "setmemorylimit": _f((I64,), I64, _N, "debug.SetMemoryLimit; what was set before"),
    "setgcpercent": _f((I64,), I64, _N, "debug.SetGCPercent; what was set before"),
    "setmaxthreads": _f((I64,), I64, _N, "debug.SetMaxThreads; what was set before"),
    "raisetraceback": _f((I64,), None, _N, "debug.SetTraceback, parsed (traceback.py)"),
    "setmaxstacksize": _f((I64,), I64, _N, "debug.SetMaxStack; what was set before"),
    # time; a timer is a runtimeTimer of golib/time
    "nanotime": _f((), I64, _N, "the monotonic clock in nanoseconds"),
    "walltime": _f((), I64, _N, "nanoseconds since the start of 1970"),
    "timesleep": _f((I64,), None, Effect.PARK, "time.Sleep: wait so many nanoseconds"),
    "resettimer": _f((PTR, I64, I64), BOOL, _N, "resettimer(timer, when, period): arm it; whether it was armed"),
    "stoptimer": _f((PTR,), BOOL, _N, "stoptimer(timer): disarm it; whether it was armed"),
    # system calls; the result is that of the kernel, or -1 - errno
    "syscall6": _f((I64,) * 7, I64, Effect.PARK, "a system call that may block: number, arguments"),
    "syscallblock": _f((I64,) * 7, I64, Effect.PARK, "a system call that is known to block"),
    "rawsyscall6": _f((I64,) * 7, I64, _N, "a system call that never blocks"),
    "errnotext": _f((I64,), STRING, _N, "what an error number means, or an empty string"),
    "signaltext": _f((I64,), STRING, _N, "what a signal means, or an empty string"),
    "getenv": _f((I64,), STRING, _N, "an entry of the environment by number, or an empty string"),
    # package sync: semaphores, the lists of Cond, and calls of mutexes
    "semacquire": _f((PTR,), None, Effect.PARK, "semacquire(counter): wait until it is not 0, take one off"),
    "semacquirewaitgroup": _f((PTR, BOOL), None, Effect.PARK, "semacquire for WaitGroup.Wait"),
    "semacquiremutex": _f((PTR, BOOL, I64), None, Effect.PARK, "semacquire for a Mutex; the flag: wait at the head"),
    "semacquirerwmutex": _f((PTR, BOOL, I64), None, Effect.PARK, "semacquire for RWMutex.Lock"),
    "semacquirerwmutexr": _f((PTR, BOOL, I64), None, Effect.PARK, "semacquire for RWMutex.RLock"),
    "semrelease": _f((PTR, BOOL, I64), None, Effect.PARK, "semrelease(counter, handoff): add one, or wake a waiter"),
    "notifylistadd": _f((PTR,), I32, _N, "notifylistadd(list): a ticket"),
    "notifylistwait": _f((PTR, I32), None, Effect.PARK, "notifylistwait(list, ticket): wait until it is called"),
    "notifylistnotifyall": _f((PTR,), None, _N, "notifylistnotifyall(list): wake all"),
    "notifylistnotifyone": _f((PTR,), None, _N, "notifylistnotifyone(list): wake the oldest"),
    "notifylistcheck": _f((I64,), None, _N, "notifylistcheck(size): it is what the runtime thinks"),
    "canspin": _f((I64,), BOOL, _N, "canspin(round): whether spinning for a mutex makes sense"),
    "dospin": _f((), None, _N, "spin for a moment"),
    "gofatal": _f((STRING,), None, _X, "gofatal(text): a fatal error with the goroutine's traceback", in_leaves=False),
    "procid": _f((), I64, _N, "the number of the processor this goroutine runs on, now"),
    "poolregister": _f((PTR,), None, _N, "poolregister(address of the lists of pools): to clear when collecting"),
    "random": _f((), I64, _N, "a random number"),
    "hashof": _f((PTR, PTR, I64), I64, _P, "hashof(typ, p, seed): hash of the value at p"),
    # maps; key and value are addresses
    "makemap": _f((PTR, I64), PTR, _P, "makemap(map typ, hint)", allocates=True, never_nil=True),
    "mapaccess": _f((PTR, PTR, PTR), PTR, _P, "mapaccess(map typ, map, key): address of the value, or nil"),
    "mapassign": _f(
        (PTR, PTR, PTR), PTR, _P, "mapassign(map typ, map, key): address of the value, made if absent", allocates=True
    ),
    "mapdelete": _f((PTR, PTR, PTR), None, _P, "mapdelete(map typ, map, key)"),
    "mapclear": _f((PTR, PTR), None, _P, "mapclear(map typ, map)"),
    "maplen": _f((PTR,), I64, _N, "len(map)"),
    "mapiterinit": _f((PTR, PTR, PTR), None, _P, "mapiterinit(map typ, map, 12-word iterator in the frame)"),
    "mapiternext": _f(
        (PTR,), None, _P, "mapiternext(iterator): words 0 and 1 are key and value addresses; nil key: done"
    ),
    # print and println
    "printlock": _f((), None, _N, "start of one print"),
    "printunlock": _f((), None, _N, "end of one print"),
    "printbool": _f((BOOL,), None, _N, ""),
    "printint": _f((I64,), None, _N, "signed"),
    "printuint": _f((I64,), None, _N, ""),
    "printhex": _f((I64,), None, _N, "0x..., lower case"),
    "printfloat": _f((F64,), None, _N, "shortest digits that read back as the same float64"),
    "printfloat32": _f((F64,), None, _N, "a float32, widened: shortest digits that read back as the same float32"),
    "printcomplex": _f((COMPLEX128,), None, _N, ""),
    "printcomplex64": _f((COMPLEX128,), None, _N, "a complex64, widened"),
    "printstring": _f((STRING,), None, _N, ""),
    "printpointer": _f((PTR,), None, _N, "as printhex"),
    "printslice": _f((SLICE,), None, _N, "[len/cap]0x..."),
    "printiface": _f((IFACE,), None, _N, "(0x...,0x...)"),
    "printsp": _f((), None, _N, "a space"),
    "printnl": _f((), None, _N, "a newline"),
    # arithmetic without a short machine-code form
    "complexdiv": _f((COMPLEX128, COMPLEX128), COMPLEX128, _N, "division as Go defines it"),
}


def _atomics() -> dict[str, RuntimeCall]:
    """Return the atomic loads, stores and updates, all sequentially consistent: atomic<what><width>(address, ...)."""
    found: dict[str, RuntimeCall] = {}
    for width, t in (("32", I32), ("64", I64), ("ptr", PTR)):
        for what, params, result, doc in (
            (AtomicOp.LOAD, (PTR,), t, "what is there"),
            (AtomicOp.STORE, (PTR, t), None, ""),
            (AtomicOp.SWAP, (PTR, t), t, "the old value"),
            (AtomicOp.CAS, (PTR, t, t), BOOL, "atomiccas(address, old, new): whether old was there"),
            (AtomicOp.ADD, (PTR, t), t, "the new value"),
            (AtomicOp.AND, (PTR, t), t, "the old value"),
            (AtomicOp.OR, (PTR, t), t, "the old value"),
        ):
            if t is not PTR or what not in (AtomicOp.ADD, AtomicOp.AND, AtomicOp.OR):
                name = f"atomic{what.value}{width}"
                found[name] = _f(params, result, _N, doc, name, Lowering.ATOMIC, what, t)
    return found


RUNTIME_CALLS |= _atomics()
RUNTIME_CALLS.update({name: call._replace(name=name) for name, call in RUNTIME_CALLS.items()})

LINKNAMES = {
    "sync.runtime_Semacquire": "semacquire",
    "sync.runtime_SemacquireWaitGroup": "semacquirewaitgroup",
    "sync.runtime_SemacquireRWMutex": "semacquirerwmutex",
    "sync.runtime_SemacquireRWMutexR": "semacquirerwmutexr",
    "sync.runtime_Semrelease": "semrelease",
    "sync.runtime_notifyListAdd": "notifylistadd",
    "sync.runtime_notifyListWait": "notifylistwait",
    "sync.runtime_notifyListNotifyAll": "notifylistnotifyall",
    "sync.runtime_notifyListNotifyOne": "notifylistnotifyone",
    "sync.runtime_notifyListCheck": "notifylistcheck",
    "sync.throw": "gofatal",
    "sync.fatal": "gofatal",
    "internal/sync.runtime_SemacquireMutex": "semacquiremutex",
    "internal/sync.runtime_Semrelease": "semrelease",
    "internal/sync.runtime_canSpin": "canspin",
    "internal/sync.runtime_doSpin": "dospin",
    "internal/sync.runtime_nanotime": "nanotime",
    "internal/sync.throw": "gofatal",
    "internal/sync.fatal": "gofatal",
    "runtime.rand": "random",
}
"""The symbols that Go's own packages expect the runtime to define, and the runtime calls that implement them."""
