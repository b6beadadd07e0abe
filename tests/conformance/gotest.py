"""Go's `// run` tests: which there are, and running them.

A test is one file whose first line says `// run`. It passes when the program exits 0 and prints what its
`.out` file holds (nothing without one), stdout and stderr together. Programs are run in forks of one
process that has the compiler loaded, each with a time limit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from morestack.build.finder import importable
from tests.forked import Ended, Job, run_jobs

TIME_LIMIT = 60.0
DIRECTIVE = re.compile(rb"//\s?run(\s.*)?$")
IMPORTS = re.compile(rb'^import\s*(?:\(([^)]*)\)|(?:[\w.]+\s+)?("[^"]+"))', re.M | re.S)
ONE_P = {"GOMAXPROCS": "1"}
"""One processor, so that figures and stress modes repeat."""


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


def supported(folder: Path) -> list[GoTest]:
    """The tests that import nothing else than what programs can import."""
    packages = frozenset(importable())
    return [t for t in discover(folder) if t.imports <= packages]


def outcome(test: GoTest, end: Ended[GoTest]) -> Outcome:
    """Judge a run that has ended."""
    if end.code is None:
        reason = "time limit"
    elif end.code:
        reason = f"exit {end.code}"
    elif end.stdout != test.expected():
        reason = "output differs"
    else:
        reason = ""
    return Outcome(test, reason, end.stdout, end.seconds)


def run_all(tests: list[GoTest], workers: int, env: Mapping[str, str] | None = None) -> Iterator[Outcome]:
    """Run the tests, `workers` at a time, with these environment variables, yielding outcomes as they come."""
    jobs = (
        Job(t, ["run", t.path.name], t.path.parent, {**ONE_P, **(env or {})}, merged=True, limit=TIME_LIMIT)
        for t in tests
    )
    for end in run_jobs(jobs, workers):
        yield outcome(end.tag, end)
