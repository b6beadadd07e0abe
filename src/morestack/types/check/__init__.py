"""The checking walk: its state, and a module a construct."""
