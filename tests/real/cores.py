"""Cores beside the dump the dying program printed: `python -m tests.real.cores [VERSION...]`.

The parked program is aborted with GOTRACEBACK=crash: the runtime prints all goroutines with stack and frame pointers,
then the kernel writes the core. A second core of the same process, by gdb's gcore, is taken before. For arm64 the
program runs under qemu-user (qemu-aarch64-static on PATH, or in `MORESTACK_QEMU`), which writes cores of its guest.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from morestack.process.program import open_core
from morestack.process.report import make_report, to_json
from morestack.process.snapshot import snapshot
from tests.real.dumps import DumpGoroutine, read_dump
from tests.real.process import MOST_SHOWN, MOVING, PROGRAM, Result, compare_paths
from tests.real.toolchains import build, installed

COUNT = 500


def compare_core(core: Path, binary: Path, dump: dict[int, DumpGoroutine]) -> Result:
    """A core's goroutines beside a dump with pointers."""
    began = time.monotonic()
    found = to_json(make_report(snapshot(open_core(core, binary))), each=True)
    result = Result(seconds=time.monotonic() - began, goroutines=found["goroutines"])
    ours = {g["id"]: g for g in found["each"]}
    result.expect("ids", sorted(ours), sorted(i for i in dump if i))
    result.expect("lost", found["lost"], [])
    for id, g in dump.items():
        if id in (0, 1) or id not in ours or g.state in MOVING:
            continue
        result.expect(f"state of {id}", ours[id]["wait_reason"] or ours[id]["status"], g.state)
        compare_paths(result, ours[id]["path"], g, lambda frame: True)
    return result


def abort(command: list[str], folder: Path, gcore: Path | None = None) -> dict[int, DumpGoroutine]:
    """Run the program in `folder`, take a core by gdb if asked, and abort it; its own core is left in `folder`."""

    def unlimited() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [*command, str(COUNT), str(folder)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "GOTRACEBACK": "crash"},
            preexec_fn=unlimited,
        )
        try:
            end = time.monotonic() + 120
            while not (folder / "ready").exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command} did not start")
                time.sleep(0.05)
            time.sleep(0.2)
            if gcore is not None:
                gdb = ["gdb", "-p", str(process.pid), "-batch", "-ex", f"gcore {gcore}"]
                subprocess.run(gdb, check=True, capture_output=True)
            process.send_signal(signal.SIGABRT)
            process.wait(600)
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
    return read_dump((folder / "stderr").read_text(errors="replace"))


def qemu() -> str | None:
    """The emulator of arm64 programs."""
    return os.environ.get("MORESTACK_QEMU") or shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")


def show(name: str, result: Result) -> int:
    """Print a result; 1 when something differs."""
    print(
        f"{name}: {result.goroutines:,} goroutines, {result.frames:,} frames, {result.sizes:,} frame sizes, "
        f"{result.seconds:.2f} s, {len(result.differences)} differences",
        flush=True,
    )
    for difference in result.differences[:MOST_SHOWN]:
        print("  " + difference[:600])
    return bool(result.differences)


def main(versions: list[str]) -> int:
    """All releases."""
    failed = 0
    for version, go in installed().items():
        if versions and version not in versions:
            continue
        for goarch in ("amd64", "arm64"):
            emulator = qemu() if goarch == "arm64" else None
            if goarch == "arm64" and emulator is None:
                print("arm64: no qemu-aarch64 here, skipped")
                continue
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                flags = ("-ldflags=-s -w",) if version.split(".")[1] in ("22", "25") else ()
                binary = build(go, PROGRAM, folder / "parked", *flags, goarch=goarch)
                gcore = folder / "gdb.core" if emulator is None and shutil.which("gdb") else None
                dump = abort([*([emulator] if emulator else []), str(binary)], folder, gcore)
                cores = list(folder.glob("qemu_*.core")) if emulator else list(folder.glob("core*"))
                if not cores:
                    print(f"go{version} {goarch}: the kernel wrote no core here (core_pattern?), skipped")
                for core in cores[:1]:
                    kind = "emulator's core" if emulator else "kernel's core"
                    failed += show(f"go{version} {goarch} {kind}", compare_core(core, binary, dump))
                if gcore is not None:
                    failed += show(f"go{version} {goarch} gdb's core", compare_core(gcore, binary, dump))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
