"""Live processes and cores of programs built by Go's own compiler: their goroutines, stacks and call paths."""
