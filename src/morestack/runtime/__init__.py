"""The runtime, in the dialect: stacks, scheduler, channels, heap, panics.

`modules()` returns its modules in import order, and `exports()` the functions that compiled Go code and the engine can
call, each as `runtime.<name>`. There are no stubs: codegen rejects a call of a function that does not exist.

A folder imports only folders before it in FOLDERS, and a module only modules before it. If a lower module must call a
higher one, it calls an address that is stored when the runtime starts (gc/mgchooks.py, Timers.fire in
sched/timeheap.py).
"""

from importlib import import_module
from types import ModuleType

FOLDERS: dict[str, tuple[str, ...]] = {
    "sys": ("layout", "os", "fatal", "lockrank", "lock", "rand", "event", "print", "system", "stress", "allp"),
    "mem": (
        "mheap", "sizeclasses", "type", "mspan", "mkind", "mcentral", "mcache", "malloc", "records", "extra", "allg",
    ),
    "value": ("slice", "string", "complex", "iface", "maphash", "maptable", "map", "mapiter", "dragon", "printfloat"),
    "stack": (
        "stackprotect", "stackpool", "stackcache", "stacklarge", "stackalloc", "unwind", "copystack", "shrinkstack",
        "safepoint", "reserve", "crossing", "segmentkeep", "segment", "discipline", "traceback", "newstack",
    ),
    "gc": (
        "gcstats", "mgcsweep", "mgccheck", "mgcwork", "mgchooks", "mgcmark", "mgcobjects", "mgcstack", "mspecial",
        "mgcworker", "mgcpace", "mgctrace", "pool", "mgc", "mfinal",
    ),
    "sched": (
        "globrunq", "runq", "idle", "gfree", "timeheap", "hchan", "park", "deadlock", "proc", "stw", "procresize",
        "timerwait", "findrunnable", "lockosthread", "thread", "sysmon", "sched", "end", "preempt", "syscall", "finq",
    ),
    "sync": ("chan", "select", "sema", "time"),
    "fail": ("panictext", "error", "defer", "panic"),
    "report": ("symtab", "debug", "memstats", "quit", "mleak"),
}  # fmt: skip


def modules() -> list[ModuleType]:
    """The runtime's modules, in import order; init.py, which initializes the others, is the last."""
    names = [f"{folder}.{name}" for folder, files in FOLDERS.items() for name in files]
    return [import_module(f"morestack.runtime.{name}") for name in (*names, "init")]


def exports() -> frozenset[str]:
    """Names of all exported functions."""
    return frozenset(
        name
        for module in modules()
        for name, value in vars(module).items()
        if getattr(value, "dialect_export", False) and value.__module__ == module.__name__
    )
