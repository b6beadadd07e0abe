"""Registers and stacks: what every function of the uniform prototype agrees on."""

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

PARKED = -1
"""The i64 that a parking runtime call returns when the goroutine was parked."""
MAX_LEAF_SITES = 32
"""How many site records of leaves m.leaf_sites has room for."""
