"""The one error of this folder."""


class BinaryError(Exception):
    """What is wrong with a binary, in one clear line for the user."""
