"""`python -m morestack.bench.rows.walk`: nanoseconds to walk one frame of a goroutine parked under a million frames.

The program ends in a deadlock, which leaves its goroutine where it waited; the walker is the runtime's own,
compiled natively, on that goroutine's real stack.
"""

import statistics
import time

from morestack import runtime
from morestack.bench.rows.slopes import PROGRAMS
from morestack.build.files import read_program
from morestack.build.program import Program
from morestack.dialect.native import load
from morestack.engine.program import LinkedProgram
from morestack.llvm.passes import Passes
from morestack.runtime.mem import allg
from morestack.runtime.stack import unwind

REPEATS = 15


def main() -> None:
    compiled = Program(read_program([str(PROGRAMS / "deep.go")]))
    program = LinkedProgram.load(compiled.objects, compiled.progress)
    program.run()
    program.attach()
    g = allg.allg_at(0)
    modules = runtime.modules()
    walker = load(modules[: modules.index(unwind) + 1], passes=Passes.DIALECT).function(unwind.count_frames)
    times: list[float] = []
    frames = 0
    for _ in range(REPEATS):
        started = time.perf_counter()
        frames = walker(g)
        times.append(time.perf_counter() - started)
    if frames < 1_000_000:
        raise RuntimeError(f"only {frames} frames")
    print(f"{statistics.median(times) / frames * 1e9:.3f}")


if __name__ == "__main__":
    main()
