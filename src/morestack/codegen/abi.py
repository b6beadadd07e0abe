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
G_REGS = 64  # x0..x8, where morestack spills argument registers
G_FREGS = 136  # d0..d7
G_MORE_PC = 200  # entry of the function that needs stack
G_MORE_FRAME = 208  # its frame bytes
G_PENDING = 216  # kind of the pending panic; 0: none
G_PENDING_A = 224  # its operands
G_PENDING_B = 232
G_PENDING_TYPE = 240  # panic value, for PENDING_USER
G_PENDING_DATA = 248
G_LEAF_COUNT = 256  # leaf frames a pending panic has left
G_LEAF_SITES = 264  # 32 words: their site records
G_SITE = 520  # site blob of a go statement, stored by compiled code before it calls newproc; or 0
G_DEFERS = 528  # newest deferred call
G_FIXED_END = 536

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
PENDING_RANGE_DONE = 24  # + the state of a range over a function, numbered as in Go's internal/abi
PENDING_RANGE_PANIC = 26
PENDING_RANGE_EXHAUSTED = 27
PENDING_RANGE_MISSING_PANIC = 28
PENDING_BOUNDS = 32
"""PENDING_BOUNDS + ops.BOUNDS_CODE[kind] * 2 + signed: A index, B limit."""
