"""`python -m benchmarks.processes [--goroutines N]`: reading a live server of real Go, beside delve, and its cost.

`morestack stacks --by path` on a process of 100,000 goroutines (wall time, processor time, peak memory); the latency of
the server's requests while nothing reads it, while `stacks` reads it again and again, while something else runs beside
it, and while `stacks --stop` reads it; and a row of 10,000 goroutines beside delve (`MORESTACK_DLV`, or `dlv` on PATH),
which stops the program meanwhile.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from morestack.bench.rows.slopes import GO, Cost, Row, Side, whole
from morestack.bench.rows.table import shown

PROGRAM = Path(__file__).parent / "real" / "latency"
WINDOW = 6.0
MOST_SECONDS, MOST_MEGABYTES = 5.0, 500


class Server:
    """The running server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def window(self) -> tuple[int, int, int, int]:
        """Requests since the last window, and their median, 99th percentile and maximum in microseconds."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        count, half, most, longest = map(int, self.process.stdout.readline().split())
        return count, half, most, longest


@contextmanager
def server(goroutines: int) -> Iterator[Server]:
    """The server, ready."""
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "latency"
        env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
        subprocess.run([GO, "build", "-o", binary, "."], cwd=PROGRAM, env=env, check=True)
        command = [str(binary), str(goroutines)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(2)
            yield Server(process)
        finally:
            process.kill()
            process.communicate()


def measured(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of a command."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def meanwhile(running: Server, work: Callable[[], object] | None) -> tuple[int, int, int, int]:
    """The server's latency in a window in which `work` is done again and again."""
    running.window()
    end = time.monotonic() + WINDOW

    def loop() -> None:
        while work is not None and time.monotonic() < end:
            work()

    thread = threading.Thread(target=loop)
    thread.start()
    time.sleep(WINDOW)
    found = running.window()
    thread.join()
    return found


def delve(pid: str, folder: Path) -> Side | None:
    """What listing the goroutines with their paths costs delve; None without it."""
    debugger = os.environ.get("MORESTACK_DLV") or shutil.which("dlv")
    if debugger is None:
        return None
    script = folder / "script"
    script.write_text("goroutines -t 40\nexit\n")
    options = ["--init", str(script), "--allow-non-terminal-interactive=true"]
    return whole([cost(measured([debugger, "attach", pid, *options]))])


def cost(found: tuple[float, float, float]) -> Cost:
    """What a command took."""
    return Cost(found[0], found[1], found[2] * (1 << 20))


def reads(repeats: int) -> list[Row]:
    """The row of the table; delve comes last, because it may end the server."""
    with server(10_000) as running, tempfile.TemporaryDirectory() as folder:
        pid = str(running.process.pid)
        command = [sys.executable, "-m", "morestack", "stacks", pid, "--by", "path"]
        ours = whole([cost(measured(command)) for _ in range(repeats)])
        return [Row("paths of 10,000 goroutines of a live server", ours, delve(pid, Path(folder)), limit=MOST_SECONDS)]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--goroutines", type=int, default=100_000)
    chosen = options.parse_args()
    over = False
    with server(chosen.goroutines) as running:
        pid = str(running.process.pid)
        command = [sys.executable, "-m", "morestack", "stacks", pid, "--by", "path"]
        for name in ("first", "again"):
            seconds, processor, memory = measured(command)
            over |= seconds > MOST_SECONDS or memory > MOST_MEGABYTES
            print(
                f"stacks --by path, {chosen.goroutines:,} goroutines, {name}: {seconds:.2f} s, "
                f"{processor:.2f} s of processors, {memory:.0f} MB",
                flush=True,
            )
        for name, work in (
            ("nothing reads it", None),
            ("stacks reads it", lambda: measured(command)),
            (
                "a process that reads nothing runs beside it",
                lambda: measured([sys.executable, "-c", "sum(range(10**8))"]),
            ),
            ("stacks --stop reads it", lambda: measured([*command, "--stop"])),
        ):
            count, half, most, longest = meanwhile(running, work)
            print(f"latency while {name}: {count:,} requests, {half} µs, 99 % {most} µs, most {longest} µs", flush=True)
    for row in reads(3):
        peer = "" if row.peer is None else f", delve {shown(row.figure(row.peer), row.unit)}"
        print(f"{row.name}: {shown(row.figure(row.ours), row.unit)}{peer}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
