"""Go source to abstract syntax: node classes, conversion from tree-sitter, walking and dumping."""
