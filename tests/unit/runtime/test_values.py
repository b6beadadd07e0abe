"""Printing, panics, strings, slices, interfaces and allocation, against what real Go 1.27 gives."""

from __future__ import annotations

import random
import struct
from itertools import pairwise
from typing import Any

import pytest

from morestack.abi import pending as abi
from morestack.dialect import memory
from morestack.dialect.machine import ptr_at
from morestack.ir.ops import BOUNDS_CODE, BoundsKind
from morestack.runtime.mem.type import InterfaceType, Type
from morestack.runtime.value.complex import Complex
from morestack.runtime.value.slice import GoSlice
from morestack.runtime.value.string import GoString
from tests.unit.runtime.fake_stack import Site, blob, closure, code, load, push_frames
from tests.unit.runtime.fake_types import (
    descriptor,
    empty_interface,
    float_type,
    func_type,
    int_type,
    interface,
    sized_type,
    slice_type,
    string_type,
    struct_type,
)  # fmt: skip


@pytest.fixture
def g(rt: Any) -> Any:
    rt.newproc(rt.g0, closure(code(Site("main.run", 1, entry=True))))
    return rt.schedule(rt.g0)


def data(text: bytes) -> tuple[int, int]:
    return blob(text), len(text)


def bytes_at(address: int, n: int) -> bytes:
    return bytes(memory.u8_view[address : address + n])


def go_string(out: Any) -> bytes:
    return bytes_at(int(out.at.data), int(out.at.len))


FLOATS = {
    -0.0: "-0", 1.0: "1", 1.5: "1.5", 1e100: "1e+100", 1.5e-7: "1.5e-07", 100000.0: "100000",
    999999.0: "999999", 1e6: "1e+06", 123456789.0: "1.23456789e+08", 1.234e-5: "1.234e-05", 0.0001: "0.0001",
    5e-324: "5e-324", 1.7976931348623157e308: "1.7976931348623157e+308", float("inf"): "+Inf", -2.5: "-2.5",
    float("-inf"): "-Inf",
}  # fmt: skip


def test_prints_as_go_does(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    rt.printlock(g)
    for v in FLOATS:
        rt.printfloat(g, v)
        rt.printsp(g)
    rt.printnl(g)
    rt.printunlock(g)
    assert capfd.readouterr().err.split() == list(FLOATS.values())
    rt.printlock(g)
    for show in (
        lambda: rt.printint(g, -(2**63)), lambda: rt.printuint(g, 2**64 - 1), lambda: rt.printhex(g, 0),
        lambda: rt.printpointer(g, 0xDEADBEEF), lambda: rt.printbool(g, True), lambda: rt.printslice(g, 16, 3, 4),
        lambda: rt.printiface(g, 0, 1), lambda: rt.printstring(g, *data(b"hi")), lambda: rt.printfloat(g, float("nan")),
        lambda: rt.printfloat32(g, 0.10000000149011612), lambda: rt.printcomplex(g, 1.0, float("-inf")),
    ):  # fmt: skip
        show()
        rt.printsp(g)
    rt.printunlock(g)
    assert capfd.readouterr().err.split() == [
        "-9223372036854775808", "18446744073709551615", "0x0", "0xdeadbeef", "true", "[3/4]0x10", "(0x0,0x1)", "hi",
        "NaN", "0.1", "(1-Infi)",
    ]  # fmt: skip


def test_floats_are_the_shortest_that_read_back(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(7)
    n = 300 if rt.side == "native" else 4
    values = [v for v in (struct.unpack("d", rng.randbytes(8))[0] for _ in range(n)) if v == v]
    rt.printlock(g)
    for v in values:
        rt.printfloat(g, v)
        rt.printsp(g)
    rt.printunlock(g)
    for v, text in zip(values, capfd.readouterr().err.split(), strict=True):
        assert float(text) == v
        assert digits(text) == digits(repr(v))


def digits(text: str) -> str:
    return text.split("e")[0].strip("-").replace(".", "").strip("0")


def append_caps(rt: Any, g: Any, elem: int, n: int) -> list[int]:
    """The capacities append(s, x) passes through."""
    out = ptr_at(GoSlice, blob(bytes(24)))
    caps, p, length, cap = [], 0, 0, 0
    while length < n:
        if length == cap:
            rt.growslice(g, out, p, length + 1, cap, 1, ptr_at(Type, elem))
            p, cap = int(out.at.data), int(out.at.cap)
            caps.append(cap)
        length = cap if length + 1 < cap else length + 1
    return caps


# for i := 0; i < n; i++ { s = append(s, x) } under go1.27.3, n = 5000
GO_CAPS = {
    (8, False): [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 848, 1280, 1792, 2560, 3408, 5120],
    (1, False): [8, 16, 32, 64, 128, 256, 512, 896, 1408, 2048, 3072, 4096, 5376],
    (24, False): [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 853, 1365, 2048, 3072, 4096, 5461],
    (16, True): [1, 2, 4, 8, 16, 32, 71, 143, 303, 591, 1023, 1535, 2560, 3584, 5120],
    (8, True): [1, 2, 4, 8, 16, 32, 64, 143, 287, 607, 1023, 1535, 2303, 3071, 4095, 6144],
    (24, True): [1, 2, 4, 8, 16, 37, 74, 170, 341, 682, 1135, 1706, 2389, 3413, 4778, 6485],
    (4, False): [2, 4, 8, 16, 32, 64, 128, 256, 512, 864, 1344, 2048, 3072, 4096, 5440],
    (320, False): [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 844, 1254, 1766, 2406, 3200, 4198, 5452],
}  # fmt: skip


@pytest.mark.parametrize("size,pointers", GO_CAPS)
def test_append_grows_as_go(rt: Any, g: Any, size: int, pointers: bool) -> None:
    assert append_caps(rt, g, sized_type(size, pointers), 5000) == GO_CAPS[size, pointers]


def test_makeslice_checks_and_zeroes(rt: Any, g: Any) -> None:
    elem = ptr_at(Type, int_type())
    p = rt.makeslice(g, elem, 100, 200)
    assert p != 0 and bytes_at(p, 1600) == bytes(1600) and g.at.pending == 0
    rt.makeslice(g, elem, -1, -1)
    assert g.at.pending == abi.PENDING_MAKESLICE_LEN
    rt.makeslice(g, elem, 5, 2)
    assert g.at.pending == abi.PENDING_MAKESLICE_CAP
    rt.makeslice(g, elem, 5, 2**62)
    assert g.at.pending == abi.PENDING_MAKESLICE_CAP


def test_objects_are_zeroed_and_apart(rt: Any, g: Any) -> None:
    rng, seen = random.Random(3), []
    for _ in range(200):
        size = rng.choice([1, 8, 24, 100, 513, 1000, 5000, 32768, 70000])
        p = rt.newobject(g, ptr_at(Type, sized_type(size, rng.random() < 0.5)))
        assert bytes_at(p, size) == bytes(size)
        memory.fill(p, 0xEE, size)
        seen.append((p, p + size))
    seen.sort()
    assert all(a[1] <= b[0] for a, b in pairwise(seen))


TEXTS = ["", "a", "héllo", "日本語", "\U0001f600x", "a\x00b"]


def test_strings_and_runes(rt: Any, g: Any) -> None:
    out = ptr_at(GoString, blob(bytes(16)))
    many = ptr_at(GoSlice, blob(bytes(24)))
    for text in TEXTS:
        raw = text.encode()
        rt.stringtoslicerune(g, many, *data(raw))
        assert [memory.u32_view[(int(many.at.data) >> 2) + i] for i in range(many.at.len)] == list(map(ord, text))
        rt.slicerunetostring(g, out, many.at.data, many.at.len, many.at.cap)
        assert go_string(out) == raw
        rt.stringtoslicebyte(g, many, *data(raw))
        assert bytes_at(int(many.at.data), int(many.at.len)) == raw
        rt.slicebytetostring(g, out, many.at.data, many.at.len, many.at.cap)
        assert go_string(out) == raw
    headers = blob(b"".join(struct.pack("<QQ", *data(t.encode())) for t in TEXTS))
    rt.concatstrings(g, out, ptr_at(GoString, headers), len(TEXTS))
    assert go_string(out) == "".join(TEXTS).encode()
    for v, text in ((65, b"A"), (0x10FFFF, "\U0010ffff".encode()), (-1, b"\xef\xbf\xbd"), (0xD800, b"\xef\xbf\xbd")):
        rt.intstring(g, out, v)
        assert go_string(out) == text
    assert [rt.cmpstring(g, *data(a), *data(b)) for a, b in ((b"a", b"b"), (b"ab", b"a"), (b"x", b"x"))] == [-1, 1, 0]


def test_what_is_not_utf8_is_one_bad_rune_a_byte(rt: Any, g: Any) -> None:
    for raw in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\x80", b"\x80"):
        assert rt.decoderune(g, *data(raw), 0) == 0xFFFD << 32 | 1
    assert rt.decoderune(g, *data("a€".encode()), 1) == 0x20AC << 32 | 4


def test_equality_of_dynamic_values(rt: Any, g: Any) -> None:
    pair = struct_type("main.P", [("x", float_type(), 0), ("_", int_type(), 8), ("s", string_type(), 16)], 32)

    def value(x: float, blank: int, s: bytes) -> int:
        return blob(struct.pack("<dqQQ", x, blank, *data(s)))

    t = ptr_at(Type, pair)
    assert rt.efaceeq(g, t, value(0.0, 1, b"hi"), value(-0.0, 2, b"hi"))
    assert not rt.efaceeq(g, t, value(float("nan"), 1, b"hi"), value(float("nan"), 1, b"hi"))
    assert not rt.efaceeq(g, t, value(1.0, 1, b"hi"), value(1.0, 1, b"ho"))
    box = ptr_at(Type, struct_type("main.Box", [("v", empty_interface(), 0)], 16))
    same = blob(struct.pack("<QQ", int_type(), blob(struct.pack("<q", 5))))
    other = blob(struct.pack("<QQ", int_type(), blob(struct.pack("<q", 5))))
    assert rt.typeequal(g, box, same, other)
    bad = blob(struct.pack("<QQ", slice_type(), blob(bytes(24))))
    assert not rt.typeequal(g, box, bad, same) and g.at.pending == 0
    rt.typeequal(g, box, bad, bad)
    assert g.at.pending == abi.PENDING_UNCOMPARABLE and g.at.m.at.pending_a == slice_type()


def test_itabs_are_found_by_method_names(rt: Any, g: Any) -> None:
    run, stop = code(Site("main.T.Run", 1, entry=True)), code(Site("main.T.Stop", 2, entry=True))
    t = descriptor("main.T", 2, 8, tflag=4 | 8, methods=[("Run", func_type(), run), ("Stop", func_type(), stop)])
    want = interface("main.Stopper", ["Stop"])
    tab = rt.getitab(g, ptr_at(InterfaceType, want), ptr_at(Type, t))
    assert [load(tab), load(tab + 8), load(tab + 24)] == [want, t, stop]
    assert rt.getitab(g, ptr_at(InterfaceType, want), ptr_at(Type, t)) == tab
    more = interface("main.Flyer", ["Fly", "Run"])
    assert rt.getitab(g, ptr_at(InterfaceType, more), ptr_at(Type, t)) == 0
    assert rt.getitab(g, ptr_at(InterfaceType, want), ptr_at(Type, int_type())) == 0


def report(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> str:
    """What the program prints when it dies; checks that it does."""
    assert rt.exitcode(g) == 2 and rt.schedule(g).addr == 0
    return capfd.readouterr().err


WHERE = "\n\ngoroutine 1 [running]:\nmain.f(...)\n\t/x/prog.go:12\nmain.main()\n\t/x/prog.go:20\n"
FRAMES = [(Site("main.main", 20, words=2, flags=8), [0, 0]), (Site("main.f", 12, words=1), [0])]


@pytest.mark.parametrize(
    "kind,a,b,text",
    [
        (abi.PENDING_BOUNDS + 1, 5, 3, "runtime error: index out of range [5] with length 3"),
        (abi.PENDING_BOUNDS + 1, 2**64 - 1, 3, "runtime error: index out of range [-1]"),
        (abi.PENDING_BOUNDS, 2**64 - 1, 3, "runtime error: index out of range [18446744073709551615] with length 3"),
        (abi.PENDING_BOUNDS + 2 * BOUNDS_CODE[BoundsKind.SLICE_B] + 1, 4, 2,
         "runtime error: slice bounds out of range [4:2]"),
        (abi.PENDING_BOUNDS + 2 * BOUNDS_CODE[BoundsKind.SLICE3_C] + 1, 4, 2,
         "runtime error: slice bounds out of range [4:2:]"),
        (abi.PENDING_BOUNDS + 2 * BOUNDS_CODE[BoundsKind.SLICE_ACAP] + 1, 9, 8,
         "runtime error: slice bounds out of range [:9] with capacity 8"),
        (abi.PENDING_BOUNDS + 2 * BOUNDS_CODE[BoundsKind.CONVERT] + 1, 1, 2,
         "runtime error: cannot convert slice with length 2 to array or pointer to array with length 1"),
        (abi.PENDING_DIVIDE, 0, 0, "runtime error: integer divide by zero"),
        (abi.PENDING_CLOSE_NIL, 0, 0, "close of nil channel"),
        (abi.PENDING_NIL_MAP, 0, 0, "assignment to entry in nil map"),
    ],
)  # fmt: skip
def test_failed_checks(
    rt: Any, g: Any, capfd: pytest.CaptureFixture[str], kind: int, a: int, b: int, text: str
) -> None:
    push_frames(g, FRAMES)
    g.at.pending, g.at.m.at.pending_a, g.at.m.at.pending_b = kind, a, b
    rt.panicking(g)
    assert report(rt, g, capfd) == "panic: " + text + WHERE


def test_panic_values(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    my = descriptor("main.MyInt", 2, 8, tflag=4 | 8)
    name = descriptor("main.Name", 24, 16, ptrdata=8, tflag=4)
    five, text = blob(struct.pack("<q", 5)), blob(struct.pack("<QQ", *data(b"a\nb")))
    cases = [
        (int_type(), five, "5"), (my, five, "main.MyInt(5)"), (string_type(), text, "a\n\tb"),
        (name, text, 'main.Name("a\n\tb")'), (float_type(), blob(struct.pack("<d", 1.5)), "1.5"),
        (slice_type(), 0x1234, "([]int) 0x1234"), (0, 0, "runtime error: panic called with nil argument"),
    ]  # fmt: skip
    for typ, word, want in cases:
        rt.schedinit(rt.goexit, 1)
        rt.extra_reset(g)  # the goroutine of the case before died of it
        push_frames(g, FRAMES)
        rt.gopanic(g, typ, word)
        assert report(rt, g, capfd) == "panic: " + want + WHERE


def test_failed_assertions(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    push_frames(g, FRAMES)
    rt.panicdottype(g, int_type(), string_type(), empty_interface())
    assert "panic: interface conversion: interface {} is int, not string\n" in report(rt, g, capfd)
    push_frames(g, FRAMES)
    rt.panicdottype(g, 0, string_type(), empty_interface())
    assert "panic: interface conversion: interface {} is nil, not string\n" in report(rt, g, capfd)
    want = interface("main.Stopper", ["Stop"])
    push_frames(g, FRAMES)
    rt.panicassert(g, int_type(), want)
    assert "panic: interface conversion: int is not main.Stopper: missing method Stop\n" in report(rt, g, capfd)


def test_leaves_come_first_in_a_traceback(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    push_frames(g, FRAMES)
    g.at.m.at.leaf_sites[0] = code(Site("main.leaf", 3)) - 36  # its site record
    g.at.m.at.leaf_count = 1
    g.at.pending = abi.PENDING_DIVIDE
    rt.panicking(g)
    assert "[running]:\nmain.leaf(...)\n\t/x/prog.go:3\nmain.f(...)\n" in report(rt, g, capfd)


def test_complex_division(rt: Any, g: Any) -> None:
    out = ptr_at(Complex, blob(bytes(16)))
    for a, b in ((1 + 2j, 3 - 4j), (5 + 0j, 0 + 2j), (1e300 + 1e300j, 1e300 + 1j)):
        rt.complexdiv(g, out, a.real, a.imag, b.real, b.imag)
        assert complex(out.at.re, out.at.im) == pytest.approx(a / b)
    rt.complexdiv(g, out, 1.0, 0.0, 0.0, 0.0)
    assert (out.at.re, str(out.at.im)) == (float("inf"), "nan")


def test_an_error_is_printed_by_its_method(rt: Any, g: Any, capfd: pytest.CaptureFixture[str]) -> None:
    method = code(Site("main.E.Error", 40, entry=True, pointers=(0,)))
    text_func = descriptor("func() string", 19, 8, ptrdata=8, tflag=32, comparable=False, extra=bytes(8))
    e = descriptor("main.E", 2, 8, tflag=4 | 8, methods=[("Error", text_func, method)])
    push_frames(g, FRAMES)
    sp = int(g.at.sched.sp)
    rt.gopanic(g, e, 0x1234)
    assert rt.schedule(g) == g
    assert (g.at.sched.pc, g.at.sched.ret, g.at.sched.sp) == (method, 0x1234, sp - 16)
    assert rt.count_frames(g) == 4
    rt.copystack(g.at.m.at.p, g, 8192, False)
    rt.panicval(g, *data(b"it\nfailed"), g.at.sched.sp)
    assert report(rt, g, capfd) == "panic: it\n\tfailed" + WHERE
