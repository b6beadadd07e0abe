"""The metadata in front of code, and the records it refers to (docs/abi.md)."""

# The word at -8 of a continuation or site: the size of the frame in words, and flags.
FRAME_WORDS = 0x3FFF_FFFF
TRACKED_OBJECTS = 1 << 30
"""The frame's objects have a table in the function record."""
LARGE_BITMAP = 1 << 31
"""The frame has more than 64 words, so the word at -16 is the address of its bitmap."""
ENTRY_MARK = 0xFFFF_FFFF
"""The word at -8 of a function's entry."""

# Flags of a function record.
FUNC_WRAPPER = 1  # hidden in tracebacks
FUNC_RUNTIME = 2
FUNC_BOTTOM = 4  # the bottom of a stack
FUNC_NO_PARAMS = 8  # tracebacks print f(), and f(...) for other functions

SITE_END = -20
"""The last word of a site record: minus the record's size. It makes the record's end usable as a pc for it.
runtime.Callers returns that pc for a call that was inlined."""
