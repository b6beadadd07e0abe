"""Errors of the measuring commands: their texts are for the user."""

from morestack.errors import UserError


class MeasureError(UserError):
    """Something asked for cannot be measured."""


class SweepError(MeasureError):
    """A sweep cannot be done."""
