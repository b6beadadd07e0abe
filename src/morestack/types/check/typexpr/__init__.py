"""Type expressions: from syntax to types."""
