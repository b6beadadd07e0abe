"""Read the dumps Go prints: `debug=2` profiles, panics, fatal errors, SIGQUIT.

    goroutine 22 gp=0xc0001 m=nil [chan receive, 5 minutes]:
    main.idle(0xc000012345)
        /src/main.go:88 +0x19 fp=0xc0055 sp=0xc0044 pc=0x683739
    created by main.main in goroutine 1
        /src/main.go:40 +0xa5

A crash dump prints `fp`, `sp` and `pc` of each frame, so its bytes are known without a binary. A `debug=2` profile
prints the offset in the function only, and hides the runtime's own functions and compiler-made wrappers: with a binary
the frames that are shown have their bytes, and what is in use is a lower bound. An inlined call is printed with the
arguments `...`, and has no offset.

Other output around a dump (log lines) is skipped.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from morestack.process.group import is_system
from morestack.process.model import ELIDED, Frame, Goroutine, Path, Place, Snapshot
from morestack.profile.errors import ProfileError

if TYPE_CHECKING:
    from morestack.profile.sizes import Sizer

HEADER = re.compile(r"^goroutine (\d{1,19})(?: gp=(0x[0-9a-f]+))?(?: m=\S+)?(?: mp=\S+)? \[(.*?)\](?: \{.*\})?:$")
CALL = re.compile(r"^(\S.*)\(([^()]*)\)$")
CREATED = re.compile(r"^created by (.+?)(?: in goroutine (\d+))?$")
AT = re.compile(
    r"^\t(.*):(\d{1,9})(?: \+(0x[0-9a-f]{1,16}))?"
    r"(?: fp=(0x[0-9a-f]{1,16}) sp=(0x[0-9a-f]{1,16}) pc=(0x[0-9a-f]{1,16}))?\s*$"
)
LEFT_OUT = re.compile(r"^\.\.\.(?:(\d{1,12}) frames elided|additional frames elided)\.*$")
MINUTES = re.compile(r"^(\d{1,12}) minutes?$")
STATUSES = {
    "idle": "idle",
    "runnable": "runnable",
    "running": "running",
    "syscall": "syscall",
    "waiting": "waiting",
    "dead": "dead",
    "copystack": "copystack",
    "preempted": "preempted",
    "leaked": "leaked",
}
GOROUTINES = 250_000
"""Goroutines of a dump, which by then has some 150 MB."""
SEEN = 10_000
"""Distinct texts below headers that are remembered."""
LINE = 8192
"""Bytes of a line that count; arguments can make one longer than its function's name."""
TOP_BYTES = 24
"""Above goexit's frame the runtime leaves this much of a new stack free."""


def is_dump(data: bytes) -> bool:
    """Whether the text holds a goroutine's header."""
    return re.search(rb"^goroutine \d+ (?:gp=\S+ )?(?:m=\S+ )?(?:mp=\S+ )?\[", data, re.M) is not None


def read_dump(data: bytes, source: str, sizer: Sizer | None = None) -> Snapshot:
    """The goroutines of a dump; those of threads (goroutine 0) are left out, as they run on system stacks."""
    found: list[Goroutine] = []
    paths: dict[Path, Path] = {}
    seen: dict[tuple[bytes, ...], Goroutine] = {}
    header: re.Match[str] | None = None
    body: list[bytes] = []

    def end() -> None:
        """Take the goroutine whose last line was read."""
        if header is None:
            return
        goroutine = Goroutine(int(header[1]), "unknown", address=int(header[2] or "0", 16))
        set_state(goroutine, header[3])
        if goroutine.id == 0:
            return
        key = tuple(body)
        if key not in seen:
            read_body(goroutine, [line[:LINE].decode(errors="replace").rstrip() for line in body], sizer)
            goroutine.path = paths.setdefault(goroutine.path, goroutine.path)
            if len(seen) < SEEN:
                seen[key] = goroutine
        else:  # many goroutines wait in one place with the same arguments
            same = seen[key]
            goroutine.path, goroutine.creator, goroutine.start = same.path, same.creator, same.start
            goroutine.used_bytes, goroutine.incomplete = same.used_bytes, same.incomplete
            goroutine.elided, goroutine.elided_bytes = same.elided, same.elided_bytes
            goroutine.system = same.system
        found.append(goroutine)
        if len(found) > GOROUTINES:
            raise ProfileError(f"the dump has more than {GOROUTINES:,} goroutines")

    for line in io.BytesIO(data):
        if line.startswith(b"goroutine "):
            following = HEADER.match(line[:LINE].decode(errors="replace").rstrip())
            if following is not None:
                end()
                header, body = following, []
                continue
        if header is None:
            continue
        if line.isspace():
            end()
            header = None
        else:
            body.append(line)
    end()
    if not found:
        raise ProfileError(f"{source} holds no goroutine")
    notes = sizer.take_notes() if sizer is not None else []
    if any(g.incomplete for g in found):
        notes.append(
            "The dump hides the runtime's frames and wrappers: what is in use is a lower bound "
            "(GOTRACEBACK=crash, or a profile with debug=0, shows all)."
        )
    cut = sum(g.elided_bytes is None for g in found)
    if cut:
        notes.append(
            f"{cut:,} goroutines have frames that Go left out of the dump: what they use is at least what is shown."
        )
    return Snapshot(source, found, notes=notes)


def read_body(goroutine: Goroutine, body: list[str], sizer: Sizer | None) -> None:
    """A goroutine's path from the lines below its header."""
    frames: list[Frame] = []
    bounds: list[tuple[int, int]] = []
    hidden = True
    i = 0
    while i < len(body):
        line = body[i]
        place = AT.match(body[i + 1]) if i + 1 < len(body) else None
        created, call, elided = CREATED.match(line), CALL.match(line), LEFT_OUT.match(line)
        if elided:
            goroutine.elided = int(elided[1] or 0)
            goroutine.elided_bytes = None
            goroutine.incomplete = goroutine.incomplete or not elided[1]
            if goroutine.elided:
                frames.append(Frame(f"{goroutine.elided}{ELIDED}", frame_bytes=0, inlined=True))
            i += 1
        elif created:
            goroutine.creator = Place(created[1], place[1] if place else "", int(place[2]) if place else 0)
            i += 2 if place else 1
        elif call and place:
            if place[4]:
                bounds.append((int(place[5], 16), int(place[4], 16)))
            if call[1] == "runtime.goexit":
                hidden = False
            else:
                frames += read_frame(call, place, sizer, not frames)
            i += 2
        else:
            i += 1
    if sizer is not None and not bounds:
        frames = list(sizer.wrapped(tuple(frames), goroutine.creator))
    goroutine.path = tuple(frames)
    goroutine.incomplete = goroutine.incomplete or hidden
    if frames:
        root = next((f for f in reversed(frames) if not f.inlined), frames[-1])
        goroutine.start = Place(root.function, root.file, root.line)
    goroutine.system = is_runtimes(goroutine)
    if bounds:
        goroutine.used_bytes = bounds[-1][1] - bounds[0][0] + TOP_BYTES
        if goroutine.elided:  # between the frames on both sides of them
            goroutine.elided_bytes = bounds[-1][1] - bounds[0][0] - sum(high - low for low, high in bounds)
        if goroutine.used_bytes < 0 or goroutine.used_bytes > 1 << 40:
            raise ProfileError(f"goroutine {goroutine.id} of the dump is damaged: its frames are not in order")
    else:
        known = [f.frame_bytes for f in frames if f.frame_bytes is not None]
        goroutine.used_bytes = sum(known) + TOP_BYTES + 8 if known and any(known) else None


def is_runtimes(goroutine: Goroutine) -> bool:
    """Whether a goroutine is the runtime's own; one that ran on another thread has no path, and its creator tells."""
    if goroutine.start is not None:
        return is_system(goroutine.start.function, goroutine.path)
    creator = goroutine.creator.function if goroutine.creator is not None else ""
    return is_system(creator, ()) and creator != "runtime.newcoro"


def set_state(goroutine: Goroutine, text: str) -> None:
    """Status, wait reason and time from what stands in brackets."""
    state, _, rest = text.partition(", ")
    for part in rest.split(", ") if rest else ():
        if minutes := MINUTES.match(part):
            goroutine.wait_seconds = float(minutes[1]) * 60
    bare = state.split(" (")[0]
    if bare in STATUSES:
        goroutine.status = STATUSES[bare]
    else:
        goroutine.status, goroutine.wait_reason = "waiting", state


def read_frame(call: re.Match[str], place: re.Match[str], sizer: Sizer | None, innermost: bool) -> list[Frame]:
    """One call: its bytes from fp and sp where they are printed, else from the binary at its offset."""
    name, file, line = call[1], place[1], int(place[2])
    if place[4]:
        size = int(place[4], 16) - int(place[5], 16)
        if not 0 <= size <= 1 << 32:
            raise ProfileError(f"a frame of {name} in the dump is damaged: fp and sp are not in order")
        return [Frame(name, file, line, int(place[6], 16), size)]
    if place[3] is None:
        return [Frame(name, file, line, 0, 0, True)] if call[2] == "..." else [Frame(name, file, line)]
    size_at = sizer.at_offset(name, int(place[3], 16), innermost) if sizer is not None else None
    return [Frame(name, file, line, size_at[0] if size_at else 0, size_at[1] if size_at else None)]
