"""Fetch what a command was given: a path, `-` for standard input, or the URL of a pprof handler.

Compressed input is unpacked here, within a limit: a gzip file of 1 MB can hold 1 GB. Nothing is trusted about sizes
that the input states.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from morestack.profile.errors import ProfileError

LIMIT = 256 << 20
"""Bytes of a profile, unpacked. A goroutine profile of 100,000 distinct stacks has some 10 MB."""
TIMEOUT = 90.0
"""Seconds to wait for a URL: a CPU profile takes 30 by default."""
CHUNK = 1 << 20


def is_url(target: str) -> bool:
    """Whether the target names a pprof handler rather than a file."""
    return target.startswith(("http://", "https://"))


def fetch(target: str, limit: int = LIMIT) -> bytes:
    """The unpacked bytes behind a path, `-` or a URL."""
    try:
        if target == "-":
            raw = sys.stdin.buffer.read(limit + 1)
        elif is_url(target):
            raw = fetch_url(target, limit)
        else:
            path = Path(target)
            if path.is_dir():
                raise ProfileError(f"{target} is a directory, not a profile")
            with path.open("rb") as file:
                raw = file.read(limit + 1)
    except OSError as error:
        raise ProfileError(f"cannot read {target}: {error.strerror or error}") from None
    if len(raw) > limit:
        raise ProfileError(f"{target} is larger than {limit >> 20} MB")
    if not raw:
        raise ProfileError(f"{target} is empty")
    return unpack(raw, target, limit)


def fetch_url(target: str, limit: int) -> bytes:
    """What a pprof handler answers."""
    if not urlsplit(target).netloc:
        raise ProfileError(f"{target} has no host: a URL is http://host:6060/debug/pprof/goroutine?debug=0")
    try:
        with urlopen(Request(target, headers={"Accept": "*/*"}), timeout=TIMEOUT) as answer:
            data: bytes = answer.read(limit + 1)
    except (URLError, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ProfileError(f"cannot fetch {target}: {reason}") from None
    return data


def unpack(raw: bytes, name: str, limit: int = LIMIT) -> bytes:
    """The bytes inside gzip members, one after the other; what is not gzip as it is."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    out = bytearray()
    rest = raw
    while rest[:2] == b"\x1f\x8b":
        member = zlib.decompressobj(wbits=31)
        try:
            while True:
                out += member.decompress(rest, CHUNK)
                rest = member.unconsumed_tail
                if len(out) > limit:
                    raise ProfileError(f"{name} unpacks to more than {limit >> 20} MB")
                if member.eof:
                    break
                if not rest:
                    raise ProfileError(f"{name} is cut short: its gzip data ends in the middle")
        except zlib.error as error:
            raise ProfileError(f"{name} is damaged: {str(error).split(': ', 1)[-1]} in its gzip data") from None
        rest = member.unused_data
    return bytes(out)
