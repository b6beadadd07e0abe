"""`python -m tests.notes`: every cited note exists and is cited, and every path the docs name is there.

A long reason in the code is headed `Note [Title]` and cited as `See Note [Title]`.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CITED = re.compile(r"[Ss]ee Note \[([^]]+)\]")
HEADED = re.compile(r"(?<!See )(?<!see )Note \[([^]]+)\]")
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def problems() -> list[str]:
    """One line per dead or uncited note and per dead link."""
    headed: dict[str, Path] = {}
    cited: dict[str, Path] = {}
    found: list[str] = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text()
        headed |= dict.fromkeys(HEADED.findall(text), path)
        cited |= dict.fromkeys(CITED.findall(text), path)
    found += [f"{cited[n]}: no note is headed [{n}]" for n in sorted(cited.keys() - headed.keys())]
    found += [f"{headed[n]}: nothing cites the note [{n}]" for n in sorted(headed.keys() - cited.keys())]
    for page in [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in LINKED.findall(page.read_text()):
            if not (page.parent / target).exists():
                found.append(f"{page}: no file {target}")
    return found


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
