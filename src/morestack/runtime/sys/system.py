"""The runtime's own goroutine, which runs finalizers and is hidden from programs."""

from morestack.dialect.machine import static, u32, u64

system_goroutine = static(u64)
"""Its address while it runs no finalizer."""
finalizers_run = static(u32)
"""1 if it has been started: NumGoroutine does not count it."""
