"""Stack sizes are those of Go's runtime: the figures here were read from running programs (see tests/real)."""

import pytest

from morestack.process.model import Frame
from morestack.profile.allocator import Step, adaptive_start, deepest, settled, simulate, size_for, steps


def path(*sizes: int) -> tuple[Step, ...]:
    return tuple(Step(f"main.f{i}", size) for i, size in enumerate(sizes))


def test_a_small_path_never_grows() -> None:
    out = simulate(path(32, 40, 120, 32))
    assert (out.size, out.copies) == (2048, 0)
    assert deepest(path(32, 40, 120, 32)) == 256


def test_a_large_frame_grows_at_once_to_what_it_needs() -> None:
    # examples/real/service: serve's wrapper, two layers, logged (1,104), two layers, items (6,240)
    out = simulate(path(56, 96, 1104, 80, 80, 6240))
    assert [(g.function, g.old, g.new, g.copied) for g in out.growths] == [
        ("main.f2", 2048, 4096, 184),
        ("main.f5", 4096, 16384, 1448),
    ]
    assert (out.size, out.copied) == (16384, 1632)
    assert simulate(path(56, 96, 1104, 80, 80, 6240), 16384).copies == 0


@pytest.mark.parametrize("frame", range(16, 4000, 8))
def test_the_guard_is_kept(frame: int) -> None:
    out = simulate(path(frame))
    assert out.size - 32 - frame >= 928 - 128


def test_adaptive_start_is_the_average_with_the_guard() -> None:
    assert adaptive_start([]) == 2048
    assert adaptive_start([(300, 1000)]) == 2048
    assert adaptive_start([(300, 10), (9000, 10)]) == 8192
    assert size_for(3168) == 4096
    assert size_for(3169) == 8192


def test_collections_halve_what_is_mostly_free() -> None:
    assert settled(32768, 256) == 4096  # 256 and the 800 of nosplit functions: at least a quarter of 4096
    assert settled(4096, 3000) == 4096
    assert settled(2048, 1) == 2048


def test_steps_leave_out_inlined_calls_and_need_sizes() -> None:
    inner = Frame("main.g", frame_bytes=0, inlined=True)
    goexit = Frame("runtime.goexit", frame_bytes=0)
    assert steps((inner, Frame("main.f", frame_bytes=64), goexit)) == (Step("main.f", 64),)
    assert steps((Frame("main.f"),)) is None
    assert steps((Frame("main.f", frame_bytes=8),), {"main.f": 72}.get) == (Step("main.f", 72),)
