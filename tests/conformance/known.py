"""Lists of known failures: one name a line, `#` starts a reason."""

from pathlib import Path

FOLDER = Path(__file__).parent


def read(name: str) -> set[str]:
    """The names in a list; a list that has none need not exist."""
    path = FOLDER / name
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.split("#")[0].strip() for line in lines} - {""}


def write(name: str, failures: dict[str, str], heading: str) -> None:
    """Replace a list: names with their reasons."""
    lines = [f"# {heading}", *(f"{test}  # {reason}" for test, reason in sorted(failures.items()))]
    (FOLDER / name).write_text("\n".join(lines) + "\n")
