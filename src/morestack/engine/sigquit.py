"""SIGQUIT prints the stacks of all goroutines and ends the program with status 2, as in Go.

Python runs signal handlers only on the main thread. If a program is run from another thread, the signal is therefore
left alone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_sigquit(action: Callable[[], object]) -> Iterator[None]:
    """Make SIGQUIT call `action` while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGQUIT, lambda number, frame: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGQUIT, before)
