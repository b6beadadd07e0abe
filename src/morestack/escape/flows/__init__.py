"""From typed syntax to the location graph."""
