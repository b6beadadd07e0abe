"""The runtime functions compiled code calls: the contract between builder, interpreter, codegen and runtime.

Each is a C function `runtime.<name>` on the thread's own stack. Its C parameters are `g`, then the operands
flattened to scalars (a string is two parameters); a result of one scalar is returned, a larger result
is written through a pointer that comes right after `g`. None moves a goroutine stack.

- PANIC: on failure it fills `g.pending` and returns anything; the caller tests `g.pending` and panics.
- PARK: returns i64: PARKED when the goroutine was parked, else the result for the continuation.
  `g.sched` holds pc, sp and bp before the call.
- NORETURN: fills what it needs in `g` and returns; the caller jumps to `schedule`.
Pointer operands named `typ` are type descriptors. Memory returned is zeroed.
"""

from typing import NamedTuple

from morestack.ir.ops import Effect
from morestack.ir.types import BOOL, COMPLEX128, F64, I64, IFACE, PTR, SLICE, STRING, IRType

PARKED = 0xFFFF_FFFF_FFFF_FFFF


class RuntimeCall(NamedTuple):
    """Signature and effect; parameters without the implicit `g`."""

    params: tuple[IRType, ...]
    result: IRType | None
    effect: Effect
    doc: str


_N, _P = Effect.NONE, Effect.PANIC
_S, _X = Effect.PARK | Effect.PANIC, Effect.NORETURN | Effect.PANIC


def _f(params: tuple[IRType, ...], result: IRType | None, effect: Effect, doc: str) -> RuntimeCall:
    return RuntimeCall(params, result, effect, doc)


RUNTIME_CALLS: dict[str, RuntimeCall] = {
    # allocation
    "newobject": _f((PTR,), PTR, _N, "newobject(typ): a zeroed object of the type"),
    "makeslice": _f((PTR, I64, I64), PTR, _P, "makeslice(elem typ, len, cap): its array"),
    "growslice": _f(
        (PTR, I64, I64, I64, PTR),
        SLICE,
        _P,
        "growslice(old array, new len, old cap, added, elem typ): slice of len new len",
    ),
    "makechan": _f((PTR, I64), PTR, _P, "makechan(chan typ, size)"),
    # memory
    "memmove": _f((PTR, PTR, I64), None, _N, "memmove(to, from, bytes); may overlap"),
    "memclr": _f((PTR, I64), None, _N, "memclr(p, bytes)"),
    "unsafeslice": _f((PTR, PTR, I64), None, _P, "unsafeslice(elem typ, p, len): unsafe.Slice's checks"),
    "unsafestring": _f((PTR, I64), None, _P, "unsafestring(p, len): unsafe.String's checks"),
    # strings
    "concatstrings": _f((PTR, I64), STRING, _P, "concatstrings(address of n strings, n)"),
    "cmpstring": _f((STRING, STRING), I64, _N, "three-way comparison: -1, 0 or 1 (two's complement)"),
    "memequal": _f((PTR, PTR, I64), BOOL, _N, "memequal(p, q, bytes)"),
    "intstring": _f((I64,), STRING, _N, "string(rune)"),
    "slicebytetostring": _f((SLICE,), STRING, _N, "string([]byte)"),
    "stringtoslicebyte": _f((STRING,), SLICE, _N, "[]byte(string)"),
    "slicerunetostring": _f((SLICE,), STRING, _N, "string([]rune)"),
    "stringtoslicerune": _f((STRING,), SLICE, _N, "[]rune(string)"),
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
    "block": _f((), None, Effect.PARK | Effect.NORETURN, "select {}"),
    # goroutines and panics
    "newproc": _f((PTR,), None, _P, "go closure()"),
    "gopanic": _f((IFACE,), None, _X, "panic(v)"),
    "gorecover": _f((), IFACE, _N, "recover()"),
    "gosched": _f((), None, Effect.PARK, "runtime.Gosched: let others run"),
    "goexit": _f((), None, _X, "runtime.Goexit: run what is deferred, end the goroutine"),
    "panicnil": _f((), None, _X, "nil dereference"),
    "panicshift": _f((), None, _X, "negative shift amount"),
    "deferprocat": _f(
        (PTR, PTR), None, _N, "deferprocat(closure, marker): defer for the frame that deferred marker, shared"
    ),
    "panicrangestate": _f((I64,), None, _X, "a range function called its loop body in this state (internal/abi's RF_)"),
    "exit": _f((I64,), None, _X, "the program ends with this code"),
    "gcnow": _f((), None, Effect.PARK, "runtime.GC: collect"),
    "preempt": _f((), None, Effect.PARK, "a loop's safe point, when its guard is poisoned; inserted by codegen"),
    "keepalive": _f((PTR,), None, _N, "what it points to lives up to here; no call at all"),
    "unpreempted": _f((), BOOL, _N, "whether the guard is not poisoned; inserted and emitted by codegen"),
    # what package runtime tells about the program
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
    "gcount": _f((), I64, _N, "goroutines there are"),
    "memstats": _f((PTR,), None, Effect.PARK, "runtime.ReadMemStats(MemStats)"),
    "setfinalizer": _f((IFACE, IFACE), I64, Effect.PARK, "runtime.SetFinalizer: 1 when runfinq is to be started"),
    "addcleanup": _f((PTR, PTR, PTR, PTR), I64, _N, "addcleanup(p, closure, arg or nil, call): a number, or why not"),
    "stopcleanup": _f((I64, I64), None, _N, "stopcleanup(p, number)"),
    "startfinalizers": _f((), BOOL, _N, "whether the caller is to start runfinq"),
    "takefinalizer": _f((PTR,), BOOL, _N, "takefinalizer(finalization): the oldest that is queued, if any"),
    "waitfinalizer": _f((), None, Effect.PARK, "sleep until a collection has queued finalizers"),
    "ncpu": _f((), I64, _N, "processors this process may run on"),
    "setmemorylimit": _f((I64,), I64, _N, "debug.SetMemoryLimit; what was set before"),
    "setgcpercent": _f((I64,), I64, _N, "debug.SetGCPercent; what was set before"),
    "setmaxstacksize": _f((I64,), I64, _N, "debug.SetMaxStack; what was set before"),
    # time; a timer is a runtimeTimer of golib/time
    "nanotime": _f((), I64, _N, "the monotonic clock in nanoseconds"),
    "walltime": _f((), I64, _N, "nanoseconds since the start of 1970"),
    "timesleep": _f((I64,), None, Effect.PARK, "time.Sleep: wait so many nanoseconds"),
    "resettimer": _f((PTR, I64, I64), BOOL, _N, "resettimer(timer, when, period): arm it; whether it was armed"),
    "stoptimer": _f((PTR,), BOOL, _N, "stoptimer(timer): disarm it; whether it was armed"),
    # system calls; the answer is the kernel's, or -1 - errno
    "syscall6": _f((I64,) * 7, I64, Effect.PARK, "a system call that may block: number, arguments"),
    "syscallblock": _f((I64,) * 7, I64, Effect.PARK, "a system call that is known to block"),
    "rawsyscall6": _f((I64,) * 7, I64, _N, "a system call that never blocks"),
    "errnotext": _f((I64,), STRING, _N, "what an error number means, or an empty string"),
    "signaltext": _f((I64,), STRING, _N, "what a signal means, or an empty string"),
    "getenv": _f((I64,), STRING, _N, "an entry of the environment by number, or an empty string"),
    # maps; key and value are addresses
    "makemap": _f((PTR, I64), PTR, _P, "makemap(map typ, hint)"),
    "mapaccess": _f((PTR, PTR, PTR), PTR, _P, "mapaccess(map typ, map, key): address of the value, or nil"),
    "mapassign": _f((PTR, PTR, PTR), PTR, _P, "mapassign(map typ, map, key): address of the value, made if absent"),
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
    # arithmetic that has no short machine form
    "complexdiv": _f((COMPLEX128, COMPLEX128), COMPLEX128, _N, "division as Go defines it"),
}
