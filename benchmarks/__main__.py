"""`python -m benchmarks [--json] [--quick]`: the table of figures beside real Go."""

from morestack.bench.rows.command import main

main()
