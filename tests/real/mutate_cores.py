"""Damage cores in every way that comes to mind, and see that reading them stays civil.

    python -m tests.real.mutate_cores [--count 10000] [--seed N] [--seconds 5] [--megabytes 1024]

A mutant has bits flipped, words replaced (by 0, by huge numbers, by other addresses of the core) or is cut short. Half
of the damage goes where it hurts: headers, notes, the list of goroutines, their records, their stacks. Each must give
a result or one clear error, within the time and the memory. The seed is printed.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from morestack.errors import UserError
from morestack.process.core import CoreMemory
from morestack.process.group import BY
from morestack.process.program import open_core
from morestack.process.report import make_report, to_json
from morestack.process.snapshot import snapshot
from tests.real.make_core import write_core
from tests.real.process import PROGRAM, parked
from tests.real.toolchains import build, installed


@dataclass(slots=True)
class Outcome:
    """What the mutants did."""

    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    texts: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


class Mutator:
    """A core that is damaged, read and mended again and again."""

    def __init__(self, core: Path, binary: Path, rng: random.Random) -> None:
        self.core, self.binary, self.rng = core, binary, rng
        self.size = core.stat().st_size
        self.original = core.read_bytes()
        self.sore = self.places()

    def places(self) -> list[tuple[int, int]]:
        """Ranges of the file where damage matters."""
        memory = CoreMemory(self.core)
        ready = open_core(self.core, self.binary)
        module, bias = ready.binary.moduledata, ready.bias
        found = [(0, 64), (0, 64 + 56 * len(memory.mappings)), (64 + 56 * len(memory.mappings), 4096)]
        ranges = [(module.address + bias, 512)]
        for name in ("runtime.allglen", "runtime.allgptr", "runtime.allm", "runtime.memstats"):
            at = ready.binary.symbol(name)
            if at is not None:
                ranges.append((at + bias, 8))
                if name == "runtime.allgptr":
                    ranges.append((struct.unpack("<Q", memory.read(at + bias, 8))[0], 400))
        for g in snapshot(ready).goroutines[:40]:
            ranges.append((g.address, ready.layout.g_size))
            if g.stack_hi is not None and g.used_bytes is not None:
                ranges.append((g.stack_hi - g.used_bytes, g.used_bytes))
        for address, size in ranges:
            place = memory._place(address, size)
            if place is not None and size:
                found.append((place, size))
        return found

    def value(self) -> bytes:
        """Something that should not be there."""
        rng = self.rng
        kind = rng.randrange(6)
        if kind == 0:
            return bytes(8)
        if kind == 1:
            return struct.pack("<Q", (1 << rng.randrange(64)) - rng.randrange(2))
        if kind == 2:
            return b"\xff" * rng.choice((1, 2, 4, 8))
        if kind == 3:
            at = rng.randrange(self.size - 8)
            return self.original[at : at + 8]
        if kind == 4:
            return struct.pack("<Q", rng.randrange(1 << rng.randrange(1, 64)))
        return bytes([rng.randrange(256)])

    def damage(self) -> list[tuple[int, bytes]]:
        """Places and what is written there."""
        made = []
        for _ in range(self.rng.choice((1, 1, 2, 4, 16))):
            if self.rng.random() < 0.7:
                start, size = self.rng.choice(self.sore)
                at = start + self.rng.randrange(max(1, size))
                if self.rng.random() < 0.6:
                    at -= at % 8
            else:
                at = self.rng.randrange(self.size)
            value = self.value()
            made.append((min(at, self.size - len(value)), value))
        return made

    def once(self, outcome: Outcome) -> None:
        """One mutant."""
        cut = self.rng.randrange(self.size) if self.rng.random() < 0.03 else None
        damage = self.damage()
        with self.core.open("r+b") as file:
            for at, value in damage:
                file.seek(at)
                file.write(value)
        if cut is not None:
            os.truncate(self.core, cut)
        began = time.process_time()
        try:
            found = snapshot(open_core(self.core, self.binary))
            for by in BY:
                to_json(make_report(found, by), each=by == "path")
            outcome.read += 1
        except UserError as error:
            outcome.refused += 1
            outcome.texts.add(str(error)[:40])
        except Exception as error:
            outcome.failures.append(f"{type(error).__name__}: {error}; damage {damage!r}, cut {cut}")
        outcome.slowest = max(outcome.slowest, time.process_time() - began)
        if cut is not None:
            self.core.write_bytes(self.original)
            return
        with self.core.open("r+b") as file:
            for at, value in damage:
                file.seek(at)
                file.write(self.original[at : at + len(value)])


def run(core: Path, binary: Path, count: int, seed: int) -> Outcome:
    """Many mutants of one core; the core is whole afterwards."""
    mutator, outcome = Mutator(core, binary, random.Random(seed)), Outcome()
    for _ in range(count):
        mutator.once(outcome)
    return outcome


def main() -> int:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--megabytes", type=int, default=1024)
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    go = list(installed().values())[-1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcomes = []
        for kind, flags in (("plain", ()), ("stripped", ("-ldflags=-s -w",))):
            binary = build(go, PROGRAM, folder / kind, *flags)
            with parked(binary, 50, env={"GOMAXPROCS": "1"}) as program:
                write_core(program.process.pid, folder / "core")
            outcome = run(folder / "core", binary, chosen.count // 2, chosen.seed)
            outcomes.append(outcome)
            print(
                f"{kind}: {outcome.read:,} read, {outcome.refused:,} refused, slowest {outcome.slowest:.2f} s of CPU",
                flush=True,
            )
            for text in sorted(outcome.texts):
                print(f"  {text}...")
            for failure in outcome.failures[:10]:
                print(f"  FAILED {failure[:400]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MB")
    bad = sum(len(o.failures) for o in outcomes)
    slow = max(o.slowest for o in outcomes) > chosen.seconds
    return 1 if bad or slow or peak > chosen.megabytes else 0


if __name__ == "__main__":
    sys.exit(main())
