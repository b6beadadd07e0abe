"""tree-sitter-go, an independent parser of Go, sees the same constructs at the same places.

It is an oracle for tests only: it takes wrong programs (newlines where Go has a semicolon), does not know all
of Go 1.27, and says nothing about an error but that there is one.
"""

from collections import Counter
from pathlib import Path

import pytest

from morestack.source.diagnostics import Diagnostics
from morestack.source.span import SourceFile
from morestack.syntax import nodes
from morestack.syntax.convert import parse_file
from morestack.syntax.walk import walk
from tests.go_sources import goroot

tree_sitter = pytest.importorskip("tree_sitter")
tree_sitter_go = pytest.importorskip("tree_sitter_go")

KINDS: dict[str, str] = {
    "binary_expression": "Binary",
    "call_expression": "Call",
    "type_conversion_expression": "Call",
    "func_literal": "FuncLit",
    "literal_value": "CompositeLit",
    "slice_expression": "Slice",
    "type_assertion_expression": "TypeAssert",
    "if_statement": "If",
    "expression_switch_statement": "Switch",
    "type_switch_statement": "TypeSwitch",
    "select_statement": "Select",
    "send_statement": "Send",
    "return_statement": "Return",
    "map_type": "MapType",
    "struct_type": "StructType",
    "interface_type": "InterfaceType",
    "function_declaration": "FuncDecl",
    "method_declaration": "FuncDecl",
}
Places = Counter[tuple[str, int, int]]


def theirs(text: bytes) -> Places:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_go.language()))
    tree = parser.parse(text)
    assert not tree.root_node.has_error
    found: Places = Counter()
    pending = [tree.root_node]
    while pending:
        node = pending.pop()
        if node.is_named and node.type in KINDS:
            start = node.start_byte
            if node.type == "type_conversion_expression" and text[start : start + 1] == b"*":
                start += 1  # it reads `*(*T)(x)` as a conversion to `*(*T)`; Go as `*` of a conversion to `*T`
            found[KINDS[node.type], start, node.end_byte] += 1
        pending.extend(node.children)
    return found


def ours(path: Path, text: bytes) -> Places:
    diagnostics = Diagnostics()
    file = parse_file(SourceFile(str(path), text), diagnostics)
    assert file is not None and not diagnostics
    wanted = set(KINDS.values())
    found: Places = Counter()
    for node in walk(file):
        name = type(node).__name__
        if name in wanted and not isinstance(node, nodes.File):
            start = node.lbrace if isinstance(node, nodes.CompositeLit) else node.span.start
            found[name, start, node.span.end] += 1
    return found


@pytest.mark.slow
@pytest.mark.parametrize("package", ["fmt", "strconv", "sort", "slices", "reflect", "sync", "go/parser", "net/http"])
def test_same_constructs_at_the_same_places(package: str) -> None:
    for path in sorted((goroot() / "src" / package).glob("*.go")):
        text = path.read_bytes()
        a, b = ours(path, text), theirs(text)
        only = [(*place, text[place[1] : place[2]][:60]) for place in (a - b) | (b - a)]
        assert not only, f"{path}: {only[:5]}"
