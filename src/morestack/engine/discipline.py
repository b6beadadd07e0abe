"""The disciplines a program's stacks can follow: the one list that commands, tests and reports ask.

A discipline is what happens when a goroutine's stack is full, and where stacks come from; compiled code is the same
under all. Only what can be run is listed, the default first.
"""

DISCIPLINES = {
    "contiguous": "one block a goroutine, copied to a block of twice the size when it is full",
}


def disciplines() -> tuple[str, ...]:
    """The names, in the order reports show them."""
    return tuple(DISCIPLINES)
