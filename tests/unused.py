"""`python -m tests.unused`: the functions, methods and classes of `src` that nobody uses. There must be none.

Vulture finds what no Python source names, tests and benchmarks included. Names that are used from outside Python are
known from where they are used: calls that compiled code makes of the runtime, functions that Go binds by
`//go:linkname`, cells that the engine calls, and the dialect's intrinsics, which its two compilers find by name.
`BY_NAME` has the rest, each with its reason.
"""

import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from vulture import Vulture

from morestack.ir.runtime_calls import RUNTIME_CALLS

ROOT = Path(__file__).parent.parent
KINDS = ("function", "method", "class", "property", "import", "unreachable_code")
BY_NAME = {
    "cli/main.py:list_commands": "click calls it",
    "cli/fleet.py:*_command": "click calls it",
    "process/screen.py:compose": "Textual calls it",
    "process/screen.py:on_*": "Textual calls it",
    "process/screen.py:action_*": "Textual calls it, by the names of BINDINGS",
    "engine/stepping.py:user_call": "pdb calls it",
    "dialect/machine.py:__class_getitem__": "Python calls it, for Ptr[T]",
    "dialect/lower_call.py:call_*": "the compiler of the dialect finds intrinsics by name",
    "dialect/subset_call.py:call_*": "the checker of the dialect finds intrinsics by name",
}
"""Path below src/morestack and name: who uses it."""


def named_elsewhere() -> set[str]:
    """The functions of the runtime that Go, compiled code and the engine name."""
    names = {str(name) for name in RUNTIME_CALLS}
    for path in (ROOT / "src").rglob("*.go"):
        names |= set(re.findall(r"^//go:linkname \w+ runtime\.(\w+)", path.read_text(), re.M))
    for path in (ROOT / "src/morestack/engine").rglob("*.py"):
        names |= set(re.findall(r'\.call\("(\w+)"', path.read_text()))
    return names


def problems() -> list[str]:
    """One line for each thing nobody uses, and for each name of `BY_NAME` that is gone."""
    vulture = Vulture()
    vulture.scavenge([str(ROOT / folder) for folder in ("src", "tests", "benchmarks")])
    elsewhere, seen, found = named_elsewhere(), set(), []
    for item in vulture.get_unused_code(min_confidence=60):
        path = Path(item.filename).relative_to(ROOT)
        if path.parts[0] != "src" or item.typ not in KINDS:
            continue
        if item.name in elsewhere and path.parts[2] in ("runtime", "interp"):
            continue
        where = f"{Path(*path.parts[2:]).as_posix()}:{item.name}"
        if rules := [rule for rule in BY_NAME if fnmatchcase(where, rule)]:
            seen |= set(rules)
            continue
        found.append(f"{path}:{item.first_lineno}: unused {item.typ} {item.name}")
    return found + [f"tests/unused.py: {rule} is used, or gone" for rule in sorted(BY_NAME.keys() - seen)]


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
