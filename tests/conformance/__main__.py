"""`python -m tests.conformance [--update] [--discipline D] [NAME...]`: run Go's own tests and print a table.

Exits 1 when a test fails that is not on the list of known failures, or passes though it is. Under a stack discipline
other than the default a list of its own names what fails there and not elsewhere.
"""

import argparse
import json
import os
import sys
from collections import Counter

from morestack.engine.disciplines import VARIABLE, disciplines
from tests.conformance import corpus, gotest, known

LIST = "gotest_failures.txt"
DEFAULT = disciplines()[0]


def directory(name: str) -> str:
    """The table's row for a test."""
    return name.rpartition("/")[0] or "."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("names", nargs="*", help="only tests whose name contains one of these")
    parser.add_argument("--update", action="store_true", help="rewrite the list of known failures")
    parser.add_argument("--output", action="store_true", help="show what failing tests printed")
    parser.add_argument("--discipline", default=DEFAULT, choices=disciplines(), help="how stacks grow")
    parser.add_argument("--json", action="store_true", help="the table as JSON")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    tests = gotest.supported(corpus.fetch())
    if options.names:
        tests = [t for t in tests if any(name in t.name for name in options.names)]
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    failures: dict[str, str] = {}
    for number, outcome in enumerate(gotest.run_all(tests, options.workers, {VARIABLE: options.discipline}), 1):
        name = outcome.test.name
        (failed if outcome.reason else passed)[directory(name)] += 1
        if outcome.reason:
            first = next((line for line in outcome.output.decode(errors="replace").splitlines() if line.strip()), "")
            failures[name] = f"{outcome.reason}: {first[:90]}"
            if options.output:
                print(f"--- {name}: {outcome.reason}\n{outcome.output.decode(errors='replace')[:2000]}")
        if sys.stderr.isatty():
            print(f"\r\x1b[K{number}/{len(tests)} {name}", end="", file=sys.stderr)
    if options.json:
        rows = {row: {"passed": passed[row], "failed": failed[row]} for row in sorted(passed | failed)}
        print(json.dumps({"directories": rows, "failures": failures}, indent=1))
        return 0
    print(f"\n{'directory':28}{'passed':>8}{'failed':>8}")
    for row in sorted(passed | failed):
        print(f"{row:28}{passed[row]:8}{failed[row]:8}")
    print(f"{'all':28}{passed.total():8}{failed.total():8}")
    usual = options.discipline == DEFAULT
    if options.update and usual:
        known.write(LIST, failures, "Go's `// run` tests that import only what programs can import and fail, and how")
        return 0
    expected = known.read(LIST)
    if not usual:
        own = f"gotest_failures_{options.discipline}.txt"
        if options.update:
            more = {name: why for name, why in failures.items() if name not in expected}
            known.write(own, more, f"Go's tests that fail under --discipline {options.discipline} only, and how")
            return 0
        expected = expected | known.read(own)
    expected = expected & {t.name for t in tests}
    new, fixed = sorted(failures.keys() - expected), sorted(expected - failures.keys())
    for name in new:
        print(f"fails and is not listed: {name}  # {failures[name]}")
    for name in fixed:
        print(f"passes and is listed as failing: {name}")
    return 1 if new or fixed else 0


if __name__ == "__main__":
    sys.exit(main())
