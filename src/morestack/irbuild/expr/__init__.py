"""The builders of expressions, a construct a file."""
