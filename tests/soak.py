"""Random programs under random schedules for as long as one likes: `python -m tests.soak --seconds 3600`.

A seed decides everything: what kind of program, which, and how it is run (GOMAXPROCS, GOGC, stress modes).
- sequential programs (property/programs.py): the interpreter, native code and, where it is, real Go agree;
- concurrent programs (property/concurrent.py): they print what no schedule may change;
- churn: the same again and again; memory does not grow, and what stacks took is given back.

Failures are shown with the command that repeats them, and their programs are kept. Runs until the time is up, or a
number of failures is reached; exit code 1 when there were any.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.forked import Ended, run_one
from tests.property import concurrent
from tests.property.differential import differences
from tests.property.programs import program

STRESS = (
    "", "", "poison", "shrink,poison", "movestack,poison", "gc,poison", "gc,checkescape", "lockorder",
    "shrink,protect,lockorder", "movestack,protect",
)  # fmt: skip
CHURN_STRESS = ("", "", "poison", "lockorder", "shrink,protect")
MOST_FAILURES = 5
PROGRESS = 10.0


def environment(rng: random.Random, modes: tuple[str, ...]) -> dict[str, str]:
    """How a program is run."""
    return {
        "GOMAXPROCS": str(rng.choice((1, 2, 2, 4, 8))),
        "GOGC": rng.choice(("1", "20", "100", "400")),
        "STRESS": rng.choice(modes),
    }


def shown(env: dict[str, str]) -> str:
    """Settings as one writes them in front of a command."""
    return " ".join(f"{n}={v}" for n, v in env.items() if v)


def answer(end: Ended[None]) -> str:
    """What went wrong with a run that should have ended well."""
    text = end.stderr.decode("utf-8", "replace")
    how = "took too long" if end.code is None else f"exit code {end.code}"
    return f"{how}\n{text[-2000:]}"


def sequential(seed: int, folder: Path) -> str:
    """Why a program failed, or nothing."""
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    return "\n".join(differences(program(seed), folder, go if seed % 4 == 0 else None))


def concurrently(seed: int, folder: Path) -> str:
    """Why a program failed, or nothing."""
    text, expected = concurrent.program(seed)
    env = environment(random.Random(seed), STRESS)
    (folder / "main.go").write_text(text)
    end = run_one(["run", "main.go"], folder, env, limit=180)
    if end.code == 0 and end.stderr.decode() == expected:
        return ""
    return f"{shown(env)}: {answer(end)}"


class Memory(NamedTuple):
    """What a program has: bytes from the system, of live objects and of stacks."""

    system: int
    objects: int
    stacks: int

    def grew_from(self, early: Memory) -> bool:
        """Whether this is more than an earlier figure and noise."""
        return (
            self.system > early.system * 1.5 + (4 << 20)
            or self.objects > early.objects + (1 << 20)
            or self.stacks > early.stacks + (1 << 20)
        )


def churning(seed: int, folder: Path) -> str:
    """Why a program failed, or nothing. Memory that grew is looked at again over four times as many rounds: a leak goes
    on, a peak that came late does not."""
    rng = random.Random(seed)
    rounds = rng.choice((40, 200))
    env = environment(rng, CHURN_STRESS)
    before: Memory | None = None
    for count in (rounds, 4 * rounds):
        text, values = concurrent.churn(seed, count)
        (folder / "main.go").write_text(text)
        end = run_one(["run", "main.go"], folder, env, limit=300)
        lines = end.stderr.decode("utf-8", "replace").splitlines()
        if end.code != 0 or [int(v) for v in lines[:-1]] != values:
            return f"{shown(env)}: {answer(end)}"
        early_sys, sys_, early_alloc, alloc, early_stacks, stacks = map(int, lines[-1].split()[1:])
        after = Memory(sys_, alloc, stacks)
        if not after.grew_from(before or Memory(early_sys, early_alloc, early_stacks)):
            return ""
        before = after
    return f"{shown(env)}: memory grew: {lines[-1]}"


KINDS: dict[str, Callable[[int, Path], str]] = {
    "sequential": sequential,
    "concurrent": concurrently,
    "churn": churning,
}
SHARES = ("concurrent", "concurrent", "concurrent", "sequential", "churn")


def soak(seconds: float, first: int, runs: int | None = None, tell: Callable[[str], None] = print) -> int:
    """Run seeds from `first` on; how many failed."""
    start = time.monotonic()
    done: Counter[str] = Counter()
    failures = 0
    last = start
    seed = first
    while (runs is None or seed < first + runs) and failures < MOST_FAILURES:
        now = time.monotonic()
        if runs is None and now - start >= seconds:
            break
        if now - last >= PROGRESS:
            last = now
            counts = ", ".join(f"{n} {kind}" for kind, n in sorted(done.items()))
            tell(f"{now - start:6.0f} s  seed {seed}  {counts}  {failures} failed")
        kind = random.Random(seed).choice(SHARES)
        with tempfile.TemporaryDirectory(prefix="morestack-soak-") as name:
            why = KINDS[kind](seed, Path(name))
            done[kind] += 1
            if why:
                failures += 1
                kept = Path(tempfile.gettempdir()) / f"morestack-soak-{seed}.go"
                kept.write_text((Path(name) / "main.go").read_text())
                tell(f"FAILED {kind}: python -m tests.soak --seed {seed} --runs 1   (program: {kept})\n{why}")
        seed += 1
    tell(f"{time.monotonic() - start:6.0f} s  {sum(done.values())} programs from seed {first} on, {failures} failed")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=3600, help="how long (an hour)")
    parser.add_argument("--seed", type=int, help="the first seed; a random one otherwise")
    parser.add_argument("--runs", type=int, help="how many seeds, instead of --seconds")
    options = parser.parse_args()
    first = options.seed if options.seed is not None else random.randrange(1 << 30)
    sys.exit(soak(options.seconds, first, options.runs, lambda line: print(line, flush=True)) > 0)


if __name__ == "__main__":
    main()
