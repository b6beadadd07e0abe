"""What is mapped together lies together, whatever gaps the process has."""

import mmap

import pytest

from morestack.llvm.placement import close_together, release, reserve

PAGE = mmap.PAGESIZE


def test_small_and_large_blocks_lie_together_below_a_large_mapping() -> None:
    gap = reserve(64 * PAGE)
    below = reserve(1 << 38)
    release(gap, 64 * PAGE)  # room above for what is small, and 256 GB below that for the rest
    sizes = [PAGE, 1 << 24, PAGE, 1 << 20]
    apart = [reserve(size) for size in sizes]
    for at, size in zip(apart, sizes, strict=True):
        release(at, size)
    with close_together(1 << 28):
        together = [reserve(size) for size in sizes]
    for at, size in zip(together, sizes, strict=True):
        release(at, size)
    release(below, 1 << 38)
    assert max(together) - min(together) < 1 << 28
    if max(apart) - min(apart) < 1 << 31:
        pytest.skip("what tests before have left lets them lie together anyway")


def test_nothing_stays_mapped() -> None:
    before = reserve(PAGE)
    release(before, PAGE)
    with close_together(1 << 24):
        pass
    after = reserve(PAGE)
    release(after, PAGE)
    assert after == before
