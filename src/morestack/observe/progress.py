"""A progress line on the terminal for work that takes longer than two seconds."""

import sys
import threading
import time
from collections.abc import Callable

PATIENCE = 2.0
"""The delay in seconds before anything is shown."""


def progress() -> Callable[[str], None]:
    """Return a function to call with the name of each stage; after `PATIENCE` seconds it shows the current stage.

    An empty name ends the line. If stderr is not a terminal, nothing is shown.
    """
    if not sys.stderr.isatty():
        return lambda stage: None
    return _Line().show


class _Line:
    """The state of the line, with a timer thread that writes it while a stage is in progress."""

    def __init__(self) -> None:
        self.stage = ""
        self.started = time.monotonic()
        self.lock = threading.Lock()
        self.drawn = False

    def show(self, stage: str) -> None:
        with self.lock:
            if self.drawn:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
                self.drawn = False
            begins = not self.stage
            self.stage = stage
            if begins and stage:
                self.started = time.monotonic()
                threading.Thread(target=self._draw, daemon=True).start()

    def _draw(self) -> None:
        time.sleep(PATIENCE)
        while True:
            with self.lock:
                if not self.stage:
                    return
                seconds = time.monotonic() - self.started
                sys.stderr.write(f"\r\x1b[K{self.stage} … {seconds:.0f} s")
                sys.stderr.flush()
                self.drawn = True
            time.sleep(0.2)
