"""The runtime, in the dialect: stacks, scheduler, channels, heap, panics.

`modules()` are its modules in import order; `exports()` the functions compiled Go code and the engine can call, each
`runtime.<name>`. What is not there does not exist: codegen says so, nothing is stubbed.
"""

from importlib import import_module
from types import ModuleType

MODULES = (
    "layout", "os", "fatal", "lockrank", "lock", "rand", "event", "mheap", "allp", "gcstats", "records", "allg",
    "extra", "type", "sizeclasses", "mspan", "mkind", "mcentral", "mcache", "stackprotect", "stackpool", "stackcache",
    "stacklarge", "stackalloc", "unwind", "copystack", "print", "dragon", "printfloat", "system", "traceback",
    "shrinkstack", "stress", "safepoint", "crossing", "reserve", "mgcsweep", "mgccheck", "mgcpace", "mgctrace",
    "segmentkeep", "segment", "discipline", "mgcwork", "mgcmark", "mspecial", "mgcobjects", "mgcstack", "timeheap",
    "hchan", "park", "pool", "mgcworker", "mgc", "newstack", "globrunq", "runq", "idle", "gfree", "deadlock", "proc",
    "stw", "procresize", "timerwait", "findrunnable", "lockosthread", "thread", "sysmon", "sched", "end", "preempt",
    "malloc", "slice", "string", "chan", "select", "sema", "complex", "iface", "maphash", "maptable", "map",
    "mapiter", "panictext", "error", "defer", "panic", "mfinal", "symtab", "debug", "memstats", "quit", "mleak",
    "time", "syscall", "init",
)  # fmt: skip


def modules() -> list[ModuleType]:
    """The runtime's modules, in import order."""
    return [import_module(f"morestack.runtime.{name}") for name in MODULES]


def exports() -> frozenset[str]:
    """Names of all exported functions."""
    return frozenset(
        name
        for module in modules()
        for name, value in vars(module).items()
        if getattr(value, "dialect_export", False) and value.__module__ == module.__name__
    )
