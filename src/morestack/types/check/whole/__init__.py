"""Checks of a finished package: what no single construct shows."""
