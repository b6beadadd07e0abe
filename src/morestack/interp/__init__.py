"""The definition of every op of the IR, by running it."""
