"""Errors of the measuring commands: their texts are for the user."""


class MeasureError(Exception):
    """Something asked for cannot be measured."""


class SweepError(MeasureError):
    """A sweep cannot be done."""
