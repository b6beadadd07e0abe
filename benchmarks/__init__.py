"""Speed beside real Go: `python -m benchmarks` measures both in one run and prints a table of ratios."""
