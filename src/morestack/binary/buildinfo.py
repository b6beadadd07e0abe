"""What the linker wrote about the build: Go's version, the main module, and the settings of the build."""

from __future__ import annotations

import re
from dataclasses import dataclass

from morestack.binary.errors import BinaryError
from morestack.binary.image import Image

MAGIC = b"\xff Go buildinf:"
INLINE = 2  # the flag of Go 1.18 and later: the texts follow, instead of pointers to them
LONGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """The texts of a binary's build information; empty where it has none."""

    version: str
    module: str

    def setting(self, name: str) -> str | None:
        """A setting of the build, as GOOS or -ldflags."""
        found = re.search(rf"^build\t{re.escape(name)}=(.*)$", self.module, re.MULTILINE)
        return found[1] if found else None

    @property
    def release(self) -> tuple[int, int] | None:
        """The release as numbers, (1, 27) of go1.27.3; None when the version does not tell."""
        found = re.search(r"go(\d{1,3})\.(\d{1,4})", self.version)
        return (int(found[1]), int(found[2])) if found else None


def read_buildinfo(image: Image) -> BuildInfo:
    """The build information, by its section, else by its first bytes in the data."""
    section = image.section(".go.buildinfo", ".go_buildinfo")
    places = [section] if section is not None else [s for s in image.sections if not s.executable] or image.segments
    for place in places:
        end = min(place.offset + place.size, len(image.data))
        at = image.data.find(MAGIC, place.offset, end)
        while at >= 0:
            if at + 33 <= end and image.data[at + 15] & INLINE:
                version, behind = _text(image, at + 32)
                module, _ = _text(image, behind)
                # 16 bytes on each side mark the module's text
                return BuildInfo(version, module[16:-16] if len(module) >= 33 else "")
            at = image.data.find(MAGIC, at + 1, end)
    return BuildInfo("", "")


def _text(image: Image, at: int) -> tuple[str, int]:
    """A text behind its length as a varint, and the place behind it."""
    size = shift = 0
    while True:
        if at >= len(image.data) or shift > 28:
            raise BinaryError(f"{image.path}: its build information is damaged")
        byte = image.data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > LONGEST or at + size > len(image.data):
        raise BinaryError(f"{image.path}: its build information is damaged")
    return image.data[at : at + size].decode("utf-8", "replace"), at + size
