"""What goes wrong in a Go program: run-time errors, panics, deferred calls, recover."""
