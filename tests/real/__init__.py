"""Checks against real programs built by Go's own releases; each module is a command, with a short form in the suite."""
