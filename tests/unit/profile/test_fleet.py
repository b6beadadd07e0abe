"""A folder of profiles becomes one table; what cannot be read is told; the ready questions answer."""

from pathlib import Path

import pytest

from morestack.process.model import Frame, Goroutine, Snapshot
from morestack.profile.errors import ProfileError
from morestack.profile.fleet.collect import collect, parse_version
from morestack.profile.fleet.query import QUESTIONS, query
from morestack.profile.fleet.rows import Version
from morestack.profile.formats.pprof import pprof
from morestack.profile.model import ValueType
from morestack.profile.paths import PathSet, of_snapshot

pytest.importorskip("duckdb")

LEAF = Frame("main.leaf", "a.go", 3, 0x1001, 96)
ROOT = Frame("main.main.gowrap1", "a.go", 20, 0x2001, 400)


def write(folder: Path, name: str, day: int, goroutines: int) -> None:
    paths = of_snapshot(Snapshot("x", [Goroutine(None, "", path=(LEAF, ROOT), count=goroutines)], taken=day * 86400.0))
    paths.types = (ValueType("goroutine", "count"), *paths.types[1:])
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(pprof(paths))


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    for day in range(1, 6):
        write(tmp_path, f"day{day}/host-a.pb.gz", day, 10)
        write(tmp_path, f"day{day}/host-b.pb.gz", day, 900 if day == 5 else 11)
    growing = PathSet("x", (ValueType("samples", "count"), ValueType("cpu", "nanoseconds")), taken=86400.0)
    growing.add((Frame("runtime.newstack"), LEAF, ROOT), samples=1, cpu=10_000_000)
    (tmp_path / "day1" / "cpu.pb.gz").write_bytes(pprof(growing))
    (tmp_path / "day2" / "broken.pb.gz").write_bytes(b"\x1f\x8b not gzip")
    heap = PathSet("x", (ValueType("inuse_space", "bytes"),))
    heap.add((LEAF,), inuse_space=1)
    (tmp_path / "day3" / "heap.pb.gz").write_bytes(pprof(heap))
    return tmp_path


def test_collecting_skips_nothing_silently(fleet: Path) -> None:
    output = str(fleet / "stacks.parquet")
    done = collect([f"{fleet}/**/*.pb.gz"], [], output, jobs=1)
    assert (done.files, done.read, done.rows) == (13, 11, 10 * 2 + 2)
    assert [(Path(name).name, reason[:20]) for name, reason in done.skipped] == [
        ("broken.pb.gz", "is damaged: unknown "),
        ("heap.pb.gz", "it counts inuse_spac"),
    ]
    answer = query(output, None, "SELECT count(*), sum(goroutines) FILTER (depth = 0) FROM rows")
    assert answer.rows == [(22, 10 * 5 + 11 * 4 + 900)]
    assert [Path(name).name for name, _ in answer.skipped] == ["broken.pb.gz", "heap.pb.gz"]


def test_ready_questions(fleet: Path) -> None:
    output = str(fleet / "stacks.parquet")
    collect([f"{fleet}/**/*.pb.gz"], [], output, jobs=1)
    top = query(output, "top")
    assert [str(row[0])[:10] for row in top.rows] == [f"1970-01-0{day}" for day in range(2, 7)]
    outliers = query(output, "outliers")
    assert [(Path(row[0]).parent.name, row[4], row[5]) for row in outliers.rows] == [("day5", 900, 11)]
    assert query(output, "growth").rows == [("", "main.main a.go:20 (main.leaf)", "main.leaf", 1, 10_000_000)]
    for name in QUESTIONS:
        query(output, name, every="1 hour")


def test_versions_are_compared(tmp_path: Path) -> None:
    import duckdb

    collect_one = tmp_path / "one.parquet"
    write(tmp_path, "a/x.pb.gz", 1, 10)
    collect([f"{tmp_path}/a/*.gz"], [], str(collect_one), jobs=1)
    both = tmp_path / "both.parquet"
    older = (
        "SELECT * REPLACE ('v1' AS version, 96 AS frame_bytes, 528 * goroutines AS used_bytes, "
        "2048 * goroutines AS stack_bytes)"
    )
    newer = (
        "SELECT * REPLACE ('v2' AS version, 4096 AS frame_bytes, 4600 * goroutines AS used_bytes, "
        "8192 * goroutines AS stack_bytes, taken + INTERVAL 1 DAY AS taken)"
    )
    source = f"FROM '{collect_one}'"
    duckdb.sql(f"COPY ({older} {source} UNION ALL {newer} {source}) TO '{both}' (FORMAT parquet)")
    assert query(str(both), "regressions").rows == [
        ("v1", "v2", "main.main a.go (main.leaf)", 528, 4600, 2048, 8192, True)
    ]
    assert [row[2:] for row in query(str(both), "frames").rows] == [
        ("main.leaf", 96, 4096),
        ("main.main.gowrap1", 96, 4096),
    ]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same(fleet: Path) -> None:
    distributed = pytest.importorskip("distributed")
    here, there = str(fleet / "here.parquet"), str(fleet / "there.parquet")
    collect([f"{fleet}/**/*.pb.gz"], [], here, jobs=1)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as cluster:
        done = collect([f"{fleet}/**/*.pb.gz"], [], there, dask=cluster.scheduler_address)
    assert (done.read, len(done.skipped)) == (11, 2)
    sql = "SELECT * FROM rows ORDER BY ALL"
    assert query(there, None, sql).rows == query(here, None, sql).rows
    assert query(there, "top").skipped == query(here, "top").skipped
    with pytest.raises(ProfileError, match="cannot reach the Dask scheduler"):
        collect([f"{fleet}/**/*.pb.gz"], [], there, dask="tcp://127.0.0.1:9")


def test_errors_are_clear(tmp_path: Path) -> None:
    output = str(tmp_path / "x.parquet")
    with pytest.raises(ProfileError, match="no file matches"):
        collect([f"{tmp_path}/*.gz"], [], output)
    (tmp_path / "bad.gz").write_bytes(b"no")
    with pytest.raises(ProfileError, match=r"none of 1 files could be read: .*bad.gz: it is none of"):
        collect([f"{tmp_path}/*.gz"], [], output, jobs=1)
    with pytest.raises(ProfileError, match="no binary /none"):
        collect([f"{tmp_path}/*.gz"], [Version("v1", "/none")], output)
    with pytest.raises(ProfileError, match="no collection"):
        query(output, "top")
    Path(output).write_bytes(b"PAR1")
    with pytest.raises(ProfileError, match=r"too small|[Pp]arquet"):
        query(output, "top")
    assert parse_version("v1=/bin/true") == Version("v1", "/bin/true")
    assert parse_version("/bin/true") == Version("true", "/bin/true")
