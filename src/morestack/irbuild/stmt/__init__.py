"""The builders of statements, with one module per construct."""
