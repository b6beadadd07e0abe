"""The commands growth, advise and fleet: their forms of output, budgets, and errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from morestack.cli.main import main
from morestack.process.model import Goroutine, Snapshot
from morestack.profile.formats.pprof import pprof
from morestack.profile.model import ValueType
from morestack.profile.paths import PathSet, of_snapshot
from tests.unit.profile.test_growth import ITEMS, LOGGED, runtime

ROOT = Path(__file__).parent.parent.parent.parent


def run(*argv: str) -> Result:
    return CliRunner().invoke(main, argv)


@pytest.fixture
def cpu(tmp_path: Path) -> str:
    """A third of the time in growing, without a binary."""
    paths = PathSet("x", (ValueType("samples", "count"), ValueType("cpu", "nanoseconds")))
    paths.add(runtime("copystack", "newstack") + ITEMS, samples=20, cpu=200_000_000)
    paths.add(runtime("newstack") + LOGGED, samples=10, cpu=100_000_000)
    paths.add(ITEMS, samples=60, cpu=600_000_000)
    file = tmp_path / "cpu.pb.gz"
    file.write_bytes(pprof(paths))
    return str(file)


@pytest.fixture
def goroutines(tmp_path: Path) -> str:
    paths = of_snapshot(Snapshot("x", [Goroutine(None, "", path=ITEMS, count=7)]))
    paths.types = (ValueType("goroutine", "count"), *paths.types[1:])
    file = tmp_path / "goroutines.pb.gz"
    file.write_bytes(pprof(paths))
    return str(file)


def test_growth(cpu: str) -> None:
    result = run("growth", cpu, "--limit", "1")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"33.3% of 900 ms goes into growing stacks, in {cpu}"
    assert " 22.2%    200 ms  main.items" in lines
    assert " 33.3%    300 ms  main.accept server.go:46 (main.traced)" in lines


def test_growth_in_other_forms(cpu: str, tmp_path: Path) -> None:
    found = json.loads(run("growth", cpu, "--json").stdout)
    assert (found["schema"], found["growing"]["share"]) == ("morestack.growth/1", 0.333333)
    assert run("growth", cpu, "--format", "folded").stdout.splitlines()[0].endswith("main.timed;main.items 200000000")
    page = tmp_path / "page.html"
    assert run("growth", cpu, "--format", "html", "-o", str(page)).output == ""
    assert page.read_text().startswith("<!doctype html>")
    assert "exclude each other" in run("growth", cpu, "--json", "--format", "folded").output


def test_growth_within_a_budget(cpu: str, tmp_path: Path) -> None:
    budget = tmp_path / "stacks.toml"
    budget.write_text("[growth]\nshare = 0.34\n")
    assert run("growth", cpu, "--budget", str(budget)).exit_code == 0
    budget.write_text("[growth]\nshare = 0.05\n")
    sarif = tmp_path / "out.sarif"
    result = run("growth", cpu, "--budget", str(budget), "--sarif", str(sarif), "--github")
    assert result.exit_code == 1
    assert "over budget: 33.3% of the time goes into growing stacks, 5.0% is allowed" in result.stderr
    assert "main.accept.gowrap1" in result.stderr
    assert "::error title=Growing stacks takes more time" in result.stdout
    assert json.loads(sarif.read_text())["runs"][0]["results"][0]["ruleId"] == "morestack/growth"
    assert "go with --budget" in run("growth", cpu, "--github").output


def test_a_budget_that_nothing_can_be_checked_against_is_not_met(cpu: str, goroutines: str) -> None:
    result = run("stacks", goroutines, "--fail-over", "1MB")
    assert result.exit_code == 1
    assert "note: 7 goroutines could not be checked against --fail-over" in result.stderr
    assert result.stderr.endswith("nothing could be checked against --fail-over\n")
    assert run("growth", cpu, "--fail-over", "1MB").exit_code == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_disk_is_one_clear_line(cpu: str, form: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        argv = [sys.executable, "-m", "morestack", "growth", cpu, *form]
        result = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (1, "cannot write: No space left on device\n")


def test_a_bad_budget_is_found_before_the_work(cpu: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[stacks")
    for file, message in ((str(bad), "is not TOML"), ("/none.toml", "cannot read /none.toml")):
        result = run("growth", cpu, "--budget", file)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr


def test_advice_needs_sizes(cpu: str, goroutines: str) -> None:
    result = run("advise", cpu, goroutines)
    assert result.exit_code == 0, result.output
    assert "Left out, as no frame of theirs has a known size (give --binary): 7 goroutines." in result.output
    assert json.loads(run("advise", cpu, "--json").stdout)["advice"] == []


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["growth", "{goroutines}"], "is of goroutines, not a CPU profile (/debug/pprof/profile)"),
        (["growth", "/none"], "cannot read /none: No such file or directory"),
        (["growth", "{cpu}", "--binary", "{cpu}"], "not an ELF, Mach-O or PE executable"),
        (["growth", "{cpu}", "--binary", "/none"], "/none: No such file or directory"),
        (["growth", "{cpu}", "-o", "/none/x"], "cannot write /none/x: No such file or directory"),
        (["advise", "http://127.0.0.1:9/debug"], "cannot fetch http://127.0.0.1:9/debug: "),
        (["fleet", "collect", "/none/*.gz", "-o", "x.parquet"], "no file matches /none/*.gz"),
        (["fleet", "query", "/none", "top"], "no collection /none"),
    ],
)
def test_errors_are_one_line(argv: list[str], message: str, cpu: str, goroutines: str) -> None:
    result = run(*(a.format(cpu=cpu, goroutines=goroutines) for a in argv))
    assert result.exit_code == 1
    assert message in result.output and result.output.count("\n") == 1, result.output


def test_fleet(cpu: str, goroutines: str, tmp_path: Path) -> None:
    (tmp_path / "bad.pb.gz").write_bytes(b"\x1f\x8bno")
    output = str(tmp_path / "stacks.parquet")
    pattern = f"{tmp_path}/*.pb.gz"
    result = run("fleet", "collect", pattern, "-o", output)
    assert (result.exit_code, result.stdout) == (0, f"2 of 3 profiles read, 13 rows in {output}; 1 skipped\n")
    assert result.stderr.startswith(f"skipped {tmp_path}/bad.pb.gz: is damaged")
    assert run("fleet", "collect", pattern, "-o", output, "--strict").exit_code == 1
    assert json.loads(run("fleet", "collect", pattern, "-o", output, "--json").stdout)["rows"] == 13
    answer = run("fleet", "query", output, "growth").stdout.splitlines()
    assert answer[0].split() == ["version", "statement", "asked", "by", "profiles", "nanoseconds"]
    assert answer[1].split()[-3:] == ["main.items", "1", "200,000,000"]
    assert answer[-1] == "1 profiles were skipped when this was collected."
    sql = run("fleet", "query", output, "--sql", "SELECT count(*) AS n FROM paths", "--json")
    assert json.loads(sql.stdout)["rows"] == [{"n": 3}]
    assert "Give a question or --sql" in run("fleet", "query", output).output


def test_the_workflow_uses_what_there_is() -> None:
    flow = yaml.safe_load((ROOT / "docs" / "stacks-workflow.yml").read_text())
    steps = [step["run"] for step in flow["jobs"]["stacks"]["steps"] if "run" in step]
    commands = [line.split() for step in steps for line in step.splitlines() if line.startswith("morestack ")]
    assert len(commands) == 2
    for _, name, *argv in commands:
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        options = {option for p in command.params for option in p.opts}
        assert {a for a in argv if a.startswith("-")} <= options
