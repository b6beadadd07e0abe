"""The base of the runtime: the structures of G, M and P, the system, locks, printing, events."""
