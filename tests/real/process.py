"""Live goroutines beside what Go's own runtime says of them: `python -m tests.real.process [VERSION...]`.

For each release at hand a program (`programs/parked`) puts 10,000 goroutines into every state they can wait in, and
writes what its runtime says: NumGoroutine, StackInuse, runtime.Stack of all, the functions they were started with.
It is read while it stands like that, then killed by SIGQUIT with GOTRACEBACK=system, which prints stack and frame
pointer of every frame. Compared are: the set of goroutines, their states, paths (functions, files, lines), each
physical frame's bytes, creators, start functions, the count, and stack bytes beside StackInuse. Each release is built
plain, stripped (-s -w), as PIE and stripped PIE.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from morestack.process.code import Code
from morestack.process.program import open_process
from morestack.process.report import make_report, to_json
from morestack.process.snapshot import snapshot
from tests.real.dumps import DumpFrame, DumpGoroutine, read_dump
from tests.real.toolchains import build, installed, suite

PROGRAM = Path(__file__).parent / "programs" / "parked"
FLAGS = {
    "plain": (),
    "stripped": ("-ldflags=-s -w",),
    "pie": ("-buildmode=pie",),
    "pie stripped": ("-buildmode=pie", "-ldflags=-s -w"),
}
MOVING = ("running", "runnable", "GC scavenge wait")
"""Goroutines in these states have moved on when the second dump is printed; the scavenger wakes by itself."""
MOST_SHOWN = 5


@dataclass(slots=True)
class Result:
    """What was compared, and what differed."""

    goroutines: int = 0
    frames: int = 0
    sizes: int = 0
    stack_bytes: int = 0
    stack_inuse: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Note a difference."""
        if found != wanted:
            self.differences.append(f"{what}: {found!r}, Go says {wanted!r}")


@contextmanager
def parked(binary: Path, count: int, spinners: int = 0, env: dict[str, str] | None = None) -> Iterator[Parked]:
    """The program, ready; killed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        errors = (folder / "stderr").open("wb")
        process = subprocess.Popen(
            [str(binary), str(count), str(folder), str(spinners)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **(env or {})},
        )
        try:
            end = time.monotonic() + 120
            while not (folder / "ready").exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{binary} did not start: {(folder / 'stderr').read_text()[:500]}")
                time.sleep(0.02)
            time.sleep(0.1)
            yield Parked(process, folder)
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
            errors.close()


@dataclass(slots=True)
class Parked:
    """The running program."""

    process: subprocess.Popen[bytes]
    folder: Path

    def truth(self) -> dict[str, Any]:
        """What the program said of itself."""
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text())
        return found

    def dump(self) -> dict[int, DumpGoroutine]:
        """runtime.Stack of all."""
        return read_dump((self.folder / "dump.txt").read_text())

    def quit(self) -> dict[int, DumpGoroutine]:
        """The dump of SIGQUIT, with pointers; ends the program."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(600)
        return read_dump((self.folder / "stderr").read_text())


def printed(name: str) -> str:
    """A function's name as the runtime prints it: type arguments are left out."""
    start = name.find("[")
    end = name.rfind("]")
    return name if start < 0 else name[: start + 1] + "..." + name[end:]


def wrappers(code: Code) -> set[str]:
    """The functions that the runtime leaves out of its dumps: code the compiler wrote around another function."""
    return {f.name for f in code.binary.pclntab.functions if f.func_id == code.wrapper_id}


def compare_paths(
    result: Result, ours: list[dict[str, Any]], dump: DumpGoroutine, keep: Callable[[dict[str, Any]], bool]
) -> None:
    """Compare a path with a dump's, up to the dump's elision."""
    path = [frame for frame in ours if keep(frame)]
    shown = path
    if dump.elided_at >= 0:
        behind = len(dump.frames) - dump.elided_at
        shown = path[: dump.elided_at] + path[len(path) - behind :]
    found = [(printed(f["function"]), f["file"], f["line"]) for f in shown]
    wanted = [(f.function, f.file, f.line) for f in dump.frames]
    if found != wanted:
        at = next(
            (i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted))
        )
        around = slice(max(0, at - 1), at + 2)
        result.differences.append(
            f"goroutine {dump.id} [{dump.state}], {len(found)} frames, Go says {len(wanted)}; at {at}: "
            f"{found[around]}, Go says {wanted[around]}"
        )
        return
    result.frames += len(found)
    for frame, truth in zip(shown, dump.frames, strict=True):
        compare_size(result, dump, frame, truth)


def compare_size(result: Result, dump: DumpGoroutine, frame: dict[str, Any], truth: DumpFrame) -> None:
    """Compare a physical frame's bytes, where the dump has its pointers."""
    if truth.size is None or frame.get("inlined"):
        return
    result.sizes += 1
    result.expect(f"goroutine {dump.id}, frame of {frame['function']}", frame["frame_bytes"], truth.size)


def is_exported(name: str) -> bool:
    """Whether the runtime shows this function of its own."""
    return name == "runtime.gopanic" or (len(name) > 8 and "A" <= name[8] <= "Z")


def compare(found: dict[str, Any], program: Parked, hidden: set[str]) -> Result:
    """Everything, beside both dumps; ends the program. `hidden`: the wrappers."""

    def user_frame(frame: dict[str, Any]) -> bool:
        name = frame["function"]
        return name not in hidden and (not name.startswith("runtime.") or is_exported(name))

    result = Result()
    truth, dump = program.truth(), program.dump()
    own = {g["id"]: g for g in found["each"] if not g["system"]}
    result.goroutines = len(own)
    result.stack_bytes = (
        found["stack_bytes"]
        + found["system_goroutines"]["stack_bytes"]
        + found["dead_goroutines"]["stack_bytes"]
        + found["thread_stacks"]["stack_bytes"]
    )
    result.stack_inuse = truth["stack_inuse"]
    result.expect("number of goroutines", found["goroutines"], truth["goroutines"])
    result.expect("ids", sorted(own), sorted(dump))
    result.expect("lost", found["lost"], [])
    for id_text, start in truth["starts"].items():
        g = own.get(int(id_text))
        if g is not None:
            result.expect(f"start of {id_text}", g["start"]["function"], start)
    for id, g in dump.items():
        if id == 1 or id not in own:
            continue
        if g.state in MOVING:
            continue
        ours = own[id]
        result.expect(f"state of {id}", ours["wait_reason"] or ours["status"], g.state)
        compare_paths(result, ours["path"], g, user_frame)
        result.expect(f"creator's line of {id}", ours["creator"]["line"] if ours["creator"] else 0, g.creator_line)
    level_two = program.quit()
    everyone = {g["id"]: g for g in found["each"]}
    result.expect("ids at GOTRACEBACK=system", sorted(everyone), sorted(i for i in level_two if i))
    for id, g in level_two.items():
        if id in (0, 1) or id not in everyone or g.state in MOVING:
            continue
        compare_paths(result, everyone[id]["path"], g, lambda frame: True)
    if result.goroutines >= 10_000:
        share = result.stack_bytes / result.stack_inuse
        if not 0.95 <= share <= 1.05:
            result.differences.append(f"stack bytes: {result.stack_bytes:,}, StackInuse {result.stack_inuse:,}")
    return result


def check(binary: Path, count: int, stop: bool = False, spinners: int = 0) -> Result:
    """Run one program, read it, compare."""
    with parked(binary, count, spinners) as program:
        ready = open_process(program.process.pid)
        try:
            began = time.monotonic()
            taken = snapshot(ready, stop=stop)
            seconds = time.monotonic() - began
            hidden = wrappers(ready.code)
        finally:
            ready.close()
        result = compare(to_json(make_report(taken), each=True), program, hidden)
        result.seconds = seconds
        return result


@contextmanager
def documented() -> Iterator[int]:
    """The process of docs/processes.md: the parked program with 1,000 workers, built by the suite's Go."""
    go = suite()
    if go is None:
        raise FileNotFoundError("no Go: install the extra `std`")
    with tempfile.TemporaryDirectory() as folder:
        binary = build(go, PROGRAM, Path(folder) / "server", "-trimpath")
        with parked(binary, 1000) as program:
            yield program.process.pid


def main(versions: list[str]) -> int:
    """All releases, all ways of building."""
    failed = 0
    chosen = {v: go for v, go in installed().items() if not versions or v in versions}
    chosen = {v: go for v, go in chosen.items() if versions or int(v.split(".")[1]) >= 21}
    with tempfile.TemporaryDirectory() as scratch:
        for version, go in chosen.items():
            for name, flags in FLAGS.items():
                binary = build(go, PROGRAM, Path(scratch) / "parked", *flags)
                result = check(binary, 10_000)
                failed += bool(result.differences)
                share = 100 * result.stack_bytes / result.stack_inuse
                print(
                    f"go{version} {name}: {result.goroutines:,} goroutines, {result.frames:,} frames, "
                    f"{result.sizes:,} frame sizes, stacks {share:.1f} % of StackInuse, {result.seconds:.2f} s, "
                    f"{len(result.differences)} differences",
                    flush=True,
                )
                for difference in result.differences[:MOST_SHOWN]:
                    print("  " + difference)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
