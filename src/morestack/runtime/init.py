"""Start and stop: what the engine calls before the first goroutine runs and after the last one has run.

g0 = schedinit(pc of rt.goexit, processors)
setdiscipline(kind, segment size, pc of rt.lessstack)      setthreads(...) if each goroutine has a thread
setreturns(pc of rt.panicval, pc of rt.panicreturn)
seterrors(rt.errors)
addroots(table)                                            for each package
setgc(...)      settraceback(...)      setdebug(flags)     setschedule(g0, seed) under STRESS=schedule
sysmonstart(g0, ...)      setinitialstack(size)
newproc(g0, closure of runtime.main)
rt.mstart(g0)                                              on the thread that runs goroutines, until the program ends
code = exitcode(g0)
"""

from morestack.abi.settings import (
    STRESS_CHECK_ESCAPE,
    STRESS_GC,
    STRESS_LOCK_ORDER,
    STRESS_MOVESTACK,
    STRESS_POISON,
    STRESS_PROTECT,
    STRESS_SHRINK,
)
from morestack.dialect.machine import Ptr, export, i64, u32, u64
from morestack.runtime.fail.defer import defer_init
from morestack.runtime.gc.mfinal import finalizers_init
from morestack.runtime.gc.mgc import gc_init, gc_stress
from morestack.runtime.gc.mgcstack import roots_init
from morestack.runtime.gc.mgcsweep import poison_objects
from morestack.runtime.gc.mspecial import specials_init
from morestack.runtime.gc.pool import pools_init
from morestack.runtime.mem.malloc import malloc_init
from morestack.runtime.mem.mcache import gc_wanted
from morestack.runtime.mem.mcentral import mcentral_init
from morestack.runtime.mem.mheap import mheap_init
from morestack.runtime.mem.mkind import kinds_init, rare_only
from morestack.runtime.mem.sizeclasses import sizeclasses_init
from morestack.runtime.report.quit import quit_init
from morestack.runtime.report.symtab import symtab_init
from morestack.runtime.sched.hchan import sudogs_init
from morestack.runtime.sched.sched import schedinit_m, shrink_at_block
from morestack.runtime.stack.copystack import poison_old
from morestack.runtime.stack.crossing import crossing_init
from morestack.runtime.stack.discipline import discipline_init
from morestack.runtime.stack.newstack import maxstacksize
from morestack.runtime.stack.reserve import reserve_init
from morestack.runtime.stack.safepoint import safepoint_init
from morestack.runtime.stack.shrinkstack import move_stacks
from morestack.runtime.stack.stackalloc import poison_freed
from morestack.runtime.stack.stacklarge import stacklarge_init
from morestack.runtime.stack.stackpool import stackpool_init
from morestack.runtime.stack.stackprotect import protect_freed
from morestack.runtime.sync.sema import sema_init
from morestack.runtime.sync.time import time_init
from morestack.runtime.sys.allp import MAX_PROCS
from morestack.runtime.sys.event import EVENT_CAPACITY, event_init
from morestack.runtime.sys.fatal import exit_code, fatal_init
from morestack.runtime.sys.layout import G
from morestack.runtime.sys.lockrank import check_order, lockrank_init
from morestack.runtime.sys.print import print_init
from morestack.runtime.sys.stress import check_escapes_wanted, poison_guard
from morestack.runtime.value.iface import itab_init

MAX_STACK = u64(1000000000)


@export
def schedinit(goexit_pc: u64, procs: u64) -> Ptr[G]:
    """Initialize the runtime with `procs` processors. Returns g0. A second call starts over; no thread of the previous
    run may be left (endthreads)."""
    fatal_init()
    lockrank_init()
    mheap_init()
    stackpool_init()
    stacklarge_init()
    sizeclasses_init()
    kinds_init()
    mcentral_init()
    specials_init()
    finalizers_init()
    malloc_init()
    roots_init()
    gc_init()
    itab_init()
    symtab_init()
    print_init()
    defer_init()
    safepoint_init()
    quit_init()
    sudogs_init()
    sema_init()
    pools_init()
    discipline_init()
    crossing_init()
    reserve_init()
    event_init(EVENT_CAPACITY)
    time_init()
    maxstacksize.value = MAX_STACK
    return schedinit_m(goexit_pc, min(max(procs, u64(1)), MAX_PROCS))


@export
def setdebug(flags: u64) -> None:
    """Turn on stress modes: the bits STRESS_... (docs/environment.md)."""
    move_stacks.value = u32(1) if flags & STRESS_MOVESTACK != 0 else u32(0)
    poison_guard.value = u32(1) if flags & (STRESS_MOVESTACK | STRESS_GC) != 0 else u32(0)
    poison_old.value = u32(1) if flags & STRESS_POISON != 0 else u32(0)
    poison_freed.value = u32(1) if flags & (STRESS_POISON | STRESS_PROTECT) != 0 else u32(0)
    protect_freed.value = u32(1) if flags & STRESS_PROTECT != 0 else u32(0)
    check_order.value = u32(1) if flags & STRESS_LOCK_ORDER != 0 else u32(0)
    poison_objects.value = u64(flags & STRESS_POISON)
    shrink_at_block.value = u32(1) if flags & STRESS_SHRINK != 0 else u32(0)
    gc_stress.value = u32(1) if flags & STRESS_GC != 0 else u32(0)
    gc_wanted.value = u64(gc_stress.value)
    check_escapes_wanted.value = u32(1) if flags & STRESS_CHECK_ESCAPE != 0 else u32(0)
    rare_only.value = u64(flags & STRESS_CHECK_ESCAPE)


@export
def setmaxstack(size: u64) -> u64:
    """Set the limit of a goroutine's stack. Returns the previous limit."""
    before = maxstacksize.value
    maxstacksize.value = size
    return before


@export
def exitcode(g: Ptr[G]) -> i64:
    """The program's exit code, once it has ended."""
    return exit_code.value
