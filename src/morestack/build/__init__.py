"""From import paths to objects: packages, the program they make, and the store of what was compiled."""
