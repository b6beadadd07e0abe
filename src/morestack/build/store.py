"""The object cache: compiled code by content, under the user's cache folder.

A key is a digest of everything an object depends on (the compiler's own sources, the program's bytes and
paths, options, the CPU); so entries are never invalidated, only left behind. A file is a magic number, a
digest of the payload, and the payload: a truncated or damaged file reads as absent and is written anew.
Writers replace whole files atomically, so concurrent runs at worst compile the same thing twice. A cache
that cannot be written (no space, no permission) is not an error: the program runs uncached.

Rejected: file locks (a crash leaves them behind; atomic replacement needs none).
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

try:
    from _blake2 import blake2b  # what hashlib gives, without OpenSSL: 4 ms and 5 MB of every run
except ImportError:
    from hashlib import blake2b

MAGIC = b"morestack object 1\n"
_DIGEST = 16
KEEP_BYTES = 256 << 20
"""Above this, `trim` removes the entries unused for longest."""


def cache_folder() -> Path:
    """`$MORESTACK_CACHE`, else `morestack` under `$XDG_CACHE_HOME` or `~/.cache`."""
    own = os.environ.get("MORESTACK_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "morestack"


def digest(*parts: bytes | str) -> str:
    """A key for these parts; their lengths are hashed too, so boundaries cannot shift."""
    h = blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()


def fingerprint(package: Path | None = None) -> str:
    """Digest of the compiler's own sources: a changed compiler shares no objects with its former self."""
    root = package or Path(__file__).parent.parent
    parts: list[bytes | str] = []
    for folder, subfolders, files in os.walk(root):
        subfolders.sort()
        for name in sorted(files):
            if name.endswith((".py", ".go")):
                parts += [os.path.join(folder[len(str(root)) :], name), Path(folder, name).read_bytes()]
    return digest(*parts)


@cache
def compiler() -> str:
    """`fingerprint` of this compiler, computed once a process."""
    return fingerprint()


def _path(key: str) -> Path:
    return cache_folder() / key[:2] / f"{key[2:]}.o"


def load(key: str) -> bytes | None:
    """The payload stored under key, or None when there is none that is whole."""
    path = _path(key)
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(MAGIC) + _DIGEST
    payload = data[head:]
    if data[: len(MAGIC)] != MAGIC or blake2b(payload, digest_size=_DIGEST).digest() != data[len(MAGIC) : head]:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # recently used
    return payload


def store(key: str, payload: bytes) -> None:
    """Keep payload under key; silently not at all when the folder cannot be written."""
    path = _path(key)
    data = MAGIC + blake2b(payload, digest_size=_DIGEST).digest() + payload
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError:
        return
    if key.startswith("00"):  # one store in 256 looks after the size of the whole
        trim()


def kept(key: str, make: Callable[[], bytes]) -> bytes:
    """The payload under key; made and stored first when there is none."""
    found = load(key)
    if found is None:
        found = make()
        store(key, found)
    return found


def trim(limit: int = KEEP_BYTES) -> int:
    """Remove the least recently used entries until at most `limit` bytes remain; return bytes removed."""
    entries: list[tuple[float, int, Path]] = []
    for path in cache_folder().glob("??/*.o"):
        try:
            info = path.stat()
        except OSError:
            continue  # another run trimmed it
        entries.append((info.st_mtime, info.st_size, path))
    excess = sum(size for _, size, _ in entries) - limit
    removed = 0
    for _, size, path in sorted(entries, key=lambda entry: entry[0]):
        if removed >= excess:
            break
        path.unlink(missing_ok=True)
        removed += size
    return removed
