"""The errors of this folder: each is one clear text for the user."""

from morestack.errors import UserError


class ProcessError(UserError):
    """Why a process or a core cannot be read, with what to do about it where there is something."""


class MemoryGone(Exception):
    """An address cannot be read now: it never was mapped, or the program changed underfoot. Never reaches the user."""
