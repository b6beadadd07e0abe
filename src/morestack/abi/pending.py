"""Kinds of pending panic: the values of g.pending from the failed check or runtime call until rt.panic."""

PENDING_USER = 1  # panic(v): type and data words
PENDING_NIL = 2
PENDING_DIVIDE = 3
PENDING_MAKESLICE_LEN = 4
PENDING_MAKESLICE_CAP = 5
PENDING_MAKECHAN = 6
PENDING_CLOSE_NIL = 7
PENDING_CLOSE_CLOSED = 8
PENDING_SEND_CLOSED = 9
PENDING_UNCOMPARABLE = 10  # A: the type descriptor
PENDING_GROWSLICE = 11
PENDING_UNHASHABLE = 12  # A: the type descriptor, B: 1 for a look-up in an empty map
PENDING_NIL_MAP = 13
PENDING_DOTTYPE = 14  # A: have or nil, B: want, TYPE: the interface
PENDING_ASSERT = 15  # A: have or nil, B: wanted interface; the runtime looks up the missing method
PENDING_STRING_LEN = 16
PENDING_SHIFT = 17
PENDING_GO_NIL = 18  # a go statement with a nil func value: a fatal error, not a panic
PENDING_UNSAFE_SLICE_LEN = 19
PENDING_UNSAFE_SLICE_NIL = 20
PENDING_UNSAFE_STRING_LEN = 21
PENDING_UNSAFE_STRING_NIL = 22
PENDING_PANIC_NIL = 23  # panic(nil)
PENDING_MAP_WRITES = 29  # concurrent map writes, and the next two: fatal errors, not panics
PENDING_MAP_READ_WRITE = 30
PENDING_MAP_ITERATION_WRITE = 31
PENDING_RANGE_DONE = 24  # + the state of a range over a function, numbered as in Go's internal/abi
PENDING_WRAP = 25  # a value method called through a nil pointer: A, B the text (no range panics in state 1)
PENDING_RANGE_PANIC = 26
PENDING_RANGE_EXHAUSTED = 27
PENDING_RANGE_MISSING_PANIC = 28
PENDING_BOUNDS = 32
"""PENDING_BOUNDS + ops.BOUNDS_CODE[kind] * 2 + signed: A index, B limit."""
