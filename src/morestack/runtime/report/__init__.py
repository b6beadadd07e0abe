"""What a program, or who runs it, asks about the runtime: callers, memory, leaks, the last words."""
