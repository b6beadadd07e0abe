"""The function table beside `nm`, `objdump` and `addr2line` on our own builds: releases, formats and ways of linking.

    python -m tests.real.builds [RELEASE...]

Builds `program.go` with each release that `tests.real.toolchains` fetched: linux amd64 and arm64, stripped,
position-independent, with cgo's external linking, windows and darwin. For each: every function's address and size
beside `go tool nm`, addresses beside `go tool addr2line`, the delta of every instruction of amd64 code beside what its
own pushes and subtractions add up to, and what stripped builds say beside the unstripped.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import iced_x86 as iced

from morestack.binary import Binary, open_binary
from morestack.binary.pclntab import ASSEMBLY, SP_WRITE, Func
from tests.real.addr2line import MARKERS, differences
from tests.real.toolchains import installed

PROGRAM = Path(__file__).with_name("program.go")
BUILDS: dict[str, tuple[dict[str, str], list[str]]] = {
    "linux-amd64": ({"GOOS": "linux", "GOARCH": "amd64"}, []),
    "linux-amd64-stripped": ({"GOOS": "linux", "GOARCH": "amd64"}, ["-ldflags=-s -w"]),
    "linux-amd64-pie": ({"GOOS": "linux", "GOARCH": "amd64"}, ["-buildmode=pie"]),
    "linux-amd64-pie-stripped": ({"GOOS": "linux", "GOARCH": "amd64"}, ["-buildmode=pie", "-ldflags=-s -w"]),
    "linux-amd64-external": ({"GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "1"}, ["-ldflags=-linkmode=external"]),
    "linux-amd64-external-pie-stripped": (
        {"GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "1"},
        ["-buildmode=pie", "-ldflags=-linkmode=external -s -w"],
    ),
    "linux-arm64": ({"GOOS": "linux", "GOARCH": "arm64"}, []),
    "linux-arm64-stripped": ({"GOOS": "linux", "GOARCH": "arm64"}, ["-ldflags=-s -w"]),
    "linux-arm64-pie": ({"GOOS": "linux", "GOARCH": "arm64"}, ["-buildmode=pie"]),
    "windows-amd64": ({"GOOS": "windows", "GOARCH": "amd64"}, []),
    "windows-arm64": ({"GOOS": "windows", "GOARCH": "arm64"}, []),
    "windows-arm64-stripped": ({"GOOS": "windows", "GOARCH": "arm64"}, ["-ldflags=-s -w"]),
    "darwin-amd64": ({"GOOS": "darwin", "GOARCH": "amd64"}, []),
    "darwin-arm64": ({"GOOS": "darwin", "GOARCH": "arm64"}, []),
    "darwin-arm64-stripped": ({"GOOS": "darwin", "GOARCH": "arm64"}, ["-ldflags=-s -w"]),
}
PADDING = 64


def build(go: Path, name: str, folder: Path) -> Path:
    """One build of the program."""
    settings, flags = BUILDS[name]
    (folder / "go.mod").write_text("module example.com/program\ngo 1.18\n")
    shutil.copy(PROGRAM, folder / "main.go")
    env = {**os.environ, "CGO_ENABLED": "0", **settings}
    subprocess.run(
        [go, "build", *flags, "-o", folder / name, "."], cwd=folder, env=env, check=True, capture_output=True
    )
    return folder / name


def beside_nm(go: Path, binary: Binary) -> list[str]:
    """Functions whose address or size is not what the symbol table says; no lines without a symbol table."""
    done = subprocess.run([go, "tool", "nm", "-size", binary.path], capture_output=True, text=True)
    if done.returncode or "no symbols" in done.stderr:
        return []
    symbols: dict[int, list[tuple[str, int]]] = {}
    for line in done.stdout.splitlines():
        found = re.match(r"\s*([0-9a-f]+)\s+(\d+) [Tt] (.*)$", line)
        if found:
            symbols.setdefault(int(found[1], 16), []).append((found[3], int(found[2])))
    bad: list[str] = []
    for function in binary.pclntab.functions:
        known = symbols.get(function.entry)
        if function.name.startswith(MARKERS):
            continue
        if known is None:
            if function.end > function.entry:
                bad.append(f"{function.name} at {function.entry:#x}: no symbol there")
            continue
        # nm adds the calling convention; sizes in pclntab include padding, and formats without sizes have nm guess
        names = {re.sub(r"\.abi(0|internal)$", "", name) for name, _ in known}
        names |= {re.sub(r"\[.*\]", "[...]", name) for name in names}  # Go before 1.21 keeps no type arguments
        names |= {name.replace("·", ".") for name in names}
        own = function.name.replace("·", ".")  # of types that are local to a function; the tool writes a dot
        if not names & {own, "_" + own}:
            bad.append(f"{function.name} at {function.entry:#x}: nm has {known[0][0]}")
        elif not any(-PADDING < size - (function.end - function.entry) <= 0 for _, size in known):
            bad.append(f"{function.name}: {function.end - function.entry} bytes, nm has {known[0][1]}")
    return bad


def beside_code(binary: Binary) -> list[str]:
    """Instructions of compiled functions at which the delta is not what pushes, pops and additions make of it."""
    bad: list[str] = []
    for function in binary.pclntab.functions:
        if not function.flags & (ASSEMBLY | SP_WRITE):
            bad += _deltas(binary, function)
    return bad


def _deltas(binary: Binary, function: Func) -> list[str]:
    """Follow SP through one function: along the code, and to where jumps lead."""
    at: dict[int, int] = {function.entry: 0}
    delta: int | None = 0
    code = binary.read(function.entry, function.end - function.entry)
    register = iced.Register.RSP
    ends = function.sp_table().ends
    for instruction in iced.Decoder(64, code, ip=function.entry):
        if not ends or instruction.ip - function.entry >= ends[-1]:
            break  # padding
        delta = at.get(instruction.ip, delta)
        if delta is None:
            continue
        if function.sp_delta(instruction.ip) != delta:
            return [f"{function.name} at {instruction.ip:#x}: {function.sp_delta(instruction.ip)}, code has {delta}"]
        flow = instruction.flow_control
        if flow in (iced.FlowControl.CONDITIONAL_BRANCH, iced.FlowControl.UNCONDITIONAL_BRANCH):
            at.setdefault(instruction.near_branch_target, delta)
        if instruction.op0_register == register and instruction.mnemonic in (iced.Mnemonic.SUB, iced.Mnemonic.ADD):
            amount = instruction.immediate(1)
            amount -= (amount >> 63) << 64
            delta += amount if instruction.mnemonic == iced.Mnemonic.SUB else -amount
        elif instruction.is_stack_instruction and flow == iced.FlowControl.NEXT:
            delta -= instruction.stack_pointer_increment
        if flow in (iced.FlowControl.UNCONDITIONAL_BRANCH, iced.FlowControl.RETURN, iced.FlowControl.INDIRECT_BRANCH):
            delta = None
        if instruction.mnemonic in (iced.Mnemonic.UD2, iced.Mnemonic.INT3):
            delta = None
    return []


def same_functions(one: Binary, other: Binary) -> list[str]:
    """What a stripped build's table says differently."""
    if len(one.pclntab) != len(other.pclntab):
        return [f"{len(one.pclntab)} functions, {len(other.pclntab)} when stripped"]
    pairs = zip(one.pclntab.functions, other.pclntab.functions, strict=True)
    return [a.name for a, b in pairs if (a.name, a.frame_bytes, a.place()) != (b.name, b.frame_bytes, b.place())]


def check(go: Path, version: str, folder: Path, chosen: str) -> int:
    """The builds of one release whose names match; the number of failures."""
    failures = 0
    whole: dict[str, Binary] = {}
    for name in BUILDS:
        if not re.search(chosen, name):
            continue
        path = build(go, name, folder)
        binary = open_binary(path)
        found = {"version": [] if binary.go_version == f"go{version}" else [binary.go_version]}
        # Without symbols the tool finds the table by its section only, and in no PE file.
        if "stripped" not in name or binary.image.section(".gopclntab", ".data.rel.ro.gopclntab") is not None:
            found["addr2line"] = differences(path, 2000)  # the newest tool: that of 1.19 reads no PIE
        if "stripped" not in name:
            found["nm"] = beside_nm(go, binary)
            whole[name] = binary
        else:
            base = whole.get(name.removesuffix("-stripped"))
            found["unstripped"] = same_functions(base, binary) if base is not None else []
        if binary.goarch == "amd64":
            found["code"] = beside_code(binary)
        if (binary.goos, binary.goarch) != tuple(name.split("-")[:2]):
            found["target"] = [f"{binary.goos} {binary.goarch}"]
        bad = {what: lines for what, lines in found.items() if lines}
        print(f"go{version} {name}: {len(binary.pclntab)} functions, {'ok' if not bad else 'DIFFERS'}", flush=True)
        for what, lines in bad.items():
            print(f"  {what}: {len(lines)}, as {'; '.join(lines[:3])}")
        failures += len(bad)
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", help="as 1.24.11; all that are there by default")
    parser.add_argument("--only", default="", metavar="REGEX", help="builds by name, as ^linux")
    options = parser.parse_args()
    here = installed()
    chosen = options.releases or list(here)
    if not chosen:
        print("no releases here: python -m tests.real.toolchains fetches them", file=sys.stderr)
        return 1
    failures = 0
    for version in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            failures += check(here[version], version, Path(scratch), options.only)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
