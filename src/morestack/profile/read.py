"""Read whatever a target holds: a goroutine profile or dump as a `Snapshot`, another profile as a `Profile`."""

from __future__ import annotations

from pathlib import Path as File
from typing import TYPE_CHECKING

from morestack.process.model import Goroutine, Snapshot
from morestack.profile.allocator import TOP
from morestack.profile.counts import is_counts, read_counts
from morestack.profile.dump import is_dump, read_dump
from morestack.profile.errors import ProfileError, extra
from morestack.profile.model import Profile
from morestack.profile.pprof import is_pprof, read_pprof
from morestack.profile.statement import creator, root
from morestack.profile.target import fetch, is_url

if TYPE_CHECKING:
    from morestack.profile.sizes import Sizer

GOROUTINES = ("goroutine", "goroutines", "goroutineleak")
DEPTH = 128
"""Frames after which Go cuts the stacks of a profile, by default."""


def is_profile(target: str) -> bool:
    """Whether a target is a profile or dump, by its name or first bytes, and not an executable, a core or a PID."""
    if target == "-" or is_url(target):
        return True
    try:
        with File(target).open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    if head.startswith((b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")):
        return False
    return head.startswith(b"\x1f\x8b") or is_counts(head) or is_dump(head) or is_pprof(head)


def open_sizer(binary: str | None) -> Sizer | None:
    """The sizes of a binary's frames; None without a binary."""
    if binary is None:
        return None
    extra("lief", "inspect")
    extra("numpy", "inspect")
    from morestack.binary import BinaryError, open_binary
    from morestack.profile.sizes import Sizer

    try:
        return Sizer(open_binary(binary))
    except BinaryError as error:
        raise ProfileError(str(error)) from None


def read(target: str, binary: str | None = None, sizer: Sizer | None = None) -> Snapshot | Profile:
    """What is in a path, standard input (`-`) or behind a URL; with a binary each frame has its bytes."""
    return parse(fetch(target), "standard input" if target == "-" else target, sizer or open_sizer(binary))


def parse(data: bytes, source: str, sizer: Sizer | None = None) -> Snapshot | Profile:
    """The records in unpacked bytes."""
    try:
        if is_counts(data):
            profile = read_counts(data, source, sizer)
        elif (is_pprof(data) and not data[:64].isascii()) or data[:1] in (b"\x0a", b"\x12"):
            profile = read_pprof(data, source, sizer)
        elif is_dump(data):
            return finish(read_dump(data, source, sizer), sizer)
        elif is_pprof(data):
            profile = read_pprof(data, source, sizer)
        else:
            raise ProfileError("it is none of a pprof profile (debug=0 or 1), a debug=2 profile and a Go dump")
    except ProfileError as error:
        text = str(error)
        raise ProfileError(text if text.startswith(source) else f"{source}: {text}") from None
    except Exception as error:
        from morestack.binary import BinaryError

        if isinstance(error, BinaryError):
            raise ProfileError(f"{source}: {error}") from None
        raise
    if profile.index(*GOROUTINES) is None:
        return profile
    return finish(snapshot(profile), sizer)


def finish(snapshot: Snapshot, sizer: Sizer | None) -> Snapshot:
    """Say which binary the figures are of."""
    if sizer is not None:
        snapshot.binary = str(sizer.binary.path)
        snapshot.go_version = sizer.binary.go_version
        snapshot.layout = "the binary's stack deltas"
    return snapshot


def snapshot(profile: Profile) -> Snapshot:
    """A goroutine profile as the goroutines it counts."""
    at = profile.index(*GOROUTINES)
    assert at is not None
    found = []
    cut = 0
    for sample in profile.samples:
        if sample.values[at] <= 0:
            continue
        path = sample.path
        while path and path[-1].function == "runtime.goexit":
            path = path[:-1]
        goroutine = Goroutine(None, "unknown", path=path, start=root(path), labels=sample.labels)
        goroutine.creator = creator(path)
        goroutine.count = sample.values[at]
        sizes = [f.frame_bytes for f in path]
        if path and None not in sizes:
            goroutine.used_bytes = TOP + sum(size for size in sizes if size is not None)
        if sum(not f.inlined for f in path) >= DEPTH:
            goroutine.incomplete = True
            cut += goroutine.count
        found.append(goroutine)
    notes = list(profile.notes)
    if cut:
        notes.append(
            f"{cut:,} goroutines have {DEPTH} frames or more, where Go cuts them (GODEBUG=profstackdepth=1024 keeps "
            "more): what they use is a lower bound."
        )
    if any(g.used_bytes is not None for g in found):
        notes.append("A profile does not record stack sizes: bytes in use are those of the frames, from the binary.")
    return Snapshot(profile.source, found, taken=profile.taken, seconds=profile.seconds, notes=notes)


def read_cpu(target: str, sizer: Sizer | None = None) -> Profile:
    """A CPU profile; anything else is refused."""
    found = read(target, sizer=sizer)
    if isinstance(found, Snapshot):
        raise ProfileError(f"{target} is of goroutines, not a CPU profile (/debug/pprof/profile)")
    return found
