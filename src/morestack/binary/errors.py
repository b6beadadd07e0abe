"""The one error of this folder."""

from morestack.errors import UserError


class BinaryError(UserError):
    """What is wrong with a binary, in one clear line for the user."""
