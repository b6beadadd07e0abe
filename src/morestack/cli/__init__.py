"""The command line: one module a command, each with its click command named `command`."""
