"""The function table of a program that Go built, beside what Go's own tools and the program itself say."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from morestack.binary import BinaryError, open_binary
from morestack.binary.pctable import EMPTY
from tests.real.addr2line import GO, differences
from tests.real.builds import beside_code, beside_nm, same_functions
from tests.real.debian import programs
from tests.real.frames import compare, listed
from tests.unit.binary.conftest import Builder


def test_what_the_binary_is(plain: Path) -> None:
    binary = open_binary(plain)
    assert re.fullmatch(r"go1\.\d+(\.\d+)?", binary.go_version)
    assert (binary.goos, binary.goarch, binary.pie) == ("linux", "amd64", False)
    assert binary.build_id.count("/") == 3
    assert binary.text_start <= binary.pclntab.entries[0] < binary.pclntab.entries[-1] <= binary.text_end
    assert binary.symbol("runtime.text") == binary.text_start
    assert binary.symbol("no.such.symbol") is None


def test_functions_lines_and_sizes_are_those_of_the_tools(plain: Path) -> None:
    assert differences(plain, 1500) == []


def test_addresses_and_sizes_are_those_of_the_symbol_table(plain: Path) -> None:
    assert beside_nm(GO, open_binary(plain)) == []


@pytest.mark.slow
def test_deltas_are_those_of_the_code(plain: Path) -> None:
    assert beside_code(open_binary(plain)) == []


def test_stripping_changes_nothing_in_the_table(plain: Path, stripped: Path) -> None:
    assert same_functions(open_binary(plain), open_binary(stripped)) == []
    assert open_binary(stripped).symbol("runtime.text") is None
    assert open_binary(stripped).dwarf is None


@pytest.mark.parametrize("flags", [("-buildmode=pie",), ("-buildmode=pie", "-ldflags=-s -w")])
def test_position_independent_binaries(builder: Builder, plain: Path, flags: tuple[str, ...]) -> None:
    binary = open_binary(builder.build("pie" + "-s" * (len(flags) - 1), *flags))
    assert binary.pie
    assert {f.name for f in binary.pclntab.functions} == {f.name for f in open_binary(plain).pclntab.functions}
    main = binary.pclntab.lookup("main.main")
    assert main is not None and main.place() == (str(builder.folder / "main.go"), 53)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("goos", "goarch"), [("linux", "arm64"), ("windows", "amd64"), ("darwin", "amd64"), ("darwin", "arm64")]
)
def test_other_systems(builder: Builder, goos: str, goarch: str) -> None:
    path = builder.build(f"{goos}-{goarch}", GOOS=goos, GOARCH=goarch)
    binary = open_binary(path)
    assert (binary.goos, binary.goarch) == (goos, goarch)
    assert differences(path, 500) == []
    small = open_binary(builder.build(f"{goos}-{goarch}-stripped", "-ldflags=-s -w", GOOS=goos, GOARCH=goarch))
    assert same_functions(binary, small) == []


def test_frames_are_those_of_the_listing(builder: Builder) -> None:
    listing = builder.listing("listed", "-gcflags=-S")
    result = compare(builder.folder / "listed", listed(listing.splitlines()))
    assert result.different == []
    assert result.both >= 11


def test_what_is_inlined_is_what_the_program_says_itself(plain: Path) -> None:
    text = subprocess.run([plain], check=True, capture_output=True, text=True).stdout
    tab = open_binary(plain).pclntab
    said = re.findall(r"^frame (.*)$", text, re.MULTILINE)
    pcs = [int(pc, 16) - 1 for pc in re.findall(r"^pc (0x[0-9a-f]+)$", text, re.MULTILINE)]  # of return addresses
    assert len(pcs) == len(said)
    found: list[str] = []
    while len(found) < len(pcs):  # a pc for each level, the innermost first, of which the first tells the others
        pc = pcs[len(found)]
        function = tab.find(pc)
        assert function is not None
        found += [f"{f.name} {f.file}:{f.line}" for f in function.inline_stack(pc)]
    assert found == said
    assert [line.split(" ")[0] for line in said[:4]] == ["main.where", "main.inner", "main.middle", "main.outer"]


def test_special_functions(plain: Path) -> None:
    tab = open_binary(plain).pclntab
    goexit, switch = tab.lookup("runtime.goexit"), tab.lookup("runtime.systemstack")
    deep, rt0 = tab.lookup("main.deep"), tab.lookup("runtime.rt0_go")
    assert goexit is not None and switch is not None and deep is not None and rt0 is not None
    assert goexit.is_top and not deep.is_top
    assert switch.writes_sp and not deep.writes_sp
    assert deep.start_line == 19 and deep.args_bytes == 8
    assert deep.frame_bytes == max(deep.sp_table().values) == 3024
    assert deep.sp_delta(deep.entry) == 0
    assert tab.find(deep.entry) is tab.find(deep.end - 1) is deep


def test_lookups_outside(plain: Path) -> None:
    tab = open_binary(plain).pclntab
    assert tab.find(0) is None and tab.find(1 << 60) is None
    assert tab.lookup("main.nothing") is None and tab.lookup("") is None
    assert tab.functions[-1].end == tab.entries[-1]
    assert EMPTY.at(0) is None


def test_largest_deltas_are_those_of_each_table(plain: Path) -> None:
    tab = open_binary(plain).pclntab
    one_by_one = [max((0, *function.sp_table().values)) for function in tab.functions]
    assert np.array_equal(tab.frame_bytes, one_by_one)


@pytest.mark.slow
@pytest.mark.parametrize("path", programs()[:3], ids=lambda path: path.name)
def test_a_program_of_others(path: Path) -> None:
    assert differences(path, 300) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an executable"),
        (b"#!/bin/sh\n" + bytes(100), "not an ELF, Mach-O or PE executable"),
        (b"\x7fELF" + bytes(200), "damaged|built for"),
        (b"MZ" + bytes(200), "damaged|header|PE"),
        (b"\xcf\xfa\xed\xfe" + bytes(200), "damaged|no part"),
    ],
)
def test_what_is_not_a_go_program(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BinaryError, match=message):
        open_binary(path)


def test_a_program_not_built_by_go() -> None:
    with pytest.raises(BinaryError, match="no Go function table"):
        open_binary("/bin/sh")
    with pytest.raises(BinaryError, match="No such file"):
        open_binary("/no/such/file")
