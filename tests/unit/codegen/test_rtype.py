"""Type descriptors read back from memory have internal/abi's layout."""

import ctypes

import llvmlite.binding as llvm
import pytest

from morestack.codegen.data.descriptor_data import encode_name, fnv
from morestack.codegen.data.descriptors import is_regular_memory
from morestack.codegen.module import emit_module
from morestack.codegen.stubs import CELLS, emit_stubs
from morestack.ir.module import Module
from morestack.llvm.objects import emit_object
from morestack.llvm.target import HEADER, target_machine
from morestack.syntax.nodes import ChanDir
from morestack.types.core.objects import Package, TypeName, Var
from morestack.types.core.types import (
    BASIC,
    Array,
    Chan,
    Interface,
    Kind,
    Map,
    Named,
    Pointer,
    Signature,
    Slice,
    Struct,
    Tuple,
    Type,
)

INT, STRING, F64, U8 = (BASIC[k] for k in (Kind.INT, Kind.STRING, Kind.FLOAT64, Kind.UINT8))
MAIN = Package("example.com/main", "main")


def var(name: str, t: Type) -> Var:
    return Var(name, t, pkg=MAIN, is_field=True)


class Loaded:
    """The descriptors of some types, in memory."""

    def __init__(self, **types: Type) -> None:
        module = Module("main")
        module.go_types = {f"type.{name}": t for name, t in types.items()}
        exports = "".join(f'define ptr @"get.{n}"() {{\n  ret ptr @type.{n}\n}}\n' for n in types)
        cells = "".join(f"@cell.{n} = hidden global ptr null\n" for n in (*CELLS, "typeequal"))
        builder = llvm.JITLibraryBuilder().add_current_process()
        cells = "\n".join([*HEADER, cells])
        for text in (emit_module(module) + exports, emit_stubs(), cells):
            builder.add_object_img(emit_object(text))
        for n in types:
            builder.export_symbol(f"get.{n}")
        self.jit = llvm.create_lljit_compiler(target_machine())
        self.lib = builder.link(self.jit, "rtype" + "".join(types))

    def __getitem__(self, name: str) -> "Descriptor":
        return Descriptor(int(ctypes.CFUNCTYPE(ctypes.c_uint64)(self.lib[f"get.{name}"])()))


class Descriptor:
    """Reads fields at offsets."""

    def __init__(self, at: int) -> None:
        self.at = at

    def u(self, offset: int, size: int = 8) -> int:
        return int.from_bytes(ctypes.string_at(self.at + offset, size), "little")

    def relative(self, offset: int) -> int:
        return self.at + ctypes.c_int32.from_address(self.at + offset).value

    def to(self, offset: int) -> "Descriptor":
        return Descriptor(self.u(offset))

    @property
    def text(self) -> str:
        return name_at(self.relative(40))


def name_at(at: int) -> str:
    n = ctypes.string_at(at + 1, 1)[0]
    assert n < 128
    return ctypes.string_at(at + 2, n).decode()


def test_common_part() -> None:
    loaded = Loaded(string=STRING, int=INT, f=F64, s=Slice(INT))
    s = loaded["string"]
    assert (s.u(0), s.u(8), s.u(16, 4)) == (16, 8, fnv("string"))
    assert (s.u(20, 1), s.u(21, 1), s.u(22, 1), s.u(23, 1)) == (1 | 4, 8, 8, 24)
    assert s.u(24) and s.text == "string"
    assert ctypes.string_at(s.u(32), 1) == b"\1"
    assert loaded["int"].u(20, 1) == 1 | 4 | 8
    assert loaded["f"].u(20, 1) == 1 | 4
    slice_ = loaded["s"]
    assert (slice_.u(23, 1), slice_.u(24), slice_.u(20, 1)) == (23, 0, 0)
    assert slice_.to(48).text == "int"


def test_composites() -> None:
    point = Struct((var("X", INT), var("p", Pointer(INT))), ("json:x", ""))
    loaded = Loaded(
        p=Pointer(point), a=Array(U8, 3), c=Chan(ChanDir.RECV, STRING), m=Map(STRING, INT),
        f=Signature(Tuple((var("", INT), var("", Slice(STRING)))), Tuple((var("", F64),)), variadic=True),
    )  # fmt: skip
    st = loaded["p"].to(48)
    assert loaded["p"].u(20, 1) == 32 | 8
    assert (st.u(0), st.u(8), st.u(23, 1), st.u(64)) == (16, 16, 25, 2)
    assert ctypes.string_at(st.u(32), 1) == b"\2"
    assert name_at(st.u(48)) == "example.com/main"
    x, p = Descriptor(st.u(56)), Descriptor(st.u(56) + 24)
    assert ctypes.string_at(x.u(0), 3) == b"\3\1X"
    assert ctypes.string_at(x.u(0) + 3, 7) == b"\6json:x"
    assert (x.to(8).text, x.u(16), p.to(8).text, p.u(16)) == ("int", 0, "*int", 8)
    a = loaded["a"]
    assert (a.u(0), a.to(48).text, a.to(56).text, a.u(64)) == (3, "uint8", "[]uint8", 3)
    assert (loaded["c"].u(56), loaded["c"].text) == (1, "<-chan string")
    f = loaded["f"]
    assert (f.u(48, 2), f.u(50, 2)) == (2, 0x8001)
    assert [f.to(o).text for o in (56, 64, 72)] == ["int", "[]string", "float64"]
    m = loaded["m"]
    assert (m.to(48).text, m.to(56).text, m.to(64).u(0)) == ("string", "int", 8 + 8 * 24)
    assert [m.u(o) for o in (80, 88, 96, 104, 112)] == [200, 8, 24, 24, 24]
    assert m.u(120, 8) == 16


def test_named_type_has_an_uncommon_part() -> None:
    t = Named(TypeName("T", None, pkg=MAIN), Struct((), ()))
    loaded = Loaded(T=t)
    d = loaded["T"]
    assert d.text == "main.T"
    assert d.u(20, 1) & 5 == 5
    assert name_at(d.relative(80)) == "example.com/main"


def test_empty_interface() -> None:
    loaded = Loaded(e=Interface((), ()))
    d = loaded["e"]
    assert (d.u(0), d.u(8), d.u(23, 1), d.u(64)) == (16, 16, 20, 0)


@pytest.mark.parametrize(
    ("t", "regular"),
    [(INT, True), (F64, False), (STRING, False), (Struct((var("a", U8), var("b", INT)), ("", "")), False),
     (Struct((var("a", INT), var("b", Pointer(INT))), ("", "")), True), (Array(F64, 2), False)],
)  # fmt: skip
def test_regular_memory(t: Type, regular: bool) -> None:
    assert is_regular_memory(t) == regular


def test_long_names() -> None:
    assert encode_name("x" * 200, True)[:3] == bytes([1, 200 & 127 | 128, 1])
