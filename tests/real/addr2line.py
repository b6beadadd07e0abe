"""The function table beside Go's own tools, on programs others built and on builds of our own.

    python -m tests.real.addr2line [--count N] [PROGRAM...]

Each program at N addresses drawn at random from all its code: function, file and line beside `go tool addr2line`.
Without names, the programs that `tests.real.debian` fetched.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from morestack.binary import Binary, open_binary
from tests.real.debian import programs

GO = Path(sys.executable).with_name("go")
MARKERS = "go:"  # go:textfipsstart and the like stand for no code; the tool reads a line from a table they do not have


def bias(binary: Binary) -> int:
    """By how much `go tool addr2line` is off: in a stripped binary it takes the text section's start for the start of
    Go's text, before which external linking puts C's start-up code."""
    section = binary.image.section(".text")
    if section is None or binary.symbol("runtime.text") is not None:
        return 0
    return binary.text_start - section.address if binary.image.format == "elf" else 0


def addr2line(go: Path, path: Path, addresses: Sequence[int]) -> list[tuple[str, str]]:
    """What the tool says: function and place, of each address."""
    asked = "".join(f"{address:#x}\n" for address in addresses)
    done = subprocess.run([go, "tool", "addr2line", path], input=asked, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return list(zip(lines[::2], lines[1::2], strict=True))


def ours(binary: Binary, address: int) -> tuple[str, str]:
    """The same from the table; behind a function's last instruction there is no line."""
    function = binary.pclntab.find(address)
    if function is None:
        return "?", "?:0"
    file, line = function.line(address)
    return function.name, f"{file}:{line}" if line else ":-1"


def differences(path: Path, count: int, seed: int = 1, go: Path = GO) -> list[str]:
    """Addresses at which the two differ."""
    binary = open_binary(path)
    draw = random.Random(seed)
    entries = binary.pclntab.entries
    addresses = [draw.randrange(entries[0], entries[-1]) for _ in range(count)]
    shift = bias(binary)
    told = addr2line(go, path, [address - shift for address in addresses])
    found = []
    for address, (name, place) in zip(addresses, told, strict=True):
        have = ours(binary, address)
        if have != (name, place) and not (name.startswith(MARKERS) and have[0] == name):
            found.append(f"{address:#x}: {name} {place}, read {have[0]} {have[1]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("programs", nargs="*", type=Path)
    options = parser.parse_args()
    chosen = options.programs or programs()
    if not chosen:
        print("no programs here: python -m tests.real.debian fetches them", file=sys.stderr)
        return 1
    failed = False
    for path in chosen:
        found = differences(path, options.count)
        print(f"{path}: {open_binary(path).go_version}, {options.count} addresses, {len(found)} differ")
        for line in found[:5]:
            print(f"  {line}")
        failed |= bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
