"""The type checker, in five layers: core, const, identity, relation, check. Each imports only the layers before it."""
