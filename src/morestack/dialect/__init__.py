"""The typed subset of Python that the runtime is written in: its compiler and its CPython side."""
