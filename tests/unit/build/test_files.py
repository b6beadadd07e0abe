"""Reading programs: every way a path can be wrong is one sentence."""

import os
from pathlib import Path

import pytest

from morestack.build.files import FileError, read_directory, read_file, read_program
from morestack.build.tags import included, satisfied
from morestack.source.codes import Code


def failure(*paths: Path | str) -> FileError:
    with pytest.raises(FileError) as caught:
        read_program([str(p) for p in paths])
    return caught.value


def test_missing_file(tmp_path: Path) -> None:
    error = failure(tmp_path / "x.go")
    assert str(error) == f"open {tmp_path}/x.go: no such file or directory"
    assert error.code is Code.FILE_NOT_FOUND


def test_missing_folder(tmp_path: Path) -> None:
    assert str(failure(tmp_path / "nowhere")) == f"open {tmp_path}/nowhere: no such file or directory"


def test_file_that_is_not_go(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    error = failure(tmp_path / "a.txt")
    assert str(error) == f"named files must be .go files: {tmp_path}/a.txt"
    assert error.code is Code.FILE_NOT_GO


def test_empty_folder(tmp_path: Path) -> None:
    error = failure(tmp_path)
    assert str(error) == f"no Go files in {tmp_path}"
    assert error.code is Code.NO_GO_FILES


def test_folder_of_tests_or_of_other_machines(tmp_path: Path) -> None:
    (tmp_path / "a_test.go").write_text("package a\n")
    assert str(failure(tmp_path)) == f"no non-test Go files in {tmp_path}"
    (tmp_path / "a_windows.go").write_text("package a\n")
    assert str(failure(tmp_path)) == f"build constraints exclude all Go files in {tmp_path}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.go"
    path.write_text("package a\n")
    path.chmod(0)
    assert str(failure(path)) == f"open {path}: permission denied"


def test_no_permission_is_worded_for_root_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(FileError, match=r"open a\.go: permission denied") as caught:
        read_file("a.go")
    assert caught.value.code is Code.FILE_UNREADABLE


def test_folder_named_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "d.go").mkdir()
    (tmp_path / "a.go").write_text("package a\n")
    assert str(failure(tmp_path / "a.go", tmp_path / "d.go")) == f"read {tmp_path}/d.go: is a directory"


def test_folder_takes_the_files_of_this_build(tmp_path: Path) -> None:
    for name in ("b.go", "a.go", "a_test.go", "_c.go", ".d.go", "e_windows.go", "f_linux.go", "notes.txt"):
        (tmp_path / name).write_text("package a\n")
    (tmp_path / "g.go").write_text("//go:build ignore\n\npackage a\n")
    names = [os.path.basename(f.path) for f in read_directory(str(tmp_path))]
    assert names == ["a.go", "b.go", "f_linux.go"]


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        ("linux", True),
        ("!linux", False),
        ("windows || linux && amd64", True),
        ("(windows || linux) && !amd64", False),
        ("go1.18", True),
        ("go1.99", False),
        ("!(windows || plan9)", True),
        ("linux &&", False),
        ("", False),
    ],
)
def test_constraints(constraint: str, value: bool) -> None:
    assert satisfied(constraint) is value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a_linux_amd64.go", True),
        ("a_linux_arm64.go", False),
        ("a_windows_amd64.go", False),
        ("linux.go", True),
        ("windows.go", True),
        ("a_b.go", True),
        ("a_arm.go", False),
    ],
)
def test_names(name: str, value: bool) -> None:
    assert included(name, b"package a\n") is value
