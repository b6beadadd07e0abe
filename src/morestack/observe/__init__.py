"""What one run shows: events, the report on stacks, what the run cost, and a program at one stage."""
