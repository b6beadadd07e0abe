"""Where Go's own `test/` directory is, and how to get it.

It comes from Debian's source packages of Go (`golang-1.27-src`, or `golang-1.24-src` when that has moved
on), unpacked under the cache folder; the system's own package state is left alone. `$MORESTACK_GOTEST` names
a directory to use instead.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RELEASES = (("sid", "golang-1.27-src"), ("trixie", "golang-1.24-src"))
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def default_folder() -> Path:
    """Where the fetched corpus is kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "morestack" / "gotest"


def gotest_folder() -> Path | None:
    """The `test/` directory, or None when it is not there."""
    named = os.environ.get("MORESTACK_GOTEST")
    folder = Path(named) if named else default_folder() / "test"
    return folder if (folder / "fixedbugs").is_dir() else None


def mirror() -> str | None:
    """The Debian mirror the system's apt is configured for."""
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    for path in lists:
        try:
            text = path.read_text()
        except OSError:
            continue
        for line in text.splitlines():
            found = re.match(r"(?:deb\s+(?:\[[^]]*\]\s*)?|URIs:\s*)((?:https?|file)://\S+/debian/?)(?:\s|$)", line)
            if found:
                return found[1]
    return None


def fetch() -> Path:
    """Download and unpack the corpus unless it is there; raise RuntimeError with the reason when it cannot be had."""
    have = gotest_folder()
    if have is not None:
        return have
    source = mirror()
    if shutil.which("apt-get") is None or source is None:
        raise RuntimeError(
            "Go's test directory comes from a Debian package, and no apt-get with a Debian mirror is here"
        )
    reason = ""
    for suite, package in RELEASES:
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
            try:
                subprocess.run([*apt, "update"], check=True, capture_output=True, cwd=work)
                subprocess.run([*apt, "download", package], check=True, capture_output=True, cwd=work)
                (deb,) = work.glob(f"{package}_*.deb")
                subprocess.run(["dpkg", "-x", deb, work / "root"], check=True, capture_output=True)
            except (subprocess.CalledProcessError, ValueError) as error:
                reason = f"{package}: {error}"
                continue
            (source,) = (work / "root/usr/share").glob("go-*/test")
            target = default_folder() / "test"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
            return target
    raise RuntimeError(f"no Go source package could be had ({reason})")


if __name__ == "__main__":
    try:
        print(f"Go's own tests: {fetch()}")
    except RuntimeError as reason:
        sys.exit(f"Go's own tests are not here, and those that need them are skipped: {reason}")
