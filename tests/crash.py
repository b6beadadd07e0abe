"""What crash reports of one program have in common, whoever ran it: all but addresses and tracebacks."""

import re

_TRACEBACK = re.compile(rb"^(goroutine \d+ \[.*|exit status \d+)$", re.MULTILINE)
_SIGNAL = re.compile(rb"^\[signal .*\n", re.MULTILINE)
_ADDRESS = re.compile(rb"0x[0-9a-f]{4,}|(?<=\) )0x[0-9a-f]+")


def up_to_traceback(output: bytes) -> str:
    """The output of a program before the first goroutine's traceback, without addresses."""
    found = _TRACEBACK.search(output)
    head = output[: found.start()] if found else output
    return _ADDRESS.sub(b"0x", _SIGNAL.sub(b"", head)).rstrip(b"\n").decode("utf-8", "replace")
