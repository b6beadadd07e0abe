"""Checks of a whole package, which need more than a single construct."""
