"""morestack: Go programs on goroutine stacks you can watch."""

__version__ = "0.1.0"
