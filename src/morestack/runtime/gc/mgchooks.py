"""What modules above the collector do in a collection: they are called by address.

The heap of timers belongs to the scheduler, but an armed timer keeps alive what it is to call, and is dropped with the
channel it is to send to.
"""

from morestack.dialect.machine import Ptr, signature, static, u64
from morestack.runtime.gc.mgcwork import GCWork

scan_timers_fn = static(u64)
drop_timers_fn = static(u64)


@signature
def scan_roots(w: Ptr[GCWork]) -> None:
    """Grey what the module keeps alive. The world is stopped."""
    ...


@signature
def after_mark() -> None:
    """All that is reachable is marked: drop what is not. The world is stopped."""
    ...


def hooks_init(scan_timers: u64, drop_timers: u64) -> None:
    """Keep the addresses of what is called."""
    scan_timers_fn.value = scan_timers
    drop_timers_fn.value = drop_timers
