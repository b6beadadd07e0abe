"""Opening a binary: the one way in."""

from __future__ import annotations

import hashlib
import mmap
import os
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from morestack.binary.buildinfo import BuildInfo, read_buildinfo
from morestack.binary.dwarf import Dwarf
from morestack.binary.elf import read_elf
from morestack.binary.errors import BinaryError
from morestack.binary.image import Image
from morestack.binary.moduledata import Moduledata, find_header, find_moduledata
from morestack.binary.pclntab import Pclntab


def _read_pe(path: Path, data: mmap.mmap) -> Image:
    from morestack.binary.pe import read_pe  # with LIEF, which is slow to import

    return read_pe(path, data)


def _read_macho(path: Path, data: mmap.mmap) -> Image:
    from morestack.binary.macho import read_macho

    return read_macho(path, data)


READERS: dict[bytes, Callable[[Path, mmap.mmap], Image]] = {
    b"\x7fELF": read_elf,
    b"MZ": _read_pe,
    b"\xcf\xfa\xed\xfe": _read_macho,
    b"\xca\xfe\xba\xbe": _read_macho,
}
GOOS = {"elf": "linux", "macho": "darwin", "pe": "windows"}


class Binary:
    """An executable built by Go, with what its file says of functions, frames and data.

    All addresses are link-time addresses: subtract the load bias from a running program's.
    """

    def __init__(self, image: Image, identity: str) -> None:
        self.image = image
        self.identity = identity  # of the file as it is now: what a cache goes by, because build ids can be forged
        self.path = image.path
        self.goarch = image.goarch
        self.pie = image.pie
        self.build: BuildInfo = read_buildinfo(image)
        header = find_header(image)
        self.moduledata: Moduledata = find_moduledata(image, header, self.build.release)
        self.pclntab = Pclntab(image, header, self.moduledata)
        self.text_start: int = self.moduledata.text
        self.text_end: int = self.moduledata.etext
        self.goos = self.build.setting("GOOS") or GOOS[image.format]
        self.go_version = self._version()

    def _version(self) -> str:
        if self.build.version:
            return self.build.version.split(" ")[0]
        at = self.symbol("runtime.buildVersion")
        if at is not None:
            pointer, size = self.image.pointer(at), self.image.word(at + 8)
            if 0 < size < 256:
                return self.read(pointer, size).decode("ascii", "replace").split(" ")[0]
        major, minor = self.moduledata.release
        return f"go{major}.{minor}"  # the first release with this layout

    @property
    def release(self) -> tuple[int, int]:
        """The release of Go as numbers; without a version in the file, the first release of its layout."""
        return self.build.release or self.moduledata.release

    @cached_property
    def build_id(self) -> str:
        """The build id of Go's linker, else of the system's, else a digest of the whole file."""
        notes = self.image.notes
        return notes.get("go") or notes.get("gnu") or hashlib.sha256(self.image.data).hexdigest()[:32]

    @cached_property
    def dwarf(self) -> Dwarf | None:
        """The debug information; None when the file has none."""
        return Dwarf(self.image) if self.image.section(".debug_info", ".zdebug_info") is not None else None

    def symbol(self, name: str) -> int | None:
        """The link-time address of a symbol; None when the file has no such symbol, or is stripped."""
        return self.image.symbols.address(name) if self.image.symbols is not None else None

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of the file at a link-time address."""
        return self.image.read(address, size)

    def pointer(self, address: int) -> int:
        """The pointer at a link-time address, relocations applied."""
        return self.image.pointer(address)


def open_binary(path: str | os.PathLike[str]) -> Binary:
    """The Go binary at `path`: ELF, Mach-O or PE. Raises BinaryError for anything that is not one."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size < 64:
                raise BinaryError(f"{path}: not an executable")
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BinaryError(f"{path}: {reason}") from None
    known = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    identity = hashlib.sha256(repr(known).encode()).hexdigest()[:32]
    for magic, reader in READERS.items():
        if data[: len(magic)] == magic:
            try:
                with warnings.catch_warnings():
                    # LIEF warns of numbers that it has no name for
                    warnings.simplefilter("ignore", RuntimeWarning)
                    image = reader(path, data)
                return Binary(image, identity)
            except BinaryError:
                raise
            except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise BinaryError(f"{path}: its headers are damaged ({reason})") from None
    raise BinaryError(f"{path}: not an ELF, Mach-O or PE executable")
