"""Declarations in packages and functions, and the order in which package variables are initialized."""
