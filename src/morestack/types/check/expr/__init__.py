"""Expressions and what they denote."""
