"""Source files, spans of bytes in them, and the errors found in a program."""
