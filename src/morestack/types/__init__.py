"""The type checker, in five floors: core, const, identity, relation, check; each imports only those before it."""
