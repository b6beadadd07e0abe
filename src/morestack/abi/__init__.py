"""The numbers that compiled code and the runtime share, each defined once: docs/abi.md explains them.

They are plain integers. The dialect treats them as literals, which get their type where they are used. `structures`
defines the parts of G, M and others that compiled code reads and writes; the runtime's structs inherit those fields.
"""
