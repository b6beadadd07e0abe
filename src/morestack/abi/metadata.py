"""Metadata in front of code, and the records it refers to (docs/abi.md)."""

# The word at -8 of a continuation or site: words of the frame, and flags.
FRAME_WORDS = 0x3FFF_FFFF
TRACKED_OBJECTS = 1 << 30
"""The frame's objects have a table in the function record."""
LARGE_BITMAP = 1 << 31
"""The frame has over 64 words: at -16 stands the address of its bitmap."""
ENTRY_MARK = 0xFFFF_FFFF
"""The word at -8 of a function's entry."""

# Flags of a function record.
FUNC_WRAPPER = 1  # hidden in tracebacks
FUNC_RUNTIME = 2
FUNC_BOTTOM = 4  # the bottom of a stack
FUNC_NO_PARAMS = 8  # shown as f(), else as f(...)

SITE_END = -20
"""The last word of a site record, as large as the record: so the record's end is a pc of it, which runtime.Callers
gives for a call that was inlined."""
