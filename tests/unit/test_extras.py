"""Packages of an extra that is not installed are one clear error that names it."""

import builtins
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from morestack.cli.main import EXTRAS, main

ROOT = Path(__file__).parent.parent.parent


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let imports of a package fail."""
    real = builtins.__import__

    def fake(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fake)


def test_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {"google": "protobuf", "elftools": "pyelftools", "iced_x86": "iced-x86", "distributed": "dask"}
    for package, extra in EXTRAS.items():
        wanted = named.get(package, package)
        assert wanted in {re.split(r"[\[>=]", text)[0] for text in extras[extra]}, package


@pytest.mark.parametrize("package", ["numpy"])
def test_a_missing_package_names_its_extra(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith(("morestack.binary", f"{package}.")) or n == package]:
        monkeypatch.delitem(sys.modules, name)
    without(monkeypatch, package)
    file = tmp_path / "x"
    file.write_bytes(b"\x7fELF" + b"\0" * 100)
    result = CliRunner().invoke(main, ["frames", str(file)])
    assert result.exit_code == 1
    assert result.output == f"this needs the package {package}: pip install 'morestack[inspect]'\n"
