"""The builders of expressions, with one module per construct."""
