"""Write the table of the runtime's structures by Go version: `python -m tests.real.layouts`.

Each release at hand (`tests.real.toolchains`) builds an empty program for amd64 and arm64; its DWARF tells the
fields' offsets. The texts of the wait reasons and the ids of functions are read from the release's own source. The
table is `src/morestack/process/layouts.json`; with `--check` nothing is written and a difference ends with 1.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from elftools.elf.elffile import ELFFile

import morestack.process.layout as layout_module
from morestack.process.layout import STATISTICS, STRUCTS, from_structs
from morestack.process.structs import find_structs
from tests.real.toolchains import build, installed

TABLE = Path(layout_module.__file__).with_name("layouts.json")


def offsets(go: Path, goarch: str) -> dict[str, int]:
    """What the DWARF of a program built by this release says."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "main.go"
        source.write_text("package main\n\nfunc main() {}\n")
        program = build(go, source, Path(scratch) / "program", goarch=goarch)
        with program.open("rb") as file:
            elf = ELFFile(file)
            sections = {}
            for name in ("info", "abbrev"):
                section = elf.get_section_by_name(f".debug_{name}") or elf.get_section_by_name(f".zdebug_{name}")
                data = section.data()
                if section.name.startswith(".z"):
                    import zlib

                    data = zlib.decompress(data[12:])
                sections[name] = data
    layout = from_structs(find_structs(sections["info"], sections["abbrev"], STRUCTS + STATISTICS))
    if layout is None:
        raise SystemExit(f"{go}: its DWARF does not describe {', '.join(STRUCTS)}")
    return asdict(layout)


def reasons(go: Path) -> list[str]:
    """The texts of the wait reasons, in the order of their numbers."""
    text = (go.parents[1] / "src" / "runtime" / "runtime2.go").read_text()
    numbers = re.search(r"const \(\n\s*waitReasonZero.*?\n\)", text, re.S)
    names = re.search(r"var waitReasonStrings = .*?\n}", text, re.S)
    if numbers is None or names is None:
        raise SystemExit(f"{go}: its runtime2.go has no wait reasons where they are expected")
    order = re.findall(r"^\s*(waitReason\w+)", numbers[0], re.M)
    texts = dict(re.findall(r"(waitReason\w+):\s*\"(.*?)\"", names[0]))
    return [texts.get(name, "") for name in order]


def wrapper_id(go: Path) -> int:
    """The function id of code the compiler wraps around a function."""
    source = go.parents[1] / "src"
    for file in (source / "internal" / "abi" / "symtab.go", source / "runtime" / "symtab.go"):
        text = file.read_text() if file.exists() else ""
        block = re.search(r"const \(\n(?:\s*//[^\n]*\n)*\s*(?:FuncIDNormal|funcID_normal)\b.*?\n\)", text, re.S)
        if block is not None:
            names = re.findall(r"^\s*([fF]uncID_?\w+)", block[0], re.M)
            return next(i for i, name in enumerate(names) if name.lower().endswith("wrapper"))
    raise SystemExit(f"{go}: no function ids where they are expected")


def main() -> int:
    """Write or check the table."""
    table: dict[str, object] = {
        "provenance": "python -m tests.real.layouts: the DWARF of a program built by each release, "
        "and the wait reasons and function ids in its source",
        "layouts": {},
        "wait_reasons": {},
        "wrapper_ids": {},
    }
    layouts: dict[str, dict[str, dict[str, int]]] = {}
    texts: dict[str, list[str]] = {}
    wrappers: dict[str, int] = {}
    for version, go in installed().items():
        layouts[f"go{version}"] = {goarch: offsets(go, goarch) for goarch in ("amd64", "arm64")}
        texts[f"go{version}"] = reasons(go)
        wrappers[f"go{version}"] = wrapper_id(go)
        print(f"go{version}")
    table["layouts"], table["wait_reasons"], table["wrapper_ids"] = layouts, texts, wrappers
    text = json.dumps(table, indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if TABLE.read_text() == text else 1
    TABLE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
