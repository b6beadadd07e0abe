"""`python -m tests.circles`: the circles of imports, none but those allowed.

Modules import each other in a circle when each reaches the other by imports at run time, also by those inside
functions; what only a type checker sees is left out. The folders of `src/morestack` form no circle, nor do the folders
in one of them, except in the folders that `ALLOWED` names.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SRC = Path(__file__).parent.parent / "src"
ALLOWED: dict[str, str] = {}
"""Folders in which modules may form a circle, and why."""


def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package has the name of its folder."""
    found = {}
    for path in sorted((SRC / "morestack").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def run_time(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker sees."""
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from run_time(node.orelse)
            continue
        yield node
        yield from run_time(ast.iter_child_nodes(node))


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of ours that a module imports."""
    found = set()
    for node in run_time([ast.parse(path.read_text())]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
    return found & known.keys()


def circles(graph: Mapping[str, Iterable[str]]) -> list[frozenset[str]]:
    """The strongly connected components of more than one node (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []
    for root in graph:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        work = [(root, iter(graph[root]))]
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    if len(stack) - at > 1:
                        found.append(frozenset(stack[at:]))
                    del stack[at:]
    return found


def folders(graph: Mapping[str, Iterable[str]], known: Mapping[str, Path], depth: int) -> dict[str, set[str]]:
    """The graph of the folders `depth` levels below `src/morestack`; modules that lie higher have none."""

    def of(module: str) -> str | None:
        parts = known[module].parent.relative_to(SRC / "morestack").parts
        return "/".join(parts[:depth]) if len(parts) >= depth else None

    found: dict[str, set[str]] = {}
    for module, targets in graph.items():
        here = of(module)
        if here is not None:
            found.setdefault(here, set()).update(t for m in targets if (t := of(m)) not in (None, here))
    return found


def problems() -> list[str]:
    """One line for each circle of modules or folders that is not allowed."""
    known = modules()
    graph = {name: imports(path, known) for name, path in known.items()}
    lines = []
    for circle in circles(graph):
        places = [known[m].relative_to(SRC / "morestack").as_posix() for m in circle]
        if not any(all(place.startswith(f"{allowed}/") for place in places) for allowed in ALLOWED):
            lines.append(f"circle of modules: {', '.join(sorted(places))}")
    for depth in (1, 2, 3):
        for circle in circles(folders(graph, known, depth)):
            if not any(all(place.startswith(f"{allowed}/") for place in circle) for allowed in ALLOWED):
                lines.append(f"circle of folders: {', '.join(sorted(circle))}")
    return sorted(lines)


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(bool(lines))
