"""Running the command line in forks of one process that has the compiler loaded.

Each run is what a user's `morestack ...` does, without the time to start Python and import the compiler.
"""

import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Generic, TypeVar

T = TypeVar("T")
TRACEBACK = 70
"""Exit code of a run that ended in a Python exception."""


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """A command to run: `argv` after `morestack`, `typed` its input. With `merged`, stderr goes where stdout goes."""

    tag: T
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    merged: bool = False
    limit: float = 180.0
    typed: bytes = b""
    stack: int | None = None
    """RLIMIT_STACK of the run."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """What a run did; `code` is negative for a signal, None when it took too long."""

    tag: T
    code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float


def _child(job: Job[T], out: int, err: int) -> None:
    os.setpgrp()
    with tempfile.TemporaryFile() as typed:
        typed.write(job.typed)
        typed.seek(0)
        os.dup2(typed.fileno(), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  (not what a test runner put in their place)
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    os.chdir(job.cwd)
    os.environ.update(job.env)
    if job.stack is not None:
        resource.setrlimit(resource.RLIMIT_STACK, (job.stack, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    code = TRACEBACK
    try:
        from morestack.cli.main import main

        main(list(job.argv))
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:  # a traceback is a failure of ours: show it in the output
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@dataclass(slots=True)
class _Running(Generic[T]):
    job: Job[T]
    pid: int
    fd: int
    out: IO[bytes]
    err: IO[bytes]
    started: float

    @classmethod
    def start(cls, job: Job[T]) -> "_Running[T]":
        out = tempfile.TemporaryFile()  # noqa: SIM115  (open while the child runs)
        err = out if job.merged else tempfile.TemporaryFile()  # noqa: SIM115
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _child(job, out.fileno(), err.fileno())
        return cls(job, pid, os.pidfd_open(pid), out, err, time.monotonic())

    def finish(self, late: bool) -> Ended[T]:
        if late:
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.out.seek(0)
        stdout = self.out.read()
        stderr = b""
        if self.err is not self.out:
            self.err.seek(0)
            stderr = self.err.read()
            self.err.close()
        self.out.close()
        code = None if late else os.waitstatus_to_exitcode(status)
        return Ended(self.job.tag, code, stdout, stderr, time.monotonic() - self.started)


def run_jobs(jobs: Iterable[Job[T]], workers: int = 1) -> Iterator[Ended[T]]:
    """Run the jobs, `workers` at a time, yielding ends as they come."""

    waiting = iter(jobs)
    running: list[_Running[T]] = []
    while True:
        while len(running) < workers and (job := next(waiting, None)) is not None:
            running.append(_Running.start(job))
        if not running:
            return
        ready, _, _ = select.select([run.fd for run in running], [], [], 0.25)
        now = time.monotonic()
        for run in list(running):
            late = run.fd not in ready and now - run.started > run.job.limit
            if run.fd in ready or late:
                running.remove(run)
                yield run.finish(late)


def run_one(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, limit: float = 180.0) -> Ended[None]:
    """Run one command to its end."""
    return next(run_jobs([Job(None, argv, cwd, env or {}, limit=limit)]))
