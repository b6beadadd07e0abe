"""Go programs that others built: from Debian's bookworm (Go 1.19) and sid (Go 1.24 and later), not installed.

    python -m tests.real.debian            fetch what is missing (some 350 MB)

`MORESTACK_BINARIES` names the folder; a program is FOLDER/SUITE/PACKAGE/usr/bin/NAME. The system's own package state is
left alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.corpus import KEYRING, mirror

SUITES = ("bookworm", "sid")
PACKAGES = ("hugo", "syncthing", "rclone", "restic", "prometheus", "caddy", "gh", "etcd-server")
SMALLEST = 10 << 20  # bytes; below lie scripts and helpers


def folder() -> Path:
    """Where the programs are."""
    named = os.environ.get("MORESTACK_BINARIES")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".cache") / "morestack" / "binaries"


def programs() -> list[Path]:
    """The programs at hand, by suite and name."""
    found = (path for path in folder().glob("*/*/usr/bin/*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if path.stat().st_size > SMALLEST)


def fetch() -> Iterator[str]:
    """Fetch what is missing; yields what could not be had."""
    source = mirror()
    if shutil.which("apt-get") is None or source is None:
        raise RuntimeError("the programs come from Debian, and no apt-get with a Debian mirror is here")
    for suite in SUITES:
        wanted = [package for package in PACKAGES if not (folder() / suite / package).is_dir()]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            work = Path(scratch)
            (work / "lists/partial").mkdir(parents=True)
            (work / "cache/archives/partial").mkdir(parents=True)
            (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {source} {suite} main\n")
            options = [
                f"Dir::Etc::sourcelist={work}/sources.list", "Dir::Etc::sourceparts=/dev/null",
                f"Dir::State::lists={work}/lists", f"Dir::Cache={work}/cache", "APT::Sandbox::User=root",
            ]  # fmt: skip
            apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
            subprocess.run([*apt, "update"], check=True, capture_output=True, cwd=work)
            for package in wanted:
                try:
                    subprocess.run([*apt, "download", package], check=True, capture_output=True, cwd=work)
                    (deb,) = work.glob(f"{package}_*.deb")
                    subprocess.run(["dpkg", "-x", deb, work / package], check=True, capture_output=True)
                except (subprocess.CalledProcessError, ValueError):
                    yield f"{package} of {suite}"
                    continue
                (folder() / suite).mkdir(parents=True, exist_ok=True)
                shutil.copytree(work / package, folder() / suite / package, symlinks=True)


if __name__ == "__main__":
    try:
        for missing in fetch():
            print(f"not to be had: {missing}", file=sys.stderr)
    except (RuntimeError, subprocess.CalledProcessError) as reason:
        sys.exit(f"programs of others are not here, and what needs them is skipped: {reason}")
    print(f"{len(programs())} programs in {folder()}")
