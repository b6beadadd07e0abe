"""What everything stands on: the structures of G, M and P, the system, locks, printing, events."""
