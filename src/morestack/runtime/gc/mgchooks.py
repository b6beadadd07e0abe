"""Hooks for modules above the collector, which calls them by address.

The timer heap belongs to the scheduler. But an armed timer keeps the function it will call alive, and a timer that
sends to a channel is dropped together with the channel.
"""

from morestack.dialect.machine import Ptr, signature, static, u64
from morestack.runtime.gc.mgcwork import GCWork

scan_timers_fn = static(u64)
drop_timers_fn = static(u64)


@signature
def scan_roots(w: Ptr[GCWork]) -> None:
    """Grey the objects that the module keeps alive. The world is stopped."""
    ...


@signature
def after_mark() -> None:
    """All reachable objects are marked: drop the module's references to others. The world is stopped."""
    ...


def hooks_init(scan_timers: u64, drop_timers: u64) -> None:
    """Set the addresses of the hooks."""
    scan_timers_fn.value = scan_timers
    drop_timers_fn.value = drop_timers
