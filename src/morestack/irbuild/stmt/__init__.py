"""The builders of statements, a construct a file."""
