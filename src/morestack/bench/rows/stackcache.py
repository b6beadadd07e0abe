"""`python -m morestack.bench.rows.stackcache`: nanoseconds to take a stack of 2 KB and give it back.

A processor's cache of stacks is there to make this cheap.

Four figures: from the cache (stackalloc, stackfree) on one thread and on two, from the pool under its lock
(stackpoolalloc, stackpoolfree) on one and on two. It is the runtime's own code, compiled natively, on memory of its
own; each thread has a processor's structure, and the time is that of one pair on one thread. stackalloc also counts
what it hands out, by atomics that both threads share: stackpoolalloc does not.
"""

import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from morestack import runtime
from morestack.bench.rows import stackloops
from morestack.dialect.native import load
from morestack.llvm.passes import Passes
from morestack.runtime import init
from morestack.runtime.stack import stackpool
from morestack.runtime.sys import allp

REPEATS = 9
BURSTS = 20_000
SIZE = 2048
ORDER = 0
THREADS = 2


def elapsed(calls: list[Callable[[], Any]]) -> float:
    """Seconds until all calls are done, each on a thread of its own: native code, without the interpreter's lock."""
    begin = threading.Barrier(len(calls) + 1)

    def one(call: Callable[[], Any]) -> None:
        begin.wait()
        call()

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    begin.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def main() -> None:
    modules = runtime.modules()
    native = load([*modules[: modules.index(init) + 1], stackloops], passes=Passes.DIALECT)
    native.bind_statics()
    native.function(init.schedinit)(0, THREADS)
    processors = [allp.allp.at[i] for i in range(THREADS)]
    cached, pooled = native.function(stackloops.cached), native.function(stackloops.pooled)
    native.function(stackpool.stackpoolalloc)(ORDER)  # keeps its span, so that the page heap is not part of it
    ways: list[list[Callable[[], Any]]] = [
        [partial(cached, pp, SIZE, BURSTS) for pp in processors[:n]] for n in (1, THREADS)
    ]
    ways += [[partial(pooled, ORDER, BURSTS)] * n for n in (1, THREADS)]
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(REPEATS):
        for way, found in zip(ways, times, strict=True):
            found.append(elapsed(way))
    pairs = BURSTS * int(stackloops.BURST)
    print(*(f"{statistics.median(found) / pairs * 1e9:.1f}" for found in times))


if __name__ == "__main__":
    main()
