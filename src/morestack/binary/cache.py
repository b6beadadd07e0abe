"""What took long to find in a binary, kept in the user's cache folder.

Arrays by name in one npz file a binary, under the identity of the file (device, inode, size, times) and `EDITION`,
which changes with what is stored; a digest of the contents would cost more than the rest of a second look. A file that
cannot be read, or not be written, costs the time to compute again and nothing else. Entries not used for `KEEP_DAYS`
are removed when a new one is written.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from morestack.binary.file import Binary

EDITION = 2
KEEP_DAYS = 30
Arrays = dict[str, NDArray[np.int64]]


def folder() -> Path:
    """Where the files are."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "morestack" / "binary"


def cached(binary: Binary, kind: str, names: tuple[str, ...], compute: Callable[[], Arrays]) -> Arrays:
    """The arrays of these names, from the cache or computed and stored."""
    path = folder() / f"{binary.identity}-{kind}-{EDITION}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name], np.int64) for name in names}
        os.utime(path)
        return arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    arrays = compute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(file.name, path)
        _tidy(path.parent)
    except OSError:
        pass
    return arrays


def _tidy(place: Path) -> None:
    oldest = time.time() - KEEP_DAYS * 86400
    for path in place.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
