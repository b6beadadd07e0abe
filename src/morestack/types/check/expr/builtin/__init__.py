"""Calls of the predeclared functions and the functions of package unsafe."""
