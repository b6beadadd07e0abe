"""Go's `// run` tests: which there are, and running them.

A test is one file whose first line says `// run`. It passes when the program exits 0 and prints what its
`.out` file holds (nothing without one), stdout and stderr together. Programs are run in forks of one
process that has the compiler loaded, each with a time limit.
"""

import os
import re
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT = 60.0
DIRECTIVE = re.compile(rb"//\s?run(\s.*)?$")
IMPORTS = re.compile(rb'^import\s*(?:\(([^)]*)\)|(?:[\w.]+\s+)?("[^"]+"))', re.M | re.S)


@dataclass(frozen=True, slots=True)
class GoTest:
    """One test: its name relative to `test/`, its file and the packages it imports."""

    name: str
    path: Path
    imports: frozenset[str]

    def expected(self) -> bytes:
        out = self.path.with_suffix(".out")
        return out.read_bytes() if out.exists() else b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `reason` is empty when it passed."""

    test: GoTest
    reason: str
    output: bytes
    seconds: float


def directive(text: bytes) -> bytes | None:
    """The arguments of a `// run` directive: on the first line, or first after build constraints."""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(b"//go:build") or not line:
            continue
        found = DIRECTIVE.match(line)
        return (found[1] or b"").strip() if found else None
    return None


def imports(text: bytes) -> frozenset[str]:
    """The import paths in a file, found by pattern."""
    names: set[str] = set()
    for group, single in IMPORTS.findall(text):
        names.update(re.findall(r'"([^"]+)"', (group + single).decode()))
    return frozenset(names)


def discover(folder: Path) -> list[GoTest]:
    """Every `// run` test without flags, by name."""
    tests: list[GoTest] = []
    for path in sorted(folder.rglob("*.go")):
        text = path.read_bytes()
        if directive(text) == b"":
            tests.append(GoTest(str(path.relative_to(folder)), path, imports(text)))
    return tests


def _child(test: GoTest, output: int) -> None:
    """In a fork: become `morestack run FILE` with all output to one file."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.setpgrp()
    os.chdir(test.path.parent)
    code = 70
    try:
        from morestack.cli import main

        main(["run", test.path.name], standalone_mode=True)
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:  # a traceback is a failure of ours: show it in the output
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@dataclass(slots=True)
class _Running:
    test: GoTest
    pid: int
    fd: int
    output: tempfile._TemporaryFileWrapper[bytes]
    started: float


def _start(test: GoTest) -> _Running:
    output = tempfile.NamedTemporaryFile()  # noqa: SIM115  (open while the child runs)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _child(test, output.fileno())
    return _Running(test, pid, os.pidfd_open(pid), output, time.monotonic())


def _finish(run: _Running, timed_out: bool) -> Outcome:
    if timed_out:
        os.killpg(run.pid, signal.SIGKILL)
    _, status = os.waitpid(run.pid, 0)
    os.close(run.fd)
    output = Path(run.output.name).read_bytes()
    run.output.close()
    code = os.waitstatus_to_exitcode(status)
    if timed_out:
        reason = "time limit"
    elif code:
        reason = f"exit {code}"
    elif output != run.test.expected():
        reason = "output differs"
    else:
        reason = ""
    return Outcome(run.test, reason, output, time.monotonic() - run.started)


def run_all(tests: list[GoTest], workers: int) -> Iterator[Outcome]:
    """Run the tests, `workers` at a time, yielding outcomes as they come."""
    import morestack.cli
    import morestack.pipeline  # noqa: F401  (loaded once, shared by the forks)

    waiting = list(reversed(tests))
    running: list[_Running] = []
    while waiting or running:
        while waiting and len(running) < workers:
            running.append(_start(waiting.pop()))
        ready, _, _ = select.select([run.fd for run in running], [], [], 0.5)
        now = time.monotonic()
        for run in list(running):
            late = now - run.started > TIME_LIMIT
            if run.fd in ready or late:
                running.remove(run)
                yield _finish(run, late and run.fd not in ready)
