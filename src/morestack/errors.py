"""What goes wrong for reasons the user can mend."""


class UserError(Exception):
    """The text is clear and complete; commands print it as it is, and exit with 1."""
