"""Tree traversal: the children of a node in source order, and all nodes in preorder.

The traversal is iterative, so it works for trees of any depth. Shared nodes are visited only once: the type and
values of a constant with an elided list belong to the constant it repeats. Rejected: visitor classes.
"""

from collections.abc import Iterator
from typing import get_args

from morestack.syntax import nodes
from morestack.syntax.nodes import ConstDecl, File, FuncType, Node

_SCALARS = frozenset(
    ["span", "text", "lbrace", "lbrack", "lparen", "rbrace", "op_pos", "arrow", "colon", "source", "branching"]
)
_NODE_TYPES: tuple[type, ...] = (*get_args(Node), File)


def _node_fields() -> dict[type, tuple[str, ...]]:
    """Return, for each class, the fields that may hold nodes or tuples of nodes."""
    table: dict[type, tuple[str, ...]] = {}
    names = {cls.__name__ for cls in _NODE_TYPES} | {"Expr", "Stmt", "Decl"}
    for cls in _NODE_TYPES:
        held = []
        for field, declared in cls.__annotations__.items():
            words = str(declared).replace("[", " ").replace("]", " ").replace('"', " ").replace("'", " ")
            words = words.replace(",", " ").replace("nodes.", " ").replace(".", " ")
            if field not in _SCALARS and any(word in names for word in words.split()):
                held.append(field)
        if cls is FuncType:
            held = ["type_params", "params", "results"]
        table[cls] = tuple(held)
    table[nodes.FuncDecl] = ("recv", "name", "type", "body")
    return table


_FIELDS = _node_fields()


def children(node: Node | File) -> list[Node]:
    """Return the direct children of a node, in source order."""
    if isinstance(node, ConstDecl) and node.inherited:
        return list(node.names)
    found: list[Node] = []
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if value is None:
            continue
        if isinstance(value, tuple):
            found.extend(value)
        else:
            found.append(value)
    return found


def walk(node: Node | File) -> Iterator[Node | File]:
    """Yield the node and its descendants in preorder."""
    pending: list[Node | File] = [node]
    pop = pending.pop
    while pending:
        current = pop()
        yield current
        below = children(current)
        below.reverse()
        pending.extend(below)


def too_deep(node: Node | File, limit: int) -> Node | None:
    """Return the first node found more than `limit` levels below `node`, or None."""
    level: list[Node] = children(node)
    depth = 1
    while level:
        if depth > limit:
            return level[0]
        level = [child for parent in level for child in children(parent)]
        depth += 1
    return None
