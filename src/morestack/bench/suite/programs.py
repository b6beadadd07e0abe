"""The programs of `morestack bench`, and those of the paper that are left out.

The paper is Kavon Farvardin and John Reppy, "From Folklore to Fact: Comparing Implementations of Stacks and
Continuations", PLDI 2020. Its programs are in Standard ML; ours are written anew in Go, to compute the same results,
and stand in the paper's groups. Sizes are chosen for a few tenths of a second. They print a result, which must be the
same however a program is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "go"


class Benchmark(NamedTuple):
    """A program; `group` is the paper's, or `stacks` for ours."""

    name: str
    group: str
    about: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.go"


PAPER_GROUPS = ("recursive", "looping", "mixed", "concurrent")
STACKS = "stacks"

SUITE = (
    Benchmark("ack", "recursive", "Ackermann's function of 3 and 11"),
    Benchmark("divrec", "recursive", "every other element of a list, by recursion"),
    Benchmark("fib", "recursive", "Fibonacci numbers by double recursion"),
    Benchmark("merge", "recursive", "two lists of 100,000 merged by recursion"),
    Benchmark("motzkin", "recursive", "Motzkin numbers, through a function value"),
    Benchmark("primes", "recursive", "a sieve of lists"),
    Benchmark("quicksort", "recursive", "quicksort of a list of 400,000"),
    Benchmark("sudan", "recursive", "the Sudan function"),
    Benchmark("tak", "recursive", "Takeuchi's function"),
    Benchmark("takl", "recursive", "Takeuchi's function on lists for numbers"),
    Benchmark("cpstak", "looping", "Takeuchi's function in continuation-passing style"),
    Benchmark("evenodd", "looping", "two functions that call each other, 20,000 deep (Go has no tail calls)"),
    Benchmark("mandelbrot", "looping", "the Mandelbrot set"),
    Benchmark("tailfib", "looping", "Fibonacci numbers by a loop"),
    Benchmark("barneshut", "mixed", "forces on 4,000 bodies by a tree"),
    Benchmark("deriv", "mixed", "symbolic derivation"),
    Benchmark("life", "mixed", "Conway's life on sorted lists"),
    Benchmark("mazefun", "mixed", "mazes made and walked"),
    Benchmark("mcray", "mixed", "a ray tracer"),
    Benchmark("minimax", "mixed", "noughts and crosses, every game"),
    Benchmark("nqueens", "mixed", "11 queens on a board"),
    Benchmark("perm", "mixed", "all permutations of 9, with shared tails"),
    Benchmark("scc", "mixed", "strongly connected components on lists"),
    Benchmark("pingpong", "concurrent", "two goroutines and two channels (cml-pingpong)"),
    Benchmark("spawn", "concurrent", "a million goroutines, one after the other (cml-spawn)"),
    Benchmark("hotsplit", STACKS, "a loop at the end of a segment"),
    Benchmark("tasks", STACKS, "10,000 goroutines at a time, a short recursion each"),
    Benchmark("deep", STACKS, "recursion to 200,000 frames on fresh goroutines"),
    Benchmark("idle", STACKS, "100,000 goroutines that wait"),
    Benchmark("storm", STACKS, "20,000 goroutines that outgrow their stacks, with pointers into them"),
)

LEFT_OUT = (
    (
        ("ec-ack", "ec-evenodd", "ec-fib", "ec-loop", "ec-motzkin", "ec-sudan", "ec-tak"),
        "they measure escape continuations (call/ec), which Go does not have",
    ),
    (("ffi-fib", "ffi-trigfib"), "they measure calls of C, which need cgo"),
    (("loop",), "an empty counting loop, which LLVM computes while compiling"),
)
"""Programs of the paper that are left out, and the reason."""
