"""Reading the user's program: a file, several files, or a folder of files of one package.

Everything that can be wrong with a path is one `FileError` with a clean sentence, worded as the go command
words it. What is wrong with the text itself is a syntax error, reported where it is parsed.
"""

import errno
import os
from collections.abc import Sequence

from morestack.build.tags import included
from morestack.errors import UserError
from morestack.source.codes import Code
from morestack.source.span import SourceFile

_REASONS = {
    errno.ENOENT: (Code.FILE_NOT_FOUND, "no such file or directory"),
    errno.ENOTDIR: (Code.FILE_NOT_FOUND, "not a directory"),
    errno.EACCES: (Code.FILE_UNREADABLE, "permission denied"),
    errno.EISDIR: (Code.FILE_UNREADABLE, "is a directory"),
}


class FileError(UserError):
    """A path of the user's that cannot be read as Go source; the text is ready to print."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_program(paths: Sequence[str]) -> list[SourceFile]:
    """The files of a program given as .go files or as one folder; raises `FileError`."""
    if len(paths) == 1 and os.path.isdir(paths[0]):
        return read_directory(paths[0])
    for path in paths:
        if not path.endswith(".go"):
            if os.path.exists(path):
                raise FileError(Code.FILE_NOT_GO, f"named files must be .go files: {path}")
            raise FileError(Code.FILE_NOT_FOUND, f"open {path}: no such file or directory")
    return [read_file(path) for path in paths]


def read_file(path: str) -> SourceFile:
    """One file; raises `FileError`."""
    try:
        with open(path, "rb") as stream:
            return SourceFile(path, stream.read())
    except OSError as error:
        raise _file_error("open" if error.errno != errno.EISDIR else "read", path, error) from None
    except ValueError:  # a NUL in the path
        raise FileError(Code.FILE_NOT_FOUND, f"open {path!r}: invalid argument") from None


def read_directory(path: str) -> list[SourceFile]:
    """The .go files of a folder that belong to a build for this machine, tests left out; raises `FileError`."""
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise _file_error("open", path, error) from None
    candidates = [n for n in names if n.endswith(".go") and n[0] not in "._"]
    candidates = [n for n in candidates if os.path.isfile(os.path.join(path, n))]
    sources = [n for n in candidates if not n.endswith("_test.go")]
    files = [read_file(os.path.join(path, n)) for n in sources]
    kept = [f for f in files if included(os.path.basename(f.path), f.text)]
    if kept:
        return kept
    where = os.path.abspath(path)
    if files:
        raise FileError(Code.NO_GO_FILES, f"build constraints exclude all Go files in {where}")
    if candidates:
        raise FileError(Code.NO_GO_FILES, f"no non-test Go files in {where}")
    raise FileError(Code.NO_GO_FILES, f"no Go files in {where}")


def _file_error(verb: str, path: str, error: OSError) -> FileError:
    code, reason = _REASONS.get(
        error.errno or 0, (Code.FILE_UNREADABLE, (error.strerror or "input/output error").lower())
    )
    return FileError(code, f"{verb} {path}: {reason}")
