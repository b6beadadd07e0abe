"""The commands in the README and the docs print what is shown there.

Blocks marked `console` are run from the project's folder, stdout and stderr together. `...` stands for the rest of
the output. Commands other than morestack's own are not run. In blocks marked `console figures` numbers are measured:
there any number, with its unit, stands for any other, and so do addresses, `-` for what cannot be measured here, and
the length of spaces.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Job, run_jobs

ROOT = Path(__file__).parent.parent.parent
BLOCK = re.compile(r"^```console( figures)?\n(.*?)^```$", re.M | re.S)
FIGURE = re.compile(r"0x[0-9a-f]+|(?<![\w.])[-+]?\d[\d,.]*( (ns|µs|ms|s|B|KB|MB|GB|%)(?!\w))?|(?<= )-(?=\s)| \*")


def without_figures(text: str) -> str:
    """The text with numbers, addresses, marks and runs of spaces made equal."""
    return re.sub(r"(?: *#)+| +", lambda m: " # " if "#" in m[0] else " ", FIGURE.sub("#", text))


def examples() -> list[Any]:
    """(page, command, expected output, whether figures may differ) of every morestack command shown."""
    found: list[Any] = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for figures, block in BLOCK.findall(page.read_text()):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                if command.startswith("morestack "):
                    marks = [pytest.mark.slow] if figures else []
                    found.append(pytest.param(page.name, command, output, bool(figures), marks=marks))
    return found


@pytest.mark.parametrize(
    ("page", "command", "output", "figures"), examples(), ids=lambda part: str(part).split("\n")[0][:60]
)
def test_output_is_real(page: str, command: str, output: str, figures: bool) -> None:
    job = Job(None, shlex.split(command)[1:], ROOT, merged=True, limit=300.0)
    got = next(run_jobs([job])).stdout.decode()
    if figures:
        output, got = without_figures(output), without_figures(got)
    if output.endswith("...\n"):
        output = output.removesuffix("...\n")
        got = got[: len(output)]
    assert got == output
