"""Answers to programs and their users about the runtime: callers, memory, leaks, final tracebacks."""
