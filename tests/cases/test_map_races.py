"""Goroutines on several processors that use a map at the same time end the program, with Go's words. Whether two do
meet is up to the machine, so they go on until they have."""

from pathlib import Path

import pytest

from tests.forked import run_one

LIMIT = 60.0
WRITE = "for i := 0; ; i++ {\n\t\t\tm[i&1023] = i\n\t\t}"
GROW = "for i := 0; ; i++ {\n\t\t\tm[i&1023] = i\n\t\t\tdelete(m, (i+512)&1023)\n\t\t}"
READ = "for i := 0; ; i++ {\n\t\t\tsum += m[i&1023]\n\t\t}"
RANGE = "for {\n\t\t\tfor _, v := range m {\n\t\t\t\tsum += v\n\t\t\t}\n\t\t}"
CLEAR = "for {\n\t\t\tclear(m)\n\t\t}"
CASES = {
    "writes": (WRITE, WRITE, "concurrent map writes"),
    "write and clear": (WRITE, CLEAR, "concurrent map writes"),
    "write and delete": (WRITE, GROW, "concurrent map writes"),
    "write and read": (GROW, READ, "concurrent map read and map write"),
    "write and iteration": (WRITE, RANGE, "concurrent map iteration and map write"),
}


def program(one: str, other: str) -> str:
    """Two goroutines that do this to a map."""
    return f"""package main

func main() {{
	m := map[int]int{{1: 1}}
	go func() {{
		sum := 0
		_ = sum
		{one}
	}}()
	go func() {{
		sum := 0
		_ = sum
		{other}
	}}()
	select {{}}
}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("procs", ["2", "4"])
@pytest.mark.parametrize("name", CASES)
def test_two_goroutines_meet_in_a_map(name: str, procs: str, tmp_path: Path) -> None:
    one, other, text = CASES[name]
    (tmp_path / "main.go").write_text(program(one, other))
    end = run_one(["run", "main.go"], tmp_path, {"GOMAXPROCS": procs}, limit=LIMIT)
    assert end.code == 2, end.stderr
    first, empty, header, *frames = end.stderr.decode().splitlines()
    assert (first, empty) == (f"fatal error: {text}", "") and header.endswith(" [running]:"), end.stderr
    assert frames[0].startswith("main.main.func"), end.stderr
