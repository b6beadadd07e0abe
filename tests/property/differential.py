"""Running one program four ways: on the IR interpreter before and after the passes, natively, and with real Go."""

import os
import subprocess
from pathlib import Path

from morestack.build.program import Program
from morestack.interp.interpreter import Steps, interpret
from morestack.ir.module import Module
from morestack.source.span import SourceFile
from tests.crash import up_to_traceback
from tests.forked import run_one

LIMIT = 3_000_000
MODES = {"native": "", "moving": "movestack,poison"}

Outcome = tuple[str, int | None]
"""What a program printed, up to a traceback, and its exit code."""


def interpreted(module: Module, limit: int) -> Outcome | None:
    """The interpreter's answer; None when the program takes too long for it."""
    try:
        result = interpret(module, limit)
    except Steps:
        return None
    return up_to_traceback(result.output), result.code


def native(path: Path, stress: str) -> Outcome:
    """What `morestack run` answers."""
    end = run_one(["run", path.name], path.parent, {"STRESS": stress}, limit=60)
    return up_to_traceback(end.stderr), end.code


def with_go(path: Path, go: str) -> Outcome:
    """What a program built by real Go answers."""
    binary = path.with_suffix(".bin")
    environment = {**os.environ, "GOFLAGS": "", "GO111MODULE": "off"}
    subprocess.run([go, "build", "-o", str(binary), str(path)], check=True, env=environment, timeout=120)
    end = subprocess.run([str(binary)], capture_output=True, timeout=60, check=False)
    return up_to_traceback(end.stderr), end.returncode


def differences(text: str, directory: Path, go: str | None = None) -> list[str]:
    """Where the ways of running a program disagree, in words; empty when they agree."""
    path = directory / "main.go"
    path.write_text(text)
    main = Program([SourceFile("main.go", text.encode())]).root
    outcomes = {"interpreter": interpreted(main.ir, LIMIT)}
    if outcomes["interpreter"] is None:
        return []
    outcomes["interpreter after the passes"] = interpreted(main.optimized, 2 * LIMIT)
    for mode, stress in MODES.items():
        outcomes[mode] = native(path, stress)
    if go is not None:
        outcomes["go"] = with_go(path, go)
    names = list(outcomes)
    return [
        f"{names[0]} and {name} differ: {first_difference(outcomes[names[0]], outcomes[name])}"
        for name in names[1:]
        if outcomes[name] != outcomes[names[0]]
    ]


def first_difference(x: Outcome | None, y: Outcome | None) -> str:
    """The first line that is not the same, or the exit codes."""
    assert x is not None and y is not None
    a, b = x[0].splitlines(), y[0].splitlines()
    for number, (p, q) in enumerate(zip(a, b, strict=False), 1):
        if p != q:
            return f"line {number}: {p!r}, {q!r}"
    longer = a[len(b) : len(b) + 1] + b[len(a) : len(a) + 1]
    return f"{len(a)} and {len(b)} lines {longer}, exit codes {x[1]} and {y[1]}"
