"""docs/architecture.md: a paragraph for each folder in the order of imports, the table of stages, and three walks."""

import configparser
import re
from pathlib import Path

import pytest

from morestack.build.stages import STAGES

ROOT = Path(__file__).parent.parent.parent
SRC = ROOT / "src" / "morestack"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
FILE = re.compile(r"^\d+\. .*?`([\w/]+\.py)`", re.M)


def walks() -> dict[str, list[str]]:
    """The files of each walk, by the line above its list."""
    parts = re.findall(r"^([^\n]+:)\n\n((?:\d+\. .*\n)+)", PAGE, re.M)
    return {title: FILE.findall(steps) for title, steps in parts}


def test_there_are_three_walks_and_every_step_names_a_file() -> None:
    assert len(walks()) == 3
    steps = re.findall(r"^\d+\. ", PAGE, re.M)
    assert len(steps) == sum(map(len, walks().values()))


@pytest.mark.parametrize("title", walks())
def test_a_walk_visits_files_that_exist_and_none_twice(title: str) -> None:
    files = walks()[title]
    assert [f for f in files if not (SRC / f).is_file()] == []
    assert sorted(files) == sorted(set(files))


def test_every_folder_has_a_paragraph_in_the_order_of_imports() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    layers = config["importlinter:contract:layers"]["layers"].split()
    wanted = [layer.strip("()").removeprefix("morestack.") for layer in reversed(layers)]
    assert re.findall(r"^\*\*`(\w+)/`\*\*", PAGE, re.M) == [name for name in wanted if (SRC / name).is_dir()]


def stage_rows() -> list[str]:
    """The table of stages as the page should have it."""
    return [
        f"| `{s.name}` | {s.doc} | {'; '.join(f'`{needed.name}`: {why}' for needed, why in s.after.items()) or '-'} |"
        for s in STAGES
    ]


def test_the_stages_are_those_of_the_table() -> None:
    rows = PAGE.partition("| stage |")[2].partition("\n\n")[0].splitlines()[2:]
    assert rows == stage_rows()


@pytest.mark.parametrize("readme", sorted(ROOT.glob("README*.md")), ids=lambda page: page.name)
def test_the_readme_names_the_stages_that_are_shown(readme: Path) -> None:
    (row,) = re.findall(r"^\| `morestack show .*", readme.read_text(), re.M)
    shown = re.findall(r"`(\w+)`", re.split("[;；]", row)[0])
    assert shown == [s.name for s in STAGES if s.name != "object"]
