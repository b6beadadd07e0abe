"""Builds IR from checked syntax."""
