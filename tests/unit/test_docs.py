"""The commands in the README and the docs print what is shown there.

Blocks marked `console` are run from the project's folder, stdout and stderr together. `...` stands for the rest of
the output. Commands other than morestack's own are not run.
"""

import re
import shlex
from pathlib import Path

import pytest

from tests.forked import Job, run_jobs

ROOT = Path(__file__).parent.parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def examples() -> list[tuple[str, str, str]]:
    """(page, command, expected output) of every morestack command shown."""
    found: list[tuple[str, str, str]] = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in BLOCK.findall(page.read_text()):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                if command.startswith("morestack "):
                    found.append((page.name, command, output))
    return found


@pytest.mark.parametrize(("page", "command", "output"), examples(), ids=lambda text: text.split("\n")[0][:60])
def test_output_is_real(page: str, command: str, output: str) -> None:
    job = Job(None, shlex.split(command)[1:], ROOT, merged=True)
    got = next(run_jobs([job])).stdout.decode()
    if output.endswith("...\n"):
        output = output.removesuffix("...\n")
        got = got[: len(output)]
    assert got == output
