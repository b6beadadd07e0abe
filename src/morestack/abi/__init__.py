"""What compiled code and the runtime both know, each number once: docs/abi.md explains it.

Plain integers, which the dialect takes as literals: they get their type where they are used. `structures` holds the
parts of G, M and others that compiled code reads and writes; the runtime's structs inherit their fields from there.
"""
