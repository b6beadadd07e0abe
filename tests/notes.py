"""`python -m tests.notes`: cited notes, links and paths lead somewhere.

A long reason in the code is headed `Note [Title]` and cited as `See Note [Title]`: every note is cited, and every cited
note exists. Every file that a link in the docs, or a comment, docstring or page mentions is there: a path is looked for
from the project's folder, from `src/morestack` and its folders, and from the mentioning file; a name without a folder
is that of some file of ours.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "morestack"
CITED = re.compile(r"[Ss]ee Note \[([^]]+)\]")
HEADED = re.compile(r"(?<!See )(?<!see )Note \[([^]]+)\]")
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
OURS = r"(?:src|tests|docs|examples|benchmarks|golib)/"
MENTIONED = re.compile(
    rf"(?<![\w/.*<{{-])((?:[\w-]+/)*[\w-]+\.(?:py|md)|{OURS}(?:[\w-]+/)*[\w-]+\.(?:go|txtar|txt))\b(?!\()"
)
NOT_OURS = ("file.py", "dialect_case_0.py", "src/a/a.go", "dispatch.py")
"""Names in examples."""


def notes() -> Iterator[str]:
    """One line for each dead or uncited note."""
    headed: dict[str, Path] = {}
    cited: dict[str, Path] = {}
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text()
        headed |= dict.fromkeys(HEADED.findall(text), path)
        cited |= dict.fromkeys(CITED.findall(text), path)
    yield from (f"{cited[n]}: no note is headed [{n}]" for n in sorted(cited.keys() - headed.keys()))
    yield from (f"{headed[n]}: nothing cites the note [{n}]" for n in sorted(headed.keys() - cited.keys()))


def pages() -> list[Path]:
    """The README and the docs."""
    return [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def links() -> Iterator[str]:
    """One line for each dead link."""
    for page in pages():
        for target in LINKED.findall(page.read_text()):
            if not (page.parent / target).exists():
                yield f"{page}: no file {target}"


def mentions() -> Iterator[str]:
    """One line for each file that is mentioned and is not there."""
    folders = ("src", "tests", "benchmarks", "examples")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file()]
    known = {p.name for p in [*files, *pages()]}
    sources = [p for p in files if p.suffix in (".py", ".go")]
    starts = [ROOT, ROOT / "src", SRC, *(p for p in SRC.iterdir() if p.is_dir())]
    for path in [*sources, *pages(), *(ROOT / "changelog.d").glob("*.md"), ROOT / "Makefile"]:
        text = path.read_text()
        for found in MENTIONED.finditer(text):
            name = found[1]
            there = name in known
            if "/" in name:
                there = any((start / name).exists() for start in (*starts, path.parent))
            if not there and name not in NOT_OURS:
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line}: no file {name}"


def problems() -> list[str]:
    """What is wrong, a line each."""
    return [*notes(), *links(), *mentions()]


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
