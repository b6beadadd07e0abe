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

    FILE_NOT_FOUND = "P001"
    """A file or folder named on the command line does not exist.

    Example:
        $ morestack run no-such-file.go
    """

    FILE_UNREADABLE = "P002"
    """A file or folder exists and cannot be read.

    Example:
        $ chmod 0 main.go && morestack run main.go
    """

    FILE_NOT_GO = "P003"
    """A file that is no .go file was named.

    Example:
        $ morestack run notes.txt
    """

    NO_GO_FILES = "P004"
    """A folder holds no Go files, or none for this machine.

    Example:
        $ mkdir empty && morestack run empty
    """
