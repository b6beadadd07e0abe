"""Calls of predeclared functions, and of those of package unsafe."""
