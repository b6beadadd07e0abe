"""Observing a run: events, the stack report, the cost of the run, and the program at each stage of compilation."""
