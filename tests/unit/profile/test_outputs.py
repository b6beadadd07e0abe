"""The output formats hold what other tools read; budgets find what is over them."""

import json
import re
from pathlib import Path

import pytest

from morestack.process.model import Frame, Goroutine, Place, Snapshot
from morestack.profile.annotate import Sources, github, sarif, text
from morestack.profile.budget import Budget, Limit, check_snapshot, over, read_budget, unchecked_text
from morestack.profile.errors import ProfileError
from morestack.profile.formats import FORMATS
from morestack.profile.paths import Table, of_snapshot

INNER = Frame("main.inner[struct { X int; Y int }]", "example.com/m/a.go", 3, 0x1001, 0, True)
OUTER = Frame("main.outer", "example.com/m/a.go", 9, 0x1001, 96)
MAIN = Frame("main.main.gowrap1", "example.com/m/b.go", 20, 0x2001, 5000)
GOROUTINE = Goroutine(1, "waiting", path=(INNER, OUTER, MAIN), count=3, used_bytes=5128, stack_lo=0, stack_hi=8192)
SNAPSHOT = Snapshot("a <b>", [GOROUTINE], notes=["</script><b>"])


def test_values() -> None:
    paths = of_snapshot(SNAPSHOT)
    assert [kind.name for kind in paths.types] == ["goroutines", "stack_bytes", "stack_used", "frame_bytes"]
    assert list(paths.rows.values()) == [[3, 24576, 15384, 0], [0, 0, 0, 288], [0, 0, 0, 15000]]
    guessed = of_snapshot(Snapshot("x", [Goroutine(1, "", path=(OUTER, MAIN))]))
    assert guessed.rows[OUTER, MAIN][1] == 8192 and "least" in guessed.notes[-1]


def test_folded() -> None:
    assert FORMATS["folded"](of_snapshot(SNAPSHOT)).decode() == (
        "main.main.gowrap1;main.outer;main.inner[struct { X int, Y int }] 24576\n"
    )


def test_speedscope() -> None:
    found = json.loads(FORMATS["speedscope"](of_snapshot(SNAPSHOT)))
    assert [(p["name"], p["unit"], p["endValue"]) for p in found["profiles"]][1:] == [
        ("stack_bytes", "bytes", 24576),
        ("stack_used", "bytes", 15384),
        ("frame_bytes", "bytes", 15288),
    ]
    names = [f["name"] for f in found["shared"]["frames"]]
    assert [names[i] for i in found["profiles"][0]["samples"][0]] == [MAIN.function, OUTER.function, INNER.function]


def test_html_is_one_page_that_asks_for_nothing() -> None:
    paths = of_snapshot(SNAPSHOT)
    paths.tables.append(Table("t", ("name", "share"), [("</script>", 0.5)]))
    page = FORMATS["html"](paths).decode()
    assert "<title>a &lt;b&gt; - morestack</title>" in page
    assert "default-src 'none'" in page and not re.search(r"https?://|\bsrc=|@import|url\(", page)
    assert page.count("</script>") == 2  # of the data and of the code: no name ends them
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["rows"][0] == [[0, 1, 2], [3, 24576, 15384, 0]] and data["notes"] == ["</script><b>"]


def budget(tmp_path: Path, text: str) -> str:
    file = tmp_path / "stacks.toml"
    file.write_text(text)
    return str(file)


def test_budget(tmp_path: Path) -> None:
    file = budget(
        tmp_path,
        '[frames]\n"main.outer" = 96\n"main.*" = "4 KB"\n[stacks]\n"main.main b.go*" = "4KB"\n'
        "[total]\ngoroutines = 2\nstack_bytes = 24576\n",
    )
    found = check_snapshot(read_budget(file), SNAPSHOT)
    assert [(f.rule, f.value, f.most) for f in found] == [
        ("frame", 5000, 4096),
        ("stack", 8192, 4096),
        ("total", 3, 2),
    ]
    assert text(found).splitlines()[:2] == [
        f'over budget: main.main.gowrap1 has a frame of 5,000 bytes, 4,096 are allowed ({file}: "main.*")',
        "        5,000 main.main.gowrap1 example.com/m/b.go:20",
    ]
    assert [f.rule for f in check_snapshot(over(8191), SNAPSHOT)] == ["stack"]
    assert check_snapshot(over(8192), SNAPSHOT) == []


def test_a_stack_over_budget_names_the_function_that_was_started() -> None:
    goexit = Frame("runtime.goexit", "/go/asm.s", 1, 0x3001, 8)
    go = Place("main.main", "b.go", 20)
    found = []
    for start, path in (
        (Place("main.outer"), (OUTER, MAIN, goexit)),  # of a process: the record tells the start
        (None, (OUTER, MAIN, goexit)),
        (Place("main.cut"), (INNER,)),
    ):
        g = Goroutine(7, "waiting", path=path, creator=go, start=start, stack_lo=0, stack_hi=8192)
        found += [f.message for f in check_snapshot(over(8191), Snapshot("x", [g])) if f.rule == "stack"]
    assert [text.partition(" has ")[0] for text in found] == [
        "a goroutine of main.main b.go:20 (main.outer)",
        "a goroutine of main.main b.go:20 (main.outer)",
        "a goroutine of main.main b.go:20 (main.cut)",
    ]
    main = Goroutine(1, "waiting", path=(OUTER, Frame("runtime.main"), goexit), stack_lo=0, stack_hi=8192)
    (finding,) = check_snapshot(over(8191), Snapshot("x", [main]))
    assert finding.place == Place("runtime.main")


def test_what_could_not_be_checked_is_counted() -> None:
    sized = Goroutine(1, "", path=(OUTER, MAIN), creator=Place("main.main"), count=2)
    unsized = Goroutine(2, "", path=(Frame("main.f"),), creator=Place("main.main"), count=3)
    unnamed = Goroutine(3, "", path=(Frame("main.g", frame_bytes=8),), count=5)  # `go main.g`, by nobody knows whom
    limits = Budget("b", stacks=[Limit("main.main*", 1 << 20)])
    assert check_snapshot(limits, Snapshot("x", [sized, unsized, unnamed])) == []
    assert (limits.checked, limits.unchecked, limits.blind()) == ({"goroutines": 2}, {"goroutines": 8}, False)
    blind = Budget("b", stacks=[Limit("main.main*", 1 << 20)])
    check_snapshot(blind, Snapshot("x", [unsized, unnamed]))
    assert blind.blind() and unchecked_text(blind).startswith("note: 8 goroutines could not be checked against b: ")
    started = Budget("b", stacks=[Limit("go main.g", 1 << 20)])
    check_snapshot(started, Snapshot("x", [unnamed]))
    assert (started.checked, started.unchecked) == ({"goroutines": 5}, {})
    frames = over(1 << 20)
    check_snapshot(frames, Snapshot("x", [unsized]))
    assert frames.blind()
    total = Budget("b", total={"used_bytes": 7})
    check_snapshot(total, Snapshot("x", [unsized]))
    assert total.blind()


def test_patterns_take_brackets_as_they_are() -> None:
    assert Limit("main.(*T).f[*]", 1).matches("main.(*T).f[go.shape.int]")
    assert not Limit("main.[ab]", 1).matches("main.a")
    assert Limit("main.?", 1).matches("main.a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[frame]\n", r"\[frame\] is none of \[frames\]"),
        ('[frames]\n"a" = "4 XB"\n', "is not a size"),
        ("[total]\nbytes = 1\n", "total.bytes is none of"),
        ("[growth]\nshare = 2\n", "between 0 and 1"),
        ("frames", "is not TOML"),
    ],
)
def test_bad_budgets_say_why(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        read_budget(budget(tmp_path, content))


def test_annotations_name_files_as_the_repository_has_them(tmp_path: Path) -> None:
    found = check_snapshot(over(4096), SNAPSHOT)
    sources = Sources("example.com/m", str(tmp_path))
    assert github(found, sources).startswith("::error file=b.go,line=20,title=A function's frame")
    assert "%0Amain.main.gowrap1 example.com/m/b.go:20" in github(found, sources)
    log = json.loads(sarif(found, sources))
    result = log["runs"][0]["results"][0]
    assert result["ruleId"] == "morestack/frame"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.go"
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert steps[0]["location"]["message"]["text"] == "main.main.gowrap1 (5,000 bytes)"
    assert Sources("", str(tmp_path)).relative(str(tmp_path / "x" / "a.go")) == "x/a.go"
    assert Sources("", str(tmp_path)).relative("/usr/lib/go/src/fmt/print.go") is None


def test_a_place_outside_the_repository_gives_way_to_its_caller() -> None:
    g = Goroutine(1, "", path=(Frame("fmt.big", "fmt/print.go", 1, 1, 9000), MAIN), creator=Place("main.main"))
    (found,) = [f for f in check_snapshot(over(8999), Snapshot("x", [g])) if f.rule == "frame"]
    assert github([found], Sources("example.com/m")).startswith("::error file=b.go,line=20,")
