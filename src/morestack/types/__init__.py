"""The type checker: what every expression means. One module per construct of the language."""
