"""From checked syntax to IR."""
