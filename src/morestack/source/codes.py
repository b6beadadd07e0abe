"""Every kind of error a Go program can have, with an example that has exactly that error.

S: syntax, T: types, U: Go that is not supported yet, P: packages and files. The wording of messages is
gc's and lives where they are reported.
"""

from enum import Enum


class Code(Enum):
    """A stable name for a diagnostic."""

    SYNTAX = "S001"
    """The text does not follow Go's grammar.

    Example:
        package main
        func main() { x := }
    """
