"""Numbers that compiled code and the runtime agree on. docs/abi.md explains them; a test compares them
with the runtime's structs.
"""

INT_REGS = 9
"""Integer argument registers x0..x8 of the uniform prototype; x8 is the closure context on calls."""
FLOAT_REGS = 8
CONTEXT_REG = 8

STACK_MIN = 2048
STACK_SMALL = 128
STACK_GUARD = 160
"""stackguard0 = stack.lo + STACK_GUARD: a frame of at most STACK_SMALL bytes only compares BP with it."""
STACK_PREEMPT = 0xFFFF_FFFF_FFFF_FADE
"""stackguard0 while something is asked of a goroutine: every check fails."""
LINK = 16
"""Bytes of linkage below a caller's SP: [SP-8] return pc, [SP-16] the caller's BP."""

# Offsets in G, bytes. The runtime's G begins with these fields, in this order.
G_STACK_LO = 0
G_STACK_HI = 8
G_STACKGUARD0 = 16
G_SCHED_PC = 24
G_SCHED_SP = 32
G_SCHED_BP = 40
G_SCHED_CTXT = 48
G_SCHED_RET = 56
G_M = 64  # the thread that runs g: slow paths reach what follows through it
G_PENDING = 72  # kind of the pending panic; 0: none
G_DEFERS = 80  # newest deferred call
G_FIXED_END = 88

# Offsets in M, bytes: what lives from a failed check to the runtime function that looks at it.
M_REGS = 0  # x0..x8, where morestack spills argument registers
M_FREGS = 72  # d0..d7
M_MORE_PC = 136  # entry of the function that needs stack
M_MORE_FRAME = 144  # its frame bytes
M_PENDING_A = 152  # operands of the pending panic
M_PENDING_B = 160
M_PENDING_TYPE = 168  # panic value, for PENDING_USER
M_PENDING_DATA = 176
M_SITE = 184  # site blob of a go statement, stored by compiled code before it calls newproc; or 0
M_LEAF_COUNT = 192  # leaf frames a pending panic has left
M_LEAF_SITES = 200  # 32 words: their site records
M_FIXED_END = 456

# A record of a deferred call: in the frame, or in the heap when made in a loop.
DEFER_LINK = 0  # the one deferred before
DEFER_FN = 8  # closure without parameters
DEFER_SP = 16  # SP of the frame that deferred it
DEFER_PC = 24  # that function's exit continuation
DEFER_SIZE = 32

# Kinds of pending panic.
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
PENDING_ASSERT = 15  # A: have or nil, B: wanted interface; the missing method is looked up
PENDING_STRING_LEN = 16
PENDING_SHIFT = 17
PENDING_GO_NIL = 18  # go of a nil func value: a fatal error, not a panic
PENDING_UNSAFE_SLICE_LEN = 19
PENDING_UNSAFE_SLICE_NIL = 20
PENDING_UNSAFE_STRING_LEN = 21
PENDING_UNSAFE_STRING_NIL = 22
PENDING_PANIC_NIL = 23  # panic(nil)
PENDING_MAP_WRITES = 29  # concurrent map writes, and the next two: fatal errors, not panics
PENDING_MAP_READ_WRITE = 30
PENDING_MAP_ITERATION_WRITE = 31
PENDING_RANGE_DONE = 24  # + the state of a range over a function, numbered as in Go's internal/abi
PENDING_WRAP = 25  # a method of a value, called by a nil pointer: A, B the text (no range panics in state 1)
PENDING_RANGE_PANIC = 26
PENDING_RANGE_EXHAUSTED = 27
PENDING_RANGE_MISSING_PANIC = 28
PENDING_BOUNDS = 32
"""PENDING_BOUNDS + ops.BOUNDS_CODE[kind] * 2 + signed: A index, B limit."""
