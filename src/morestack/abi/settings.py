"""Settings that the engine passes to the runtime when a program starts."""

# Where stacks come from and how they grow (docs/disciplines.md).
CONTIGUOUS = 0
SEGMENTED = 1
SEGMENTED_KEEP = 2
THREAD = 3
RESERVE = 4

# Stress modes, bits for setdebug (docs/environment.md).
STRESS_MOVESTACK = 1  # moves the stack at every check
STRESS_POISON = 2  # fills stack that a goroutine has left, and freed objects, with 0xdb
STRESS_SHRINK = 4  # shrinks, or moves, the stack of a goroutine that parks
STRESS_GC = 8  # collects at every check
STRESS_CHECK_ESCAPE = 16  # looks for pointers into stacks after each collection
STRESS_LOCK_ORDER = 32  # checks the order of locks
STRESS_PROTECT = 64  # makes freed stacks inaccessible
STRESS_LEAKS = 128  # accounts for every page at the end
STRESS_SCHEDULE = 256  # shuffles the schedule by a seed
