"""The command line: one module for each command, in which the click command is named `command`."""
