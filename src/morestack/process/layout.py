"""Where the fields of the runtime's structures lie: from DWARF, from the user's cache, or from a table by version.

The table (`layouts.json`) is data: `python -m tests.real.layouts` builds a program with each Go release at hand for
amd64 and arm64 and writes what its DWARF says. It serves binaries without DWARF. A release that is not in it takes
the nearest patch release of the same minor version; another minor version is refused, because fields move between
them. Whatever the source, `records` checks what is read through a layout before anything is believed.

The cache holds what DWARF said, by build id, in the user's cache folder.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from morestack.process.errors import ProcessError
from morestack.process.structs import Struct

STRUCTS = ("runtime.g", "runtime.m", "runtime.gobuf", "runtime.stack")
STATISTICS = ("runtime.mstats", "runtime.consistentHeapStats", "runtime.heapStatsDelta")
COPIES = 3
"""Of the heap's statistics: the runtime keeps three, and their sum is the figure."""
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in `runtime.g` and, with the prefix m_, in `runtime.m`. ABSENT: this version has no such field."""

    g_size: int
    stack_lo: int
    stack_hi: int
    m: int
    sched_sp: int
    sched_pc: int
    sched_lr: int
    syscallsp: int
    syscallpc: int
    atomicstatus: int
    goid: int
    waitsince: int
    waitreason: int
    parent: int
    gopc: int
    startpc: int
    m_size: int
    m_g0: int
    m_gsignal: int
    m_curg: int
    m_procid: int
    m_alllink: int
    m_vdso_sp: int = ABSENT
    m_vdso_pc: int = ABSENT
    in_stacks: int = ABSENT
    """In runtime.memstats: the bytes in stacks, as the first of COPIES, each `in_stacks_step` after the other."""
    in_stacks_step: int = 0


def from_structs(structs: dict[str, Struct]) -> Layout | None:
    """The layout these structures have; None when one is missing or lacks a field."""
    try:
        g, m, gobuf, stack = (structs[name] for name in STRUCTS)
        statistics = [structs.get(name) for name in STATISTICS]
        in_stacks, step = ABSENT, 0
        if all(statistics):
            whole, copies, delta = (found for found in statistics if found is not None)
            in_stacks = whole.fields["heapStats"] + copies.fields["stats"] + delta.fields["inStacks"]
            step = delta.size
        f, mf, sched, bounds = g.fields, m.fields, g.fields["sched"], g.fields["stack"]
        return Layout(
            g_size=g.size,
            stack_lo=bounds + stack.fields["lo"],
            stack_hi=bounds + stack.fields["hi"],
            m=f["m"],
            sched_sp=sched + gobuf.fields["sp"],
            sched_pc=sched + gobuf.fields["pc"],
            sched_lr=sched + gobuf.fields["lr"],
            syscallsp=f["syscallsp"],
            syscallpc=f["syscallpc"],
            atomicstatus=f["atomicstatus"],
            goid=f["goid"],
            waitsince=f["waitsince"],
            waitreason=f["waitreason"],
            parent=f.get("parentGoid", ABSENT),
            gopc=f["gopc"],
            startpc=f["startpc"],
            m_size=m.size,
            m_g0=mf["g0"],
            m_gsignal=mf["gsignal"],
            m_curg=mf["curg"],
            m_procid=mf["procid"],
            m_alllink=mf["alllink"],
            m_vdso_sp=mf.get("vdsoSP", ABSENT),
            m_vdso_pc=mf.get("vdsoPC", ABSENT),
            in_stacks=in_stacks,
            in_stacks_step=step,
        )
    except KeyError:
        return None


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("layouts.json").read_text())
    return found


def version_parts(version: str) -> tuple[int, int, int] | None:
    """(1, 27, 3) of `go1.27.3`, also with what distributors append."""
    found = re.match(r"(?:go|devel go)?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def from_table(version: str, goarch: str) -> tuple[Layout, str]:
    """The layout of a Go version, and the release the table has it from."""
    wanted = version_parts(version)
    if wanted is None:
        raise ProcessError(
            f"the binary has no DWARF and does not tell its Go version ({version or 'none'}): "
            "its goroutines cannot be found"
        )
    layouts: dict[str, dict[str, dict[str, int]]] = _data()["layouts"]
    known = [(parts, name) for name in layouts if (parts := version_parts(name)) and goarch in layouts[name]]
    same = [(abs(parts[2] - wanted[2]), name) for parts, name in known if parts[:2] == wanted[:2]]
    if not same:
        minors = sorted({parts[:2] for parts, _ in known})
        listed = ", ".join(f"{a}.{b}" for a, b in minors)
        raise ProcessError(
            f"the binary has no DWARF and was built by {version} for {goarch}: where that version keeps a goroutine's "
            f"fields is known for Go {listed} only. Build it without -ldflags=-w, or give the unstripped binary "
            "with --binary"
        )
    name = min(same)[1]
    return Layout(**layouts[name][goarch]), name


def wait_reasons(version: str) -> list[str]:
    """The texts of the runtime's wait reasons, by number; empty where the version is not known."""
    wanted = version_parts(version)
    if wanted is None:
        return []
    for name, reasons in _data()["wait_reasons"].items():
        parts = version_parts(name)
        if parts and parts[:2] == wanted[:2]:
            return list(reasons)
    return []


def wrapper_id(version: str) -> int:
    """The id of functions the compiler wraps around others, by the nearest release not after this one."""
    wanted = version_parts(version) or (1, 999, 0)
    known = sorted((parts, number) for name, number in _data()["wrapper_ids"].items() if (parts := version_parts(name)))
    before = [number for parts, number in known if parts[:2] <= wanted[:2]]
    return int(before[-1] if before else known[0][1])


def cache_folder() -> Path:
    """Where layouts are kept by build id."""
    named = os.environ.get("MORESTACK_CACHE")
    if named:
        return Path(named) / "layouts"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "morestack" / "layouts"


def _cache_file(build_id: str) -> Path:
    import hashlib

    return cache_folder() / (hashlib.sha256(build_id.encode()).hexdigest()[:32] + ".json")


def cached(build_id: str) -> Layout | None:
    """What DWARF said of the binary with this build id, if it was read before."""
    if not build_id:
        return None
    try:
        found = json.loads(_cache_file(build_id).read_text())
        if set(found) == {f.name for f in fields(Layout)} and all(isinstance(v, int) for v in found.values()):
            return Layout(**found)
    except (OSError, ValueError, TypeError):
        pass
    return None


def remember(build_id: str, layout: Layout) -> None:
    """Keep what DWARF said; a cache that cannot be written costs time only."""
    if not build_id:
        return
    file = _cache_file(build_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(asdict(layout)))
        scratch.replace(file)
    except OSError:
        pass
