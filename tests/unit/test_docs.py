"""The commands in the README and the docs print what is shown there, and both languages show the same.

Blocks marked `console` are run from the project's folder, stdout and stderr together; environment variables may stand
before the command. A line `...` stands for any lines. What follows `(Pdb) ` is typed. Commands other than morestack's
own are not run.

Every figure is exact: growths, bytes copied, frames, pointers. `VARYING` masks only what the program does not decide:
addresses; how often the kernel switched threads, how many processors were taken from threads in system calls, and how
many threads that made; line numbers of our own Python source. Marks of a block:

- `figures`: the command measures time and memory. There any number, with its unit, stands for any other; so do `-` for
  what cannot be measured here, and the length of spaces. Only the commands in `MEASURING` may have this mark.
- `x86-64`: only on such a machine.
- `process`: while the program of docs/processes.md runs; `$PID` is its id; skipped where Go is missing.
- `service`: in a folder with examples/real/service, built by real Go, and profiles of it; skipped where Go is missing.
"""

import platform
import re
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.forked import Job, run_jobs
from tests.real.process import documented
from tests.real.service import service
from tests.real.toolchains import suite

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console((?: [\w-]+)*)\n(.*?)^```$", re.M | re.S)
FIGURE = re.compile(
    r"0x[0-9a-f]+|(?<![\w.])[-+]?\d[\d,.]*( (ns|µs|ms|s|B|KB|MB|GB|%)(?!\w))?|(?<= )-(?=\s)| \*|(?<= x)\d+"
)
VARYING = re.compile(
    r"0x[0-9a-f]+|\b1\d{14}\b|[\d,]+(?= times to wait| preempted)|(?<=taken from them )\d+|(?<=threads created) +\d+"
    r"|(?<=\.py[(:])\d+"
)
MEASURING = ("compare", "bench", "switch", "growth", "advise", "fleet", "stacks", "top")
STACK_LIMIT = 8 << 20
SETTING = re.compile(r"[A-Z_]+=")
TRANSLATED = [
    (ROOT / "README.md", ROOT / "README.zh.md"),
    *((ROOT / "docs" / page.name, page) for page in sorted((ROOT / "docs" / "zh").glob("*.md"))),
]


class Example(NamedTuple):
    """A command and the output that a page shows."""

    env: dict[str, str]
    argv: list[str]
    output: str
    marks: list[str]


def without_figures(text: str) -> str:
    """The text with numbers, addresses, marks and runs of spaces made equal."""
    return re.sub(r"(?: *#)+| +", lambda m: " # " if "#" in m[0] else " ", FIGURE.sub("#", text))


def without_addresses(text: str) -> str:
    """The text with what differs from run to run made equal."""
    return VARYING.sub("#", text)


def examples() -> list[Any]:
    """Every morestack command shown; what several pages show once."""
    found: dict[str, Any] = {}
    for page in PAGES:
        for marks, block in BLOCK.findall(page.read_text()):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                words = shlex.split(command)
                settings = [w for w in words if SETTING.match(w)]
                if words[len(settings)] == "morestack" and marks + part not in found:
                    example = Example(
                        dict(s.split("=", 1) for s in settings), words[len(settings) + 1 :], output, marks.split()
                    )
                    measures = words[len(settings) + 1] in MEASURING
                    assert ("figures" in marks) <= measures, f"{page.name}: {command} measures nothing"
                    slow = [pytest.mark.slow] if measures else []
                    found[marks + part] = pytest.param(example, id=f"{page.stem}-{command}"[:80], marks=slow)
    return list(found.values())


def matches(output: str, got: str) -> bool:
    """Whether what was printed is what is shown, where lines `...` stand for any."""
    shown = (re.escape(part) for part in re.split(r"^\.\.\.\n", output, flags=re.M))
    return re.fullmatch("(.*\n)*?".join(shown), got) is not None


@pytest.mark.parametrize("example", examples())
def test_output_is_real(example: Example) -> None:
    if "x86-64" in example.marks and platform.machine() != "x86_64":
        pytest.skip("of another machine")
    typed = "".join(re.findall(r"^\(Pdb\) (.*\n)", example.output, re.M))
    folder = service() if "service" in example.marks else ROOT
    with ExitStack() as running:
        argv = example.argv
        if "process" in example.marks:
            if suite() is None:
                pytest.skip("real Go is not there: pip install 'morestack[peer]'")
            pid = running.enter_context(documented())
            argv = [str(pid) if word == "$PID" else word for word in argv]
        job = Job(None, argv, folder, example.env, merged=True, limit=300.0, typed=typed.encode(), stack=STACK_LIMIT)
        got = next(run_jobs([job])).stdout.decode().replace(f"{ROOT}/", "")
        got = re.sub(r"\(/\S*/server\)", "(/usr/bin/server)", got)
    output = re.sub(r"^\(Pdb\) .*\n", "(Pdb) ", example.output, flags=re.M)
    if "figures" in example.marks:
        output, got = without_figures(output), without_figures(got)
    output, got = without_addresses(output), without_addresses(got)
    assert matches(output, got), got


def skeleton(page: Path) -> list[str]:
    """What two languages have in common: levels of headings, and blocks of commands and their output, in order."""
    text = page.read_text()
    parts = re.finditer(r"^(?:(#+) [^\n]+|(```console.*?^```))$", text, re.M | re.S)
    return [m[1] or m[2] for m in parts]


@pytest.mark.parametrize(("page", "translation"), TRANSLATED, ids=lambda page: page.name)
def test_languages_show_the_same(page: Path, translation: Path) -> None:
    assert skeleton(translation) == skeleton(page)
