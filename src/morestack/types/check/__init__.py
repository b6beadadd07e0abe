"""The checking walk: its state, and one module per construct."""
