"""GODEBUG=gctrace=1: a line for each collection, as Go prints it."""

from morestack.dialect.machine import cstr, i64, noinline, static, u32, u64
from morestack.runtime.gc.gcstats import gcstats
from morestack.runtime.gc.mgcworker import marked_global_bytes, marked_stack_bytes, max_helpers
from morestack.runtime.mem.mcache import heap_live
from morestack.runtime.sys.print import begin, end, put_uint, puts

gc_trace = static(u32)


def put_thousandth(n: u64) -> None:
    """Print n / 1000 with three decimals."""
    put_uint(u64(n // 1000))
    puts(cstr(b"."))
    part = u64(n % 1000)
    if part < 100:
        puts(cstr(b"0"))
    if part < 10:
        puts(cstr(b"0"))
    put_uint(part)


@noinline
def put_trace(before: u64, goal: u64, start: i64, took: i64, forced: u32) -> None:
    """Print gc # @when %: clock, heap before->after->live, goal, stacks, globals, Ps. The world is stopped from
    beginning to end, so there is one time, and the heap does not grow meanwhile."""
    begin()
    puts(cstr(b"gc "))
    put_uint(gcstats.at.cycles)
    puts(cstr(b" @"))
    put_thousandth(u64(start - gcstats.at.start_time) // 1000000)
    puts(cstr(b"s "))
    elapsed = u64(start + took - gcstats.at.start_time)
    put_uint(u64(gcstats.at.pause_total * 100 // elapsed) if elapsed != 0 else u64(0))
    puts(cstr(b"%: "))
    put_thousandth(u64(took) // 1000)
    puts(cstr(b" ms clock, "))
    put_uint(u64(before >> 20))
    puts(cstr(b"->"))
    put_uint(u64(before >> 20))
    puts(cstr(b"->"))
    put_uint(u64(heap_live.value >> 20))
    puts(cstr(b" MB, "))
    put_uint(u64(goal >> 20))
    puts(cstr(b" MB goal, "))
    put_uint(u64(marked_stack_bytes.value >> 20))
    puts(cstr(b" MB stacks, "))
    put_uint(u64(marked_global_bytes.value >> 20))
    puts(cstr(b" MB globals, "))
    put_uint(u64(max_helpers.value + 1))
    puts(cstr(b" P (forced)\n") if forced != 0 else cstr(b" P\n"))
    end()
