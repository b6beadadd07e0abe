"""`python -m morestack`."""

from morestack.cli.main import main

main()
