"""Declarations of packages and functions, and the order they need."""
