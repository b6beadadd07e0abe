"""All tests, and the programs they start, verify the IR after every pass."""

import os

os.environ.setdefault("MORESTACK_VERIFY", "1")
