"""Stacks: where they come from, walking, growing and copying them, disciplines, tracebacks."""
