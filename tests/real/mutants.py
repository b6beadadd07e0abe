"""Damaged binaries: none may cost more than 5 s or 1 GB, or end in anything but a clear error or an answer.

    python -m tests.real.mutants [--count N] [--seed S] BINARY...

Makes N mutants of the binaries, in turn: cut short, bits flipped, words replaced by hostile sizes, in the headers, the
function table, the module record, the build information and the debug information, or anywhere. Each is opened and
asked all that `morestack frames` asks, in a process with limits of memory and time, and many calls of its own:
functions, lines, inlined calls and deltas at random places.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from morestack.binary import BinaryError, open_binary
from morestack.binary.frames import Frames
from morestack.binary.report import frames_json, frames_text

SECONDS, BYTES = 5, 1 << 30
HOSTILE = (0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


def weak_places(path: Path) -> list[tuple[int, int]]:
    """Parts of a file that are read: offset and size, the small ones as likely as the large."""
    binary = open_binary(path)
    image, tab = binary.image, binary.pclntab
    parts = [(0, 64), (0, 4096)]
    table, size = image.offset(binary.moduledata.pcHeader)
    parts += [(table, 80), (table, min(size, 1 << 24))]
    for name in ("cutab", "filetab", "pctab", "pclntable", "ftab"):
        parts.append((image.offset(getattr(binary.moduledata, name))[0], 4096))
    parts.append((image.offset(binary.moduledata.address)[0], 600))
    parts.append((image.offset(binary.moduledata.gofunc)[0], 1 << 14))
    parts += [(s.offset, min(s.size, 1 << 16)) for s in image.sections if s.size]
    parts.append((image.offset(tab.entries[0])[0], 1 << 16))
    headers = image.data.find(b"\x00.text\x00")
    parts.append((max(0, len(image.data) - 4096), 4096))
    if headers > 0:
        parts.append((headers, 4096))
    return parts


def mutate(data: bytearray, places: list[tuple[int, int]], draw: random.Random) -> bytearray:
    """One mutant."""
    kind = draw.random()
    if kind < 0.1:
        return data[: draw.choice((draw.randrange(len(data)), draw.randrange(4096)))]
    for _ in range(draw.choice((1, 1, 2, 5, 30))):
        start, size = draw.choice(places)
        at = min(len(data) - 9, start + draw.randrange(max(1, size)))
        if kind < 0.5:
            data[at] ^= 1 << draw.randrange(8)
        elif kind < 0.8:
            at -= at % draw.choice((1, 4, 8))
            width = draw.choice((1, 2, 4, 8))
            value = draw.choice((*HOSTILE, draw.getrandbits(64)))
            data[at : at + width] = struct.pack("<Q", value & (1 << 64) - 1)[:width]
        elif kind < 0.9:
            data[at : at + 8] = draw.randbytes(8)
        else:
            other = draw.randrange(len(data) - 4096)
            span = draw.choice((16, 256, 4096))
            data[at : at + span] = data[other : other + len(data[at : at + span])]
    return data


def ask(path: Path, draw: random.Random) -> str:
    """Everything the package answers, on one mutant: `answer`, or `error` with one line."""
    try:
        binary = open_binary(path)
        frames = Frames(binary)
        functions, statements = frames.functions(limit=20), frames.statements(limit=20)
        frames_text(binary, functions, statements)
        frames_json(binary, functions, statements)
        tab = binary.pclntab
        for _ in range(300):
            function = tab.func(draw.randrange(len(tab)))
            pc = draw.randrange(function.entry, max(function.entry + 1, min(function.end, function.entry + 100_000)))
            try:
                assert function.name is not None and function.file is not None
                function.sp_delta(pc)
                function.line(pc)
                function.inline_stack(pc)
            except BinaryError:
                pass
        binary.symbol("runtime.allgs")
        return "answer"
    except BinaryError as error:
        if "\n" in str(error) or not str(error):
            return f"unclear: {error!r}"
        return "error"


def one(path: Path, seed: int) -> str:
    """What became of a mutant. The time is the processor's, so that what else the machine does makes none slow."""
    begun = time.process_time()
    try:
        told = ask(path, random.Random(seed))
    except BaseException:
        return "TRACEBACK\n" + traceback.format_exc()
    took = time.process_time() - begun
    return told if took < SECONDS else f"SLOW {took:.1f} s"


def worker(task: tuple[str, int]) -> str:
    """One mutant, in a process of a pool: under a limit of memory, and stopped when it takes too long."""
    source, seed = task
    gc.collect()  # what the last mutant left, its memory map above all
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "mutant"
        path.write_bytes(mutate(bytearray(Path(source).read_bytes()), weak_places_of(source), draw))
        os.environ["XDG_CACHE_HOME"] = scratch
        signal.alarm(20 * SECONDS)
        told = one(path, seed)
        signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return told if peak < BYTES else f"LARGE {peak >> 20} MB"


PLACES: dict[str, list[tuple[int, int]]] = {}


def weak_places_of(source: str) -> list[tuple[int, int]]:
    """The same for all mutants of a file."""
    if source not in PLACES:
        PLACES[source] = weak_places(Path(source))
    return PLACES[source]


def limits() -> None:
    """A process of the pool: twice the memory as address space, because libraries map more than they use."""
    resource.setrlimit(resource.RLIMIT_AS, (2 * BYTES, 2 * BYTES))
    signal.signal(signal.SIGALRM, _too_long)


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError


def mutants(sources: list[Path], count: int, seed: int, processes: int = 2) -> Iterator[tuple[Path, int, str]]:
    """What became of each mutant."""
    tasks = [(str(sources[number % len(sources)]), seed + number) for number in range(count)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, limits, max_tasks_per_child=500) as pool:
        for (source, number), told in zip(tasks, pool.map(worker, tasks, chunksize=20), strict=True):
            yield Path(source), number, told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("binaries", nargs="+", type=Path)
    options = parser.parse_args()
    told: Counter[str] = Counter()
    bad = 0
    for source, seed, result in mutants(options.binaries, options.count, options.seed):
        told[result.split("\n")[0].split(" ")[0]] += 1
        if result not in ("answer", "error"):
            bad += 1
            print(f"{source} --seed {seed} --count 1: {result}", flush=True)
    print(f"{options.count} mutants: " + ", ".join(f"{count} {what}" for what, count in told.most_common()))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
