"""Exact constant values: literals, arithmetic, and what a type can represent."""
