"""Profiles and dumps become the same records, whatever their form; damage is one clear error."""

import gzip
import io
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from morestack.process.group import path_text
from morestack.process.model import Frame, Goroutine, Place, Snapshot
from morestack.process.report import make_report, summary, to_json
from morestack.profile.advise import advise
from morestack.profile.errors import ProfileError
from morestack.profile.formats.pprof import pprof
from morestack.profile.model import Profile, ValueType
from morestack.profile.paths import PathSet, of_snapshot
from morestack.profile.read import is_profile, parse, read
from morestack.profile.target import fetch, unpack
from tests.real import mutate_profiles
from tests.real.mutate_profiles import COUNTS, DUMP

INNER = Frame("main.inner", "/src/a.go", 3, 0x1001, 0, True)
OUTER = Frame("main.outer", "/src/a.go", 9, 0x1001, 96)
MAIN = Frame("main.main.gowrap1", "/src/a.go", 20, 0x2001, 400)


def goroutine_profile() -> bytes:
    """Seven goroutines on one path, as Go's runtime writes them."""
    paths = PathSet("x", (ValueType("goroutine", "count"),))
    paths.add((INNER, OUTER, MAIN), goroutine=7)
    return pprof(paths)


def goroutines(data: bytes) -> Snapshot:
    found = parse(unpack(data, "x"), "x")
    assert isinstance(found, Snapshot)
    return found


def test_protobuf_gives_goroutines_with_inlined_calls() -> None:
    (g,) = goroutines(goroutine_profile()).goroutines
    assert (g.count, g.used_bytes) == (7, None)
    assert [(f.function, f.line, f.inlined) for f in g.path] == [
        ("main.inner", 3, True),
        ("main.outer", 9, False),
        ("main.main.gowrap1", 20, False),
    ]
    assert g.path[2].pc == 0x2001  # a return address, as in a live process
    assert g.creator == Place("main.main", "/src/a.go", 20)


def test_other_profiles_keep_their_values() -> None:
    paths = PathSet("x", (ValueType("samples", "count"), ValueType("cpu", "nanoseconds")), taken=5.0)
    paths.add((OUTER, MAIN), samples=2, cpu=20)
    found = parse(unpack(pprof(paths), "x"), "x")
    assert isinstance(found, Profile) and found.is_cpu and found.taken == 5.0
    assert [(len(s.path), s.values) for s in found.samples] == [(2, (2, 20))]


def test_debug_1_text() -> None:
    found = goroutines(COUNTS)
    assert [(g.count, g.labels, [f.function for f in g.path]) for g in found.goroutines] == [
        (12, (("tenant", "a"),), ["main.leaf", "main.idle"]),
        (2, (), ["main.other"]),
    ]
    cut = goroutines(COUNTS.replace(b"total 14", b"total 20"))
    assert cut.notes == ["The profile says 20 and lists 14: it is cut short."]
    with pytest.raises(ProfileError, match="x: line 4 of the profile is damaged"):
        parse(COUNTS.replace(b"\tmain.leaf+0xd", b"?"), "x")


def test_inlined_calls_of_debug_1_have_the_entry_of_their_caller() -> None:
    lines = b"#\t0x1e\tmain.in+0xe\t/a.go:1\n#\t0x14\tmain.out+0x4\t/a.go:2\n"
    text = b"goroutine profile: total 1\n1 @ 0x1f 0x15 0x9\n" + lines
    (g,) = goroutines(text).goroutines
    assert [(f.function, f.inlined) for f in g.path] == [("main.in", True), ("main.out", False)]


def test_dumps() -> None:
    first, second = goroutines(DUMP).goroutines
    assert (first.id, first.status, first.wait_reason, first.wait_seconds) == (1, "waiting", "chan receive", 300.0)
    assert [(f.function, f.frame_bytes, f.inlined) for f in first.path] == [
        ("runtime.gopark", 32, False),
        ("main.inner", 0, True),
        ("main.idle", 192, False),
    ]
    assert first.used_bytes == 0x6000 - 0x5F00  # to the stack's end, which lies 24 bytes above goexit's frame
    assert first.creator == Place("main.main", "/src/main.go", 40)
    assert (second.status, second.approximate, second.elided, second.used_bytes) == ("running", False, 100, None)
    assert second.incomplete and not first.incomplete


def test_goroutines_of_the_runtime_are_told_apart_in_dumps() -> None:
    def printed(number: int, function: str, creator: str) -> str:
        at = f"\t/go/x.go:1 +0x1 fp=0x{number}40 sp=0x{number}00 pc=0x1\n"
        call = f"{function}()\n{at}runtime.goexit({{}})\n{at}" if function else ""
        return f"goroutine {number} [waiting]:\n{call}created by {creator} in goroutine 1\n\t/go/x.go:2 +0x1\n\n"

    text = "".join(
        (
            printed(2, "runtime.forcegchelper", "runtime.init.7"),
            printed(3, "runtime.gcBgMarkStartWorkers.gowrap1", "runtime.gcBgMarkStartWorkers"),
            printed(4, "", "runtime.gcBgMarkStartWorkers"),  # it ran on another thread
            printed(5, "", "main.main"),
            printed(6, "runtime.main", "x"),
            printed(7, "main.worker", "main.main"),
        )
    )
    found = goroutines(text.encode())
    assert [g.id for g in found.goroutines if g.system] == [2, 3, 4]
    assert advise([found], []).goroutines == 2  # of those with frames, the main goroutine and the worker


def test_frames_that_a_dump_leaves_out_are_told() -> None:
    inner, outer = "main.recurse(0x1)\n\t/src/a.go:42", "main.recurse(0x2)\n\t/src/a.go:42"
    cut = f"goroutine 7 [select]:\n{inner} +0xc5\n...402 frames elided...\n{outer} +0xc5\n"
    found = goroutines(cut.encode())
    (g,) = found.goroutines
    assert [f.function for f in g.path] == ["main.recurse", "402 elided", "main.recurse"]
    assert (g.elided, g.elided_bytes) == (402, None)
    assert any("1 goroutines have frames that Go left out" in note for note in found.notes)
    assert path_text(g.path) == "main.recurse:42 < 402 elided < main.recurse:42"
    g.used_bytes = 512
    report = make_report(found)
    assert summary(report)[1] == "1 goroutines: at least 512 B of stack used"
    assert to_json(report)["used_at_least"] is True
    at = " +0xc5 fp=0x{} sp=0x{} pc=0x1\n"
    first, last = inner + at.format("140", "100"), outer + at.format("400", "300")
    whole = f"goroutine 7 [select]:\n{first}...2 frames elided...\n{last}"
    (g,) = goroutines(whole.encode()).goroutines
    assert (g.elided, g.elided_bytes, g.used_bytes) == (2, 0x300 - 0x140, 0x300 + 24)


def test_methods_and_log_lines_in_dumps() -> None:
    text = (
        b"2026/01/01 log line\npanic: no\n\n"
        + b"goroutine 5 [select]:\nmain.(*T[...]).run(0x1, {0x2, 0x3})\n\t/x y/a.go:7 +0x9\n"
    )
    (g,) = goroutines(text).goroutines
    assert g.path == (Frame("main.(*T[...]).run", "/x y/a.go", 7),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "x: it is none of"),
        (b"\x0a\x04\x08\x01\x10\x02\x12" + b"\xff" * 10 + b"\x7f", "a number does not end"),
        (b"\x0a\x04\x08\x01\x10\x02\x12\xff\xff\xff\x7f", "a record of"),
        (b"\x0a\x04\x08\x01\x10\x02", "no value types"),
        (b"\x0a\x04\x08\x01\x10\x09\x32\x00\x32\x01a", "no string 9"),
    ],
)
def test_damage_is_one_clear_error(data: bytes, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        parse(data, "x")


def test_gzip_is_unpacked_within_a_limit() -> None:
    packed = gzip.compress(b"a" * 5000) + gzip.compress(b"b")
    assert unpack(packed, "x") == b"a" * 5000 + b"b"
    with pytest.raises(ProfileError, match="unpacks to more than 0 MB"):
        unpack(packed, "x", 1000)
    with pytest.raises(ProfileError, match="cut short"):
        unpack(packed[:-30], "x")
    with pytest.raises(ProfileError, match="damaged"):
        unpack(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff", "x")


def test_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "g.pb.gz"
    file.write_bytes(goroutine_profile())
    assert is_profile(str(file)) and is_profile("-") and not is_profile(str(tmp_path)) and not is_profile("4711")
    assert read(str(file)).count == 7  # type: ignore[union-attr]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DUMP)))
    assert read("-").source == "standard input"
    with pytest.raises(ProfileError, match=r"cannot read .*: No such file"):
        fetch(str(tmp_path / "none"))
    with pytest.raises(ProfileError, match="is a directory"):
        fetch(str(tmp_path))


class Handler(BaseHTTPRequestHandler):
    """Answers as net/http/pprof does."""

    def do_GET(self) -> None:
        self.send_response(200 if "goroutine" in self.path else 404)
        self.end_headers()
        self.wfile.write(goroutine_profile())

    def log_message(self, *_: object) -> None:
        pass


def test_urls() -> None:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/debug/pprof"
        assert read(f"{url}/goroutine?debug=0").count == 7  # type: ignore[union-attr]
        with pytest.raises(ProfileError, match=r"cannot fetch .*: Not Found"):
            read(f"{url}/none")
        server.shutdown()
    with pytest.raises(ProfileError, match="cannot fetch"):
        read(f"{url}/goroutine")
    with pytest.raises(ProfileError, match="has no host"):
        read("http:///debug")


def test_what_is_written_is_read_again() -> None:
    g = Goroutine(3, "waiting", path=(INNER, OUTER, MAIN), count=2, stack_lo=0, stack_hi=4096, used_bytes=600)
    found = parse(unpack(pprof(of_snapshot(Snapshot("x", [g]))), "x"), "x")
    assert isinstance(found, Snapshot) and found.count == 2


@pytest.mark.slow
def test_damaged_profiles_are_refused_or_read() -> None:
    tally = mutate_profiles.run(600, 20261201, seconds=5.0, megabytes=4096, files=[])
    assert tally["refused"] > 100 and tally["read"] > 50, tally
