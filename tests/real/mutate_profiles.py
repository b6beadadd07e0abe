"""Damage profiles and dumps in every way that comes to mind, and see that reading them stays civil.

    python -m tests.real.mutate_profiles [--count 10000] [--seed N] [--seconds 5] [--megabytes 1024]
                                         [--binary B] [FILE...]

A mutant is cut short, has bits flipped, bytes repeated, swapped or replaced by large numbers, or is a gzip bomb. Each
is read, attributed, and turned into every output; it must give a result or one clear `ProfileError`, within the time
and the memory. Mutants come from built-in samples, and from any file named as an argument. The seed is printed.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import sys
import time
import zlib
from pathlib import Path

from morestack.process.model import Frame, Goroutine, Snapshot
from morestack.profile.advise import advise
from morestack.profile.errors import ProfileError
from morestack.profile.formats import FORMATS
from morestack.profile.growth import growth
from morestack.profile.model import ValueType
from morestack.profile.paths import PathSet, of_advice, of_growth, of_snapshot
from morestack.profile.read import open_sizer, parse
from morestack.profile.sizes import Sizer
from morestack.profile.target import unpack

COUNTS = b"""goroutine profile: total 14
12 @ 0x48c38a 0x419d8e 0x683739 0x493261
# labels: {"tenant":"a"}
#\t0x419d8d\tmain.leaf+0xd\t/src/main.go:12
#\t0x683738\tmain.idle+0x18\t/src/main.go:88

2 @ 0x48c38a 0x493261
#\t0x48c389\tmain.other+0x9\t/src/main.go:9
"""
HEADER = b"goroutine 1 [running]:\nmain.f()\n\t/a.go:1 +0x1\n\n"
DUMP = b"""goroutine 1 gp=0xc0001 m=nil [chan receive, 5 minutes]:
runtime.gopark(0x0?, 0x0?, 0x0?)
\truntime/proc.go:474 +0xca fp=0xc0005f20 sp=0xc0005f00 pc=0x48c38a
main.inner(...)
\t/src/main.go:88
main.idle({0x1, 0x2}, 0x3)
\t/src/main.go:40 +0x19 fp=0xc0005fe0 sp=0xc0005f20 pc=0x683739
runtime.goexit({})
\truntime/asm_amd64.s:1264 +0x1 fp=0xc0005fe8 sp=0xc0005fe0 pc=0x493261
created by main.main in goroutine 1
\t/src/main.go:40 +0xa5

goroutine 7 [running, locked to thread]:
main.deep(0x1)
\t/src/main.go:5 +0x1d
...100 frames elided...
main.main()
\t/src/main.go:9 +0x2
"""


def samples(files: list[str]) -> list[bytes]:
    """Well-formed inputs, some of them compressed."""
    inner, outer = Frame("main.inner", "/src/a.go", 3, 0x1001, 0, True), Frame("main.outer", "/src/a.go", 9, 0x1001, 96)
    root = Frame("main.main", "/src/a.go", 20, 0x2001, 4000)
    cpu = PathSet("cpu", (ValueType("samples", "count"), ValueType("cpu", "nanoseconds")))
    newstack = Frame("runtime.newstack", "/src/stack.go", 1, 0x3001, 64)
    cpu.add((newstack, inner, outer, root), samples=3, cpu=30_000_000)
    cpu.add((inner, outer, root), samples=1, cpu=10_000_000)
    snapshot = Snapshot("x", [Goroutine(1, "waiting", path=(inner, outer, root), count=9, used_bytes=4200)])
    goroutines = of_snapshot(snapshot)
    goroutines.types = (ValueType("goroutine", "count"), *goroutines.types[1:])
    found = [FORMATS["pprof"](p) for p in (cpu, goroutines)]
    found += [unpack(f, "sample") for f in found]
    found += [COUNTS, DUMP, gzip.compress(COUNTS), gzip.compress(DUMP)]
    for file in files:
        raw = Path(file).read_bytes()
        found += [raw, unpack(raw, file)]
    return found


def mutate(data: bytes, random: random.Random) -> bytes:
    """A damaged copy."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        at = random.randrange(len(out) + 1)
        match random.randrange(8):
            case 0:
                del out[at:]
            case 1 | 2 if out:
                out[at % len(out)] ^= 1 << random.randrange(8)
            case 3:
                out[at:at] = b"\xff" * random.randrange(1, 12) + b"\x7f"
            case 4:
                out[at : at + random.randrange(1, 12)] = random.randbytes(random.randrange(12))
            case 5:
                piece = bytes(out[at : at + random.randrange(1, 200)])
                out[at:at] = piece * random.choice((1, 2, 50))
            case 6:
                numbers = (b"99999999999999999999", b"0xffffffffffffffff", b"-1", b"\x80" * 9 + b"\x01")
                out[at:at] = random.choice(numbers)
            case _:
                other = random.randrange(len(out) + 1)
                out[at:at] = out[other : other + random.randrange(64)]
    return bytes(out)


def bomb(random: random.Random) -> bytes:
    """A small gzip file of very many bytes, or records that are small in bytes and large in memory."""
    piece = random.choice(
        (b"\0" * 1024, b"\x12\x00" * 512, b"\x22\x00" * 512, b"1 @ 0x1\n" * 128, b"\x32\x00" * 512, HEADER * 32)
    )
    head = random.choice((b"", b"\x0a\x04\x08\x01\x10\x02\x32\x00\x32\x01a\x32\x01b", b"goroutine profile: total 1\n"))
    packer = zlib.compressobj(9, wbits=31)
    block = piece * 1024
    parts = [packer.compress(head)]
    parts += [packer.compress(block) for _ in range(random.choice((8, 60, 400)))]
    return b"".join(parts) + packer.flush()


def digest(data: bytes, sizer: Sizer | None = None) -> str:
    """Read a mutant and make everything of it; how it went."""
    full = sizer.full if sizer is not None else None
    try:
        found = parse(unpack(data, "mutant"), "mutant", sizer)
        if isinstance(found, Snapshot):
            outputs = [of_snapshot(found), of_advice(advise([found], [], full))]
        else:
            grown = growth(found, full)
            outputs = [of_growth(grown), of_advice(advise([], [grown], full))]
        for paths in outputs:
            for write in FORMATS.values():
                write(paths)
    except ProfileError as error:
        text = str(error)
        assert text and "\n" not in text and len(text) < 600, text
        return "refused"
    return "read"


def run(
    count: int, seed: int, seconds: float, megabytes: int, files: list[str], binary: str | None = None
) -> dict[str, int]:
    """Read this many mutants; AssertionError tells the first that went wrong."""
    chance = random.Random(seed)
    originals = samples(files)
    sizer = open_sizer(binary)
    for original in originals:
        assert digest(original) == "read", original[:80]
    tally = {"read": 0, "refused": 0}
    slowest = 0.0
    for i in range(count):
        data = bomb(chance) if i % 500 == 499 else mutate(chance.choice(originals), chance)
        begin = time.process_time()
        try:
            tally[digest(data, sizer)] += 1
        except BaseException as error:
            Path("/tmp/mutant").write_bytes(data)
            raise AssertionError(
                f"mutant {i} of seed {seed} (in /tmp/mutant): {type(error).__name__}: {error}"
            ) from error
        slowest = max(slowest, time.process_time() - begin)
        if slowest >= seconds:
            Path("/tmp/mutant").write_bytes(data)
        assert slowest < seconds, f"mutant {i} of seed {seed} took {slowest:.1f} s"
        # of the process, so of all mutants until now
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        assert peak < megabytes, f"mutant {i} of seed {seed} took {peak} MB"
    tally["slowest_ms"] = round(slowest * 1000)
    tally["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return tally


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Read damaged profiles and dumps.")
    parser.add_argument("files", nargs="*", help="real profiles to damage too")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=5.0, help="of one mutant, on a processor")
    parser.add_argument("--binary", help="the program the files were taken from: sizes their frames")
    parser.add_argument("--megabytes", type=int, default=1024, help="of the process")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    try:
        print(run(options.count, options.seed, options.seconds, options.megabytes, options.files, options.binary))
    except AssertionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
