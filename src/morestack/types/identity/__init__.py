"""When types are the same: identity, type sets, substitution, instances, and types as text."""
