"""The tree as text: one node per line, indented by depth, with its position and the fields that are not nodes.

FuncDecl 3:1 name=main
  FuncType 3:10
  Block 3:12
"""

from enum import Enum

from morestack.source.span import SourceFile, Span
from morestack.syntax.nodes import File, Name, Node
from morestack.syntax.walk import children


def dump(node: Node | File) -> str:
    """Return a tree as text, with one line per node."""
    lines: list[str] = []
    pending: list[tuple[int, Node | File]] = [(0, node)]
    while pending:
        depth, current = pending.pop()
        lines.append("  " * depth + _line(current))
        pending.extend((depth + 1, child) for child in reversed(children(current)) if not _shown_inline(current, child))
    return "\n".join(lines) + "\n"


def _shown_inline(parent: Node | File, child: Node) -> bool:
    """Whether child is a name that identifies its parent, and is therefore shown on the parent's line."""
    if not isinstance(child, Name):
        return False
    names = getattr(parent, "names", ())
    single = (getattr(parent, "name", None), getattr(parent, "sel", None), getattr(parent, "label", None))
    return child in names or child in single or child is getattr(parent, "package", None)


def _line(node: Node | File) -> str:
    parts = [type(node).__name__]
    span = getattr(node, "span", None)
    if isinstance(span, Span):
        parts.append(f"{span.line}:{span.col}")
    for field in node.__match_args__:
        value = getattr(node, field)
        if isinstance(value, Name) and (field in ("name", "sel", "label", "package")):
            parts.append(f"{field}={value.text}")
        elif field == "names":
            parts.extend(["names=" + ",".join(n.text for n in value)] if value else [])
        elif isinstance(value, bool):
            parts.extend([field] if value else [])
        elif isinstance(value, Enum):
            parts.append(f"{field}={value.value}")
        elif isinstance(value, SourceFile):
            parts.append(value.path)
        elif isinstance(value, str):
            parts.append(f"{field}={value}")
        elif field == "iota":
            parts.append(f"iota={value}")
        elif field == "pragmas" and value:
            parts.append("pragmas=" + ",".join(value))
    return " ".join(parts)
