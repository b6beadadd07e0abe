"""Registers and stacks: the conventions of every function that has the uniform prototype."""

INT_REGS = 9
"""Integer argument registers x0..x8 of the uniform prototype; x8 is the closure context on calls."""
FLOAT_REGS = 8
CONTEXT_REG = 8

STACK_MIN = 2048
STACK_SMALL = 128
STACK_GUARD = 160
"""stackguard0 = stack.lo + STACK_GUARD. For frames of at most STACK_SMALL bytes, checks only compare BP with it."""
STACK_PREEMPT = 0xFFFF_FFFF_FFFF_FADE
"""stackguard0 while a goroutine has a request pending: every check fails."""
LINK = 16
"""Bytes of linkage below a caller's SP: [SP-8] return pc, [SP-16] the caller's BP."""

PARKED = -1
"""The i64 that a parking runtime call returns if it parked the goroutine."""
MAX_LEAF_SITES = 32
"""How many site records of leaf functions fit in m.leaf_sites."""
