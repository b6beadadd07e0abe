"""Frame sizes beside the compiler's own listing, for the whole standard library.

    python -m tests.real.frames [--go COMMAND] [--arch amd64,arm64]

Builds a program that refers to every exported function and type of every public package, so that the linker keeps
them and what they call, with `-gcflags=all=-S`; compares `frame_bytes` with the listing's `$frame-args` by name.
Takes some two minutes an architecture with an empty build cache.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from morestack.binary import open_binary
from morestack.binary.pclntab import ASSEMBLY

GO = Path(sys.executable).with_name("go")
AT_LEAST = 14_000
LISTED = re.compile(r"^\t0x0000 00000 \(.*?\)\tTEXT\t(.*)\(SB\), .*\$(-?\d+)(?:-\d+)?$")
PRIVATE = re.compile(r"(^|/)(internal|vendor)(/|$)|^cmd(/|$)|^(builtin|unsafe)$")
REFUSED = re.compile(r"^\./main\.go:(\d+):\d+: (?!.*imported and not used)")


@dataclass(frozen=True)
class Comparison:
    """How many names stand in both, and those whose frames differ: name, listed, ours."""

    both: int
    different: list[tuple[str, set[int], set[int]]]


def listed(lines: Iterable[str]) -> dict[str, set[int]]:
    """Frames by name in a listing. The compiler tells copies of an inlined closure apart by `#digest#`."""
    frames: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        if "\tTEXT\t" in line:
            found = LISTED.match(line.rstrip("\n"))
            if found:
                frames[re.sub(r"#[^#]*#", "", found[1])].add(int(found[2]))
    return frames


def compare(path: Path, frames: dict[str, set[int]]) -> Comparison:
    """A binary's frames beside a listing's. A name may stand for a function and for its wrapper of another calling
    convention, so each of its frames has to be one of the listing's; assembly is not in the listing."""
    ours: dict[str, set[int]] = defaultdict(set)
    for function in open_binary(path).pclntab.functions:
        if not function.flags & ASSEMBLY:
            ours[function.name].add(function.frame_bytes)
    both = ours.keys() & frames.keys()
    return Comparison(len(both), [(n, frames[n], ours[n]) for n in sorted(both) if not ours[n] <= frames[n]])


def references(go: Path, env: dict[str, str]) -> dict[str, list[str]]:
    """For each public package, expressions that refer to all it exports, by simple patterns over its files."""
    command = [go, "list", "-json=ImportPath,Dir,GoFiles", "std"]
    text = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    found: dict[str, list[str]] = {}
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        package, at = decoder.raw_decode(text, at)
        at += len(text) - at - len(text[at:].lstrip())
        path = package["ImportPath"]
        if PRIVATE.search(path):
            continue
        alias = re.sub(r"\W", "_", path)
        uses = found[path] = []
        for name in package.get("GoFiles", []):
            source = (Path(package["Dir"]) / name).read_text()
            uses += [f"{alias}.{name}" for name in re.findall(r"^func ([A-Z]\w*)\(", source, re.MULTILINE)]
            uses += [f"(*{alias}.{name})(nil)" for name in re.findall(r"^type ([A-Z]\w*) ", source, re.MULTILINE)]
    return found


def program(uses: dict[str, list[str]]) -> str:
    """Everything in one variable; a method looked up by a name that is not known keeps all methods."""
    imports = [f'{re.sub(r"[^0-9A-Za-z_]", "_", path) if uses[path] else "_"} "{path}"' for path in uses]
    body = [f"\t{use}," for path in uses for use in dict.fromkeys(uses[path])]
    return "\n".join(
        (
            "package main\nimport (",
            *imports,
            ")\nvar Sink = []any{",
            *body,
            "}\nfunc main() {\n\tfor i, s := range Sink {",
            "\t\tif m := reflect.ValueOf(s).MethodByName(string(rune(i))); m.IsValid() {",
            "\t\t\tm.Call(nil)\n\t\t}\n\t}\n}\n",
        )
    )


def whole_library(go: Path, arch: str, folder: Path) -> Comparison:
    """Build for an architecture and compare; what the patterns found and the compiler refuses is dropped first."""
    env = {**os.environ, "CGO_ENABLED": "0", "GOARCH": arch, "GOOS": "linux", "GOFLAGS": "-mod=mod"}
    (folder / "go.mod").write_text("module everything\n")
    uses = references(go, env)
    main = folder / "main.go"
    for _ in range(30):
        text = program(uses)
        main.write_text(text)
        check = subprocess.run(
            [go, "build", "-gcflags=-e", "-o", folder / "out", "."], cwd=folder, env=env, capture_output=True, text=True
        )
        bad = [
            text.splitlines()[int(hit[1]) - 1].strip(" \t,")
            for hit in map(REFUSED.match, check.stderr.splitlines())
            if hit
        ]
        if not bad:
            if check.returncode:
                raise RuntimeError(check.stderr)
            break
        uses = {path: [use for use in uses[path] if use not in bad] for path in uses}
    command = [go, "build", "-gcflags=all=-S", "-o", folder / "out", "."]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True, errors="replace") as build:
        assert build.stderr is not None
        frames = listed(build.stderr)
    if build.returncode:
        raise RuntimeError(f"go build -gcflags=all=-S ended with {build.returncode}")
    return compare(folder / "out", frames)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", type=Path, default=GO)
    parser.add_argument("--arch", default="amd64,arm64")
    options = parser.parse_args()
    failed = False
    for arch in options.arch.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            result = whole_library(options.go, arch, Path(scratch))
        print(f"{arch}: {result.both} names in both, {len(result.different)} with different frames")
        for name, want, have in result.different[:20]:
            print(f"  {name}: listed {sorted(want)}, read {sorted(have)}")
        failed |= bool(result.different) or result.both < AT_LEAST
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
