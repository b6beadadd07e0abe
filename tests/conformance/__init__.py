"""Go's own tests and decisions, found or fetched, never kept in the project.

`python -m tests.conformance` runs everything and prints tables; pytest runs the same against the lists of
known failures next to this file, strict both ways: a listed test that passes is an error too.
"""
