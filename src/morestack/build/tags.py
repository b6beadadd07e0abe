"""Which files of a folder belong to a build: `//go:build` lines and `_GOOS_GOARCH` file names.

Only the folder form needs this; a file named by the user is always taken, as `go run file.go` takes it.
"""

import re

TAGS = frozenset(["linux", "unix", "amd64", "go1"])
_OSES = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasip1",
        "windows",
        "zos",
    ]
)
_ARCHES = frozenset(
    [
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "loong64",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "ppc",
        "ppc64",
        "ppc64le",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)
GO_MINOR = 27
"""The language version understood: Go 1.27."""

_CONSTRAINT = re.compile(rb"^//go:build[ \t]+([^\r\n]*)", re.MULTILINE)
_PACKAGE = re.compile(rb"^[ \t]*package\b", re.MULTILINE)
_WORD = re.compile(r"\s*(\|\||&&|!|\(|\)|[\w.]+)")


def included(name: str, text: bytes, tags: frozenset[str] = TAGS) -> bool:
    """Does a file of this name and text take part in a build with these tags?"""
    parts = name.removesuffix(".go").split("_")[1:]
    if parts and parts[-1] in _ARCHES:
        if parts[-1] not in tags:
            return False
        parts.pop()
        if parts and parts[-1] in _OSES and parts[-1] not in tags:
            return False
    elif parts and parts[-1] in _OSES and parts[-1] not in tags:
        return False
    package = _PACKAGE.search(text)
    found = _CONSTRAINT.search(text, 0, package.start() if package else len(text))
    return found is None or satisfied(found[1].decode("utf-8", "replace"), tags)


def satisfied(constraint: str, tags: frozenset[str] = TAGS) -> bool:
    """Evaluate the expression of a `//go:build` line; one that cannot be read is false."""
    words = [*_WORD.findall(constraint.split("//")[0]), ""]
    value, rest = _either(words, tags)
    return value and rest == [""]


def _either(words: list[str], tags: frozenset[str]) -> tuple[bool, list[str]]:
    value, words = _both(words, tags)
    while words[0] == "||":
        right, words = _both(words[1:], tags)
        value = value or right
    return value, words


def _both(words: list[str], tags: frozenset[str]) -> tuple[bool, list[str]]:
    value, words = _one(words, tags)
    while words[0] == "&&":
        right, words = _one(words[1:], tags)
        value = value and right
    return value, words


def _one(words: list[str], tags: frozenset[str]) -> tuple[bool, list[str]]:
    negated = False
    while words[0] == "!":
        negated = not negated
        words = words[1:]
    if words[0] == "(":
        value, words = _either(words[1:], tags)
    else:
        word = words[0]
        version = re.fullmatch(r"go1\.(\d+)", word)
        value = int(version[1]) <= GO_MINOR if version else word in tags
    return value != negated, words[1:] or [""]
