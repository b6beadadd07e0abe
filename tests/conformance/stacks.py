"""Those of Go's tests that exercise stacks, in every stress mode: `python -m tests.conformance.stacks`.

Prints how often the stacks of each grew and shrank, and the largest, beside the counts of real Go (1.27, counted once
in its runtime); frames differ, so the counts do too.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance import corpus
from tests.conformance.gotest import ONE_P, GoTest, imports
from tests.forked import Ended, Job, run_jobs

TIME_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What real Go's stacks did in a program: growths, shrinks, bytes of the largest; None: not counted."""

    grows: int | None = None
    shrinks: int | None = None
    largest: int | None = None


PROGRAMS = {
    "peano": Counts(12, 0, 8 << 20),
    "stack": Counts(11, 0, 4 << 20),
    "fixedbugs/splitload_pointer_compare": Counts(10, 0, 2 << 20),
    "fixedbugs/issue4316": Counts(7),
    "fixedbugs/issue51101": Counts(6),
    "fixedbugs/issue10353": Counts(7),
    "fixedbugs/issue27278": Counts(),
    "fixedbugs/issue78081": Counts(6377, 6280),
    "fixedbugs/issue13169": Counts(57, 16),
    "fixedbugs/issue16760": Counts(),
    "fixedbugs/issue10486": Counts(),
    "bigmap": Counts(),
    "divmod": Counts(),
    # Most of these import packages that come next.
    "stackobj": Counts(),
    "stackobj2": Counts(10, 0, 1 << 20),
    "stackobj3": Counts(),
    "fixedbugs/issue59680": Counts(7),
    "fixedbugs/issue16249": Counts(8, 2),
    "fixedbugs/issue16331": Counts(13),
    "fixedbugs/issue24419": Counts(25),
    "fixedbugs/issue29312": Counts(),
    "fixedbugs/issue29264": Counts(),
    "fixedbugs/issue40629": Counts(),
    "fixedbugs/issue19359": Counts(),
    "fixedbugs/issue39541": Counts(),
    "fixedbugs/issue25897a": Counts(),
    "fixedbugs/issue25897b": Counts(),
    "recover": Counts(),
    "chan/powser1": Counts(),
    "chan/powser2": Counts(),
    "gcgort": Counts(),
    "deferfin": Counts(),
    "gc2": Counts(),
    "abi/uglyfib": Counts(),
}

MODES = {
    "plain": "",
    "movestack": "movestack,poison",
    "shrink": "shrink,poison",
    "gc": "gc,poison",
    "checkescape": "gc,checkescape",
    "protect": "shrink,protect,lockorder",
    "protect-move": "movestack,protect,lockorder",
}


def tests(folder: Path) -> list[GoTest]:
    """The programs."""
    found = []
    for name in PROGRAMS:
        path = folder / f"{name}.go"
        found.append(GoTest(f"{name}.go", path, imports(path.read_bytes())))
    return found


def runs(programs: Iterable[GoTest], modes: Iterable[str], workers: int = 1) -> Iterator[tuple[GoTest, str, str]]:
    """Program, mode, and why it failed: empty when it passed."""
    jobs = (
        Job(
            (t, mode),
            ["run", t.path.name],
            t.path.parent,
            {"STRESS": MODES[mode], **ONE_P},
            merged=True,
            limit=TIME_LIMIT,
        )
        for t in programs
        for mode in modes
    )
    for end in run_jobs(jobs, workers):
        test, mode = end.tag
        yield test, mode, reason(end, test)


def reason(end: Ended[tuple[GoTest, str]], test: GoTest) -> str:
    """Why a run failed."""
    if end.code is None:
        return f"no end within {TIME_LIMIT:.0f} s"
    text = end.stdout.decode("utf-8", "replace")
    if end.code:
        return f"exit {end.code}: {text.strip().splitlines()[0] if text.strip() else ''}"
    return "" if end.stdout == test.expected() else "other output"


def counts(test: GoTest) -> Counts | None:
    """What our stacks did; None when the program failed."""
    with tempfile.TemporaryDirectory() as name:
        job = Job(None, ["run", "--stacks", "--json", str(test.path)], Path(name), limit=TIME_LIMIT)
        (end,) = run_jobs([job])
    if end.code:
        return None
    text = end.stderr.decode()
    report = json.loads(text[text.index("{") :])
    return Counts(report["growths"], report["shrinks"], report["largest_stack"])


def shown(n: int | None) -> str:
    """A count, when there is one."""
    return "" if n is None else f"{n:,}"


def main() -> None:
    print(f"{'':42}{'grows':>8}{'Go':>8}{'shrinks':>9}{'Go':>8}{'largest':>12}{'Go':>12}")
    for test in tests(corpus.fetch()):
        go, ours = PROGRAMS[test.name.removesuffix(".go")], counts(test)
        if ours is None:
            print(f"{test.name:42} does not run yet: imports {', '.join(sorted(test.imports))}")
            continue
        figures = ((ours.grows, go.grows, 8, 8), (ours.shrinks, go.shrinks, 9, 8), (ours.largest, go.largest, 12, 12))
        print(f"{test.name:42}" + "".join(f"{shown(a):>{n}}{shown(b):>{m}}" for a, b, n, m in figures), flush=True)
    failed = [(t, m, r) for t, m, r in runs(tests(corpus.fetch()), MODES, os.cpu_count() or 1) if r]
    for test, mode, why in failed:
        print(f"{test.name} {mode}: {why}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
