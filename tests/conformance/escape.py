"""Go's escape analysis tests against ours: `python -m tests.conformance.escape [--update] [-v] [NAME...]`.

The tests are the `// errorcheck -0 ... -m -l` files of Go's `test/` directory. Imports other than `unsafe`
cannot be compiled yet: functions that use them are cut out of the file, with their annotations; a file that
does not compile without them is left out. Names of failures: `FILE LINE PATTERN` for an annotation that no message
meets, `FILE LINE + MESSAGE` for a message that no annotation expects.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from morestack.escape.analyze import analyze
from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from tests.conformance import corpus, known
from tests.conformance.errorcheck import annotations, compare

LIST = "escape_failures.txt"
_DIRECTIVE = re.compile(r"// errorcheck (.*)")
_IMPORTS = re.compile(r'^import\s*(?:\(([^)]*)\)|(?:[\w.]+\s+)?("[^"]+"))', re.M | re.S)
OTHER_PASSES = frozenset({"bounds.go", "uintptrescapes2.go"})
"""Their annotations are about bounds checks and liveness, later passes of gc."""
TOLERATED = frozenset({"missing function body", '"unsafe" imported and not used'})
"""The first is no error for gc's compiler on its own; the second is the cut's doing."""
SUPPORTED_IMPORTS = frozenset({"unsafe"})


@dataclass(slots=True)
class Outcome:
    """One file: how many annotations, and what went wrong."""

    name: str
    total: int
    cut: int = 0
    failures: list[str] = field(default_factory=list)
    missing: int = 0


def discover(folder: Path) -> Iterator[Path]:
    """The tests of `-m -l` without other flags that change messages, importing nothing we cannot compile."""
    for path in sorted(folder.rglob("*.go")):
        with path.open(encoding="utf-8", errors="replace") as f:
            found = _DIRECTIVE.match(f.readline())
        if found is None:
            continue
        flags = found[1].split()
        if "-m" not in flags or "-l" not in flags or any(f.startswith("-d=") for f in flags):
            continue
        if path.name not in OTHER_PASSES:
            yield path


def imports(text: str) -> set[str]:
    """The import paths of a file."""
    head = text.split("\nfunc ")[0]
    return {p for found in _IMPORTS.finditer(head) for p in re.findall(r'"([^"]+)"', found[1] or found[2])}


def without_imports(path: Path, text: str) -> str:
    """The text with what uses packages we cannot compile blanked, line by line."""
    unsupported = imports(text) - SUPPORTED_IMPORTS
    if not unsupported:
        return text
    file = parse_file(SourceFile(str(path), text.encode()), Diagnostics())
    if file is None:
        return text
    uses = re.compile(r"\b(?:" + "|".join(p.rpartition("/")[2] for p in sorted(unsupported)) + r")\.")
    data = text.encode()
    keep_unsafe = b'import "unsafe";' if "unsafe" in imports(text) else b""
    cuts = [i.span for i in file.imports] + [d.span for d in file.decls if uses.search(d.span.text())]
    for span in sorted(cuts, key=lambda span: -span.start):
        end = data.find(b"\n", span.end)
        end = end if end >= 0 else len(data)
        data = data[: span.start] + b"\n" * data.count(b"\n", span.start, end) + data[end:]
    data = re.sub(rb"import \(\s*\)", lambda m: b"\n" * m[0].count(b"\n"), data)
    data = re.sub(rb"(?m)^import *$", b"", data)
    return re.sub(rb"(?m)^package \w+", lambda m: m[0] + b"; " + keep_unsafe, data, count=1).decode()


def check(folder: Path, path: Path) -> Outcome:
    """Analyse one file and compare."""
    name = str(path.relative_to(folder))
    whole = path.read_text()
    text = without_imports(path, whole)
    wanted = annotations(text)
    outcome = Outcome(name, len(wanted), len(annotations(whole)) - len(wanted))
    if outcome.cut and not wanted:
        return outcome
    diagnostics = Diagnostics()
    file = parse_file(SourceFile(str(path), text.encode()), diagnostics)
    messages: list[tuple[int, str]] = []
    if file is not None and not diagnostics:
        checked = check_package("p", (file,), diagnostics)
        diagnostics.items = [d for d in diagnostics.items if d.message not in TOLERATED]
        if not diagnostics:
            messages = [(m.span.line, m.text) for m in analyze(checked).messages]
    if diagnostics:
        if imports(whole) - SUPPORTED_IMPORTS:
            return Outcome(name, 0, outcome.total + outcome.cut)
        outcome.failures.append(f"{name} 0 does not compile: {str(diagnostics.sorted()[0])[-120:]}")
        outcome.missing = len(wanted)
        return outcome
    missing, extra = compare(wanted, messages)
    outcome.missing = len(missing)
    outcome.failures += [f"{name} {w}" for w in missing]
    outcome.failures += [f"{name} {line} + {text}" for line, text in extra]
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.escape")
    parser.add_argument("names", nargs="*", help="only files whose name contains one of these")
    parser.add_argument("--update", action="store_true", help="rewrite the list of known failures")
    parser.add_argument("-v", action="store_true", help="print the failures")
    options = parser.parse_args()
    folder = corpus.fetch()
    met: Counter[str] = Counter()
    failures: dict[str, str] = {}
    print(f"{'file':44}{'annotations':>12}{'met':>6}{'unexpected':>12}{'left out':>10}")
    total = 0
    for path in discover(folder):
        if options.names and not any(n in str(path) for n in options.names):
            continue
        outcome = check(folder, path)
        met[outcome.name] = outcome.total - outcome.missing
        total += outcome.total
        extra = sum(1 for f in outcome.failures if " + " in f)
        print(f"{outcome.name:44}{outcome.total:12}{met[outcome.name]:6}{extra:12}{outcome.cut:10}")
        failures.update((f.replace("#", "\\x23"), "") for f in outcome.failures)
        if options.v:
            print("".join(f"    {f}\n" for f in outcome.failures), end="")
    print(f"{'all':44}{total:12}{met.total():6}{sum(1 for f in failures if ' + ' in f):12}")
    if options.update:
        known.write(LIST, failures, "Escape annotations that are not met, and messages not expected")
        return 0
    listed = {line for line in known.read(LIST) if not options.names or line.split(" ")[0] in met}
    for name in sorted(failures.keys() - listed):
        print(f"fails and is not listed: {name}")
    for name in sorted(listed - failures.keys()):
        print(f"is met and is listed as failing: {name}")
    return 1 if failures.keys() != listed else 0


if __name__ == "__main__":
    sys.exit(main())
